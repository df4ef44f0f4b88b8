//! How a bench shows on stderr while it runs: a live area on a terminal, plain lines elsewhere, or nothing.
//!
//! | file | what it is |
//! |---|---|
//! | `scene` | what the notes of the bench say, as it stands now |
//! | `view` | the scene as six lines; `members`, `faults` and `sparkline` are parts of them |
//! | `line` | a line with colours, which can be cut |
//! | `area` | lines that stay at the bottom of a terminal: the bytes that draw them |
//! | `screen` | the thread that draws |
//! | `plain` | the display for a file or a pipe: lines |
//! | `words` | what is said of an event |

mod area;
mod faults;
mod members;
mod plain;
mod scene;
mod screen;
mod sparkline;
mod styled_line;
mod view;
mod words;

use std::io::IsTerminal;

use super::color;
use lab::{Note, Observer};
use plain::Plain;
use scenario::Scenario;
use screen::Screen;

/// Shows a bench on stderr. When it is dropped, what it drew is gone.
pub struct Live(Form);

enum Form {
    Quiet,
    Plain(Plain),
    Screen(Screen),
}

impl Live {
    /// Makes the display of a bench of this scenario: its title, and what to watch for. With `quiet` it says nothing at
    /// all.
    pub fn new(scenario: &Scenario, quiet: bool) -> Self {
        let form = match (quiet, is_drawable()) {
            (true, _) => Form::Quiet,
            // Without a thread that draws, plain lines are better than nothing.
            (false, true) => {
                Screen::start(color::on_stderr()).map_or_else(|_| Form::Plain(Plain::new()), Form::Screen)
            }
            (false, false) => Form::Plain(Plain::new()),
        };
        let live = Self(form);
        live.say(&scenario.title);
        if let Some(watch) = &scenario.watch {
            live.say(watch);
        }
        live
    }

    /// Says something that the bench itself does not know.
    pub fn say(&self, text: &str) {
        match &self.0 {
            Form::Quiet => {}
            Form::Plain(plain) => plain.say(text),
            Form::Screen(screen) => screen.say(text),
        }
    }

    /// Takes the live area away and gives the terminal back as it was.
    pub fn finish(&self) {
        if let Form::Screen(screen) = &self.0 {
            screen.finish();
        }
    }
}

impl Observer for Live {
    fn note(&self, note: Note<'_>) {
        match &self.0 {
            Form::Quiet => {}
            Form::Plain(plain) => plain.note(note),
            Form::Screen(screen) => screen.note(&note),
        }
    }
}

/// Whether stderr is a terminal that moves its cursor when it is told to.
fn is_drawable() -> bool {
    let term = std::env::var("TERM").unwrap_or_default();
    std::io::stderr().is_terminal() && !matches!(term.as_str(), "" | "dumb")
}
