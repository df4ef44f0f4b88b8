//! The live area of a terminal, drawn by a thread of its own. Whoever tells it something never waits for the terminal,
//! which may stand still for as long as its user likes.

use std::io::{self, Write};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use super::area::{Area, Size};
use super::scene::Scene;
use super::{view, words};
use lab::Note;
use report::clean;

/// The time from one drawing to the next.
const EVERY: Duration = Duration::from_millis(100);
/// The most events that wait to be printed; beyond it, the newest are dropped.
const EVENTS: usize = 10_000;

/// The live area of a terminal.
pub(super) struct Screen {
    shared: Arc<Shared>,
    thread: Mutex<Option<JoinHandle<()>>>,
}

#[derive(Default)]
struct Shared {
    state: Mutex<State>,
    /// Wakes the thread when something is to be drawn at once.
    wake: Condvar,
}

#[derive(Default)]
struct State {
    scene: Scene,
    events: Vec<String>,
    over: bool,
}

impl Shared {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Screen {
    /// Starts the thread, which begins to draw.
    pub(super) fn start(colours: bool) -> io::Result<Self> {
        let shared = Arc::new(Shared::default());
        let drawing = Arc::clone(&shared);
        let thread = thread::Builder::new().name("screen".into()).spawn(move || draw(&drawing, colours))?;
        Ok(Self { shared, thread: Mutex::new(Some(thread)) })
    }

    /// Prints lines above the area.
    pub(super) fn say(&self, text: &str) {
        push(&mut self.shared.state(), clean(text).into_owned());
        self.shared.wake.notify_all();
    }

    pub(super) fn note(&self, note: &Note<'_>) {
        let now = Instant::now();
        let mut state = self.shared.state();
        state.scene.take(note, now);
        let Some(text) = words::of(note) else { return };
        let text = match (note, state.scene.loaded(now)) {
            (Note::Died { .. }, Some(at)) => words::timed(at, &text),
            _ => text,
        };
        push(&mut state, clean(&text).into_owned());
        self.shared.wake.notify_all();
    }

    /// Prints what still waits, takes the area away and ends the thread.
    pub(super) fn finish(&self) {
        self.shared.state().over = true;
        self.shared.wake.notify_all();
        let thread = self.thread.lock().unwrap_or_else(PoisonError::into_inner).take();
        if let Some(thread) = thread {
            // A thread that panicked has nothing more to draw.
            let _ = thread.join();
        }
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        self.finish();
    }
}

fn push(state: &mut State, text: String) {
    if state.events.len() < EVENTS {
        state.events.push(text);
    }
}

fn draw(shared: &Shared, colours: bool) {
    let mut area = Area::default();
    loop {
        let idle = |state: &mut State| state.events.is_empty() && !state.over;
        let (mut state, _) = shared
            .wake
            .wait_timeout_while(shared.state(), EVERY, idle)
            .unwrap_or_else(PoisonError::into_inner);
        let (events, over, size) = (std::mem::take(&mut state.events), state.over, size());
        let lines = match over || state.scene.phase.is_none() {
            true => Vec::new(),
            false => view::lines(&state.scene, Instant::now(), size.line()),
        };
        drop(state);
        let mut frame = area.frame(&events, &lines, size, colours);
        if over {
            frame += &area.clear(size);
        }
        // The frame is written in one piece, so that no terminal shows a half. A terminal that is gone shows nothing.
        let _ = io::stderr().write_all(frame.as_bytes());
        if over {
            return;
        }
    }
}

/// The size of the terminal at this moment; the usual size where it does not say.
fn size() -> Size {
    match console::Term::stderr().size_checked() {
        Some((rows, columns)) if rows > 0 && columns > 0 => {
            Size { rows: rows.into(), columns: columns.into() }
        }
        _ => Size { rows: 24, columns: 80 },
    }
}
