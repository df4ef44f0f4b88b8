//! Words on stderr.

use std::fmt::Display;
use std::io::{self, Write};

/// Says a line on stderr. Who does not listen any more (`2>&1 | head -1`, a full disk) ends no work: `eprintln!` would
/// panic there.
pub fn say(line: impl Display) {
    // In one piece, so that no other process writes into it.
    let _ = io::stderr().write_all(format!("{line}\n").as_bytes());
}
