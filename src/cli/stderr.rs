//! Words on stderr.

use std::fmt::Display;
use std::io::{self, Write};

use report::clean;

/// Says a line on stderr. If nobody listens any more (`2>&1 | head -1`, a full disk), that ends no work: `eprintln!`
/// would panic there. The words may be those of a server or a file of somebody else.
pub fn say(line: impl Display) {
    // The line is written in one piece, so that no other process writes into it.
    let _ = io::stderr().write_all(clean(&format!("{line}\n")).as_bytes());
}
