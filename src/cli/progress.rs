//! How a bench shows on stderr: a bar on a terminal, plain lines elsewhere.

use std::io::IsTerminal;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::lab::{Counts, Note, Observer};
use crate::scenario::Scenario;

/// How often the counts are said where there is no bar.
const LINE_EVERY: Duration = Duration::from_secs(5);

/// Shows a bench on stderr.
pub struct Terminal {
    duration: Duration,
    /// `None` where stderr is not a terminal.
    bar: Option<ProgressBar>,
    next_line: Mutex<Duration>,
}

impl Terminal {
    /// For a bench of this scenario.
    pub fn new(scenario: &Scenario) -> Self {
        let duration = scenario.load.duration;
        let bar = std::io::stderr().is_terminal().then(|| {
            let length = duration.as_millis() as u64;
            ProgressBar::with_draw_target(Some(length), ProgressDrawTarget::stderr_with_hz(10))
                .with_style(style())
        });
        let terminal = Self { duration, bar, next_line: Mutex::new(Duration::ZERO) };
        terminal.say(&scenario.title);
        terminal
    }

    /// Takes the bar away.
    pub fn finish(&self) {
        if let Some(bar) = &self.bar {
            bar.finish_and_clear();
        }
    }

    /// Prints a line, above the bar if there is one.
    pub fn say(&self, text: &str) {
        match &self.bar {
            Some(bar) => bar.println(text),
            None => eprintln!("{text}"),
        }
    }

    fn progress(&self, at: Duration, counts: &Counts) {
        let Counts { sent, refused, unknown, delivered, missing } = counts;
        let mut text = format!("{sent} sent, {delivered} delivered, {missing} missing");
        for (count, word) in [(refused, "refused"), (unknown, "unknown")] {
            if *count > 0 {
                text += &format!(", {count} {word}");
            }
        }
        match &self.bar {
            Some(bar) => {
                bar.set_position(at.min(self.duration).as_millis() as u64);
                bar.set_message(text);
            }
            None => {
                let mut next = self.next_line.lock().unwrap_or_else(PoisonError::into_inner);
                if at >= *next && !at.is_zero() {
                    *next = at + LINE_EVERY;
                    eprintln!("  {:5.1} s  {text}", at.as_secs_f64());
                }
            }
        }
    }
}

impl Observer for Terminal {
    fn note(&self, note: Note<'_>) {
        match note {
            Note::Run { label, index, of } => {
                *self.next_line.lock().unwrap_or_else(PoisonError::into_inner) = LINE_EVERY;
                if let Some(bar) = &self.bar {
                    bar.reset();
                    bar.set_message("");
                    bar.enable_steady_tick(Duration::from_millis(100));
                }
                self.say(&format!("[{index}/{of}] {label}"));
            }
            Note::LeftOut { label, why } => self.say(&format!("{label}: not applicable, {why}")),
            Note::Phase { name, length } => {
                if let Some(bar) = &self.bar {
                    bar.set_prefix(name);
                } else if let Some(length) = length.filter(|_| matches!(name, "warm-up" | "load")) {
                    eprintln!("  {name} ({})", humantime::format_duration(length));
                } else {
                    eprintln!("  {name}");
                }
            }
            Note::Progress { at, counts } => self.progress(at, &counts),
            Note::Fault { at, what } => self.say(&format!("  {:5.1} s  {what}", at.as_secs_f64())),
            Note::Died(how) => self.say(&how),
            Note::Left(what) => self.say(&format!("note: {what}")),
            Note::Kept(out) => {
                self.say(&format!("the finished runs are in {}", out.join("report.json").display()))
            }
            Note::Over => {
                if let Some(bar) = &self.bar {
                    bar.disable_steady_tick();
                }
            }
        }
    }
}

fn style() -> ProgressStyle {
    // Short, and cut at the end of the line: a bar that wraps leaves its old self on the screen. The template is
    // fixed and valid; the fallback only keeps this line from being able to fail.
    ProgressStyle::with_template("  {prefix:<7} {bar:12} {elapsed:>4}  {wide_msg}")
        .unwrap_or_else(|_| ProgressStyle::default_bar())
}
