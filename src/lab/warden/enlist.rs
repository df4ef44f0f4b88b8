//! What happens in a child between the fork and the program. This file has the only unsafe code of the lab.
#![allow(unsafe_code)]

use std::io::{self, PipeWriter};
use std::os::unix::process::CommandExt;
use std::process::Command;
use std::sync::Arc;

use nix::sys::signal::{SigSet, Signal};
use nix::unistd;

/// Makes the child a group leader that registers itself in the pipe.
///
/// The pipe is closed on exec, so no program keeps it open; until the exec the child itself holds it.
pub(super) fn enlist(command: &mut Command, pipe: Arc<PipeWriter>) {
    // The standard library does this between the fork and the closure.
    command.process_group(0);
    let register = move || {
        let mut line = StackText::new(b"group ");
        line.number(std::process::id());
        line.byte(b'\n');
        // If the warden is gone, the spawn must fail and the child must not be killed: block the signal, keep the
        // error.
        let mut broken_pipe = SigSet::empty();
        broken_pipe.add(Signal::SIGPIPE);
        broken_pipe.thread_block()?;
        // The line is shorter than PIPE_BUF, so it is written whole or not at all.
        let written = unistd::write(&*pipe, line.bytes())?;
        if written != line.bytes().len() {
            return Err(io::Error::from_raw_os_error(nix::libc::EIO));
        }
        broken_pipe.thread_unblock()?;
        Ok(())
    };
    // SAFETY: the closure runs after a fork of a threaded process, where only async-signal-safe things are
    // allowed. It calls getpid, pthread_sigmask and write, all of them on the list of POSIX, and sigemptyset and
    // sigaddset, also on it. The line is an array on the stack. No error carries an allocation (all are raw OS
    // errors). Nothing is dropped but plain data: the `Arc` belongs to the closure, which lives in the parent's
    // command and is not consumed by the call.
    unsafe { command.pre_exec(register) };
}

/// Gives the child a session of its own, and blocks the signals that a terminal or a stopping system sends.
pub(super) fn detach(command: &mut Command) {
    let detach = || {
        unistd::setsid()?;
        // Blocked signals stay blocked over the exec, so there is no moment in which one can strike.
        super::watch::deaf_to().thread_block()?;
        Ok(())
    };
    // SAFETY: the closure runs after a fork, as in `enlist`; setsid, pthread_sigmask, sigemptyset and sigaddset are
    // async-signal-safe, and nothing is allocated.
    unsafe { command.pre_exec(detach) };
}

/// A short line of text that is built on the stack.
struct StackText {
    buffer: [u8; 32],
    length: usize,
}

impl StackText {
    fn new(start: &[u8]) -> Self {
        let mut line = Self { buffer: [0; 32], length: 0 };
        for byte in start {
            line.byte(*byte);
        }
        line
    }

    /// Appends a byte. Bytes beyond the buffer are left out; the longest line has 17.
    fn byte(&mut self, byte: u8) {
        if let Some(place) = self.buffer.get_mut(self.length) {
            *place = byte;
            self.length += 1;
        }
    }

    fn number(&mut self, number: u32) {
        let mut power = 1;
        while number / power >= 10 {
            power *= 10;
        }
        while power > 0 {
            self.byte(b'0' + (number / power % 10) as u8);
            power /= 10;
        }
    }

    fn bytes(&self) -> &[u8] {
        self.buffer.get(..self.length).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_in_decimal() {
        for number in [0, 7, 10, 99, 100, 4_194_304, u32::MAX] {
            let mut line = StackText::new(b"group ");
            line.number(number);
            line.byte(b'\n');
            assert_eq!(line.bytes(), format!("group {number}\n").as_bytes());
        }
    }
}
