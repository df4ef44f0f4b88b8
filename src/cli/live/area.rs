//! Lines that stay at the bottom of a terminal while others scroll above: the bytes that draw them.

use super::styled_line::{StyledLine, printable};

/// The lines that are on the screen now.
#[derive(Debug, Default)]
pub(super) struct Area {
    /// The width of each drawn line, in columns.
    drawn: Vec<usize>,
}

/// The size of a terminal.
#[derive(Debug, Clone, Copy)]
pub(super) struct Size {
    pub(super) rows: usize,
    pub(super) columns: usize,
}

impl Size {
    /// The greatest length of a line, in columns. The last column stays free: a cursor behind it is on either line, as
    /// the terminal likes.
    pub(super) fn line(self) -> usize {
        self.columns.saturating_sub(1)
    }
}

/// The codes that begin and end a frame. Between them the cursor is hidden and lines do not wrap. Both end with the
/// frame, so that whatever ends the program between two frames leaves the terminal as it was.
const BEGIN: &str = "\x1b[?25l\x1b[?7l";
const END: &str = "\x1b[?7h\x1b[?25h";
/// The codes that clear from the cursor to the end of the line, and to the end of the screen.
const CLEAR_LINE: &str = "\x1b[K";
const CLEAR_BELOW: &str = "\x1b[J";

impl Area {
    /// The bytes that print events above, and draw the lines anew below them.
    pub(super) fn frame(
        &mut self,
        events: &[String],
        lines: &[StyledLine],
        size: Size,
        colours: bool,
    ) -> String {
        let mut out = BEGIN.to_owned() + &self.home(size);
        if !events.is_empty() {
            out += CLEAR_BELOW;
            // Events may be longer than the terminal is wide, so lines wrap here.
            out += "\x1b[?7h";
            for text in events.iter().flat_map(|event| event.lines()) {
                out += &printable(text);
                out += "\r\n";
            }
            out += "\x1b[?7l";
        }
        self.drawn.clear();
        // The last row stays free, because the cursor has a line of its own.
        for line in lines.iter().take(size.rows.saturating_sub(1)) {
            out += &line.cut(size.line(), colours);
            out += CLEAR_LINE;
            out += "\r\n";
            self.drawn.push(line.width().min(size.line()));
        }
        out + CLEAR_BELOW + END
    }

    /// The bytes that take the lines away.
    pub(super) fn clear(&mut self, size: Size) -> String {
        let out = self.home(size) + CLEAR_BELOW;
        self.drawn.clear();
        out
    }

    /// The bytes that move the cursor to the begin of the first line. A terminal that became narrower has broken lines
    /// in two.
    fn home(&self, size: Size) -> String {
        let columns = size.columns.max(1);
        let rows: usize = self.drawn.iter().map(|width| width.div_ceil(columns).max(1)).sum();
        match rows.min(size.rows.saturating_sub(1)) {
            0 => "\r".to_owned(),
            rows => format!("\r\x1b[{rows}A"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::styled_line::Tone;
    use super::*;

    fn line(text: &str) -> StyledLine {
        StyledLine::new().then(Tone::Plain, text)
    }

    const SIZE: Size = Size { rows: 24, columns: 10 };

    #[test]
    fn lines_are_drawn_over_themselves() {
        let mut area = Area::default();
        let lines = [line("one"), line("far too long")];
        let drawn = "one\x1b[K\r\nfar too …\x1b[K\r\n\x1b[J";
        assert_eq!(area.frame(&[], &lines, SIZE, false), format!("{BEGIN}\r{drawn}{END}"));
        assert_eq!(area.frame(&[], &lines, SIZE, false), format!("{BEGIN}\r\x1b[2A{drawn}{END}"));
        assert_eq!(area.clear(SIZE), "\r\x1b[2A\x1b[J");
        assert_eq!(area.clear(SIZE), "\r\x1b[J", "there is nothing any more");
    }

    #[test]
    fn events_scroll_above() {
        let mut area = Area::default();
        area.frame(&[], &[line("one")], SIZE, false);
        let frame = area.frame(&["died\n  | its \x1bword".into()], &[line("two")], SIZE, false);
        let events = "died\r\n  | its  word\r\n";
        assert_eq!(frame, format!("{BEGIN}\r\x1b[1A\x1b[J\x1b[?7h{events}\x1b[?7ltwo\x1b[K\r\n\x1b[J{END}"));
    }

    #[test]
    fn a_terminal_that_became_narrower_has_broken_the_lines() {
        let mut area = Area::default();
        area.frame(&[], &[line("123456789"), line("1"), line("")], SIZE, false);
        assert_eq!(area.clear(Size { columns: 4, ..SIZE }), "\r\x1b[5A\x1b[J");
    }

    #[test]
    fn a_low_terminal_shows_the_first_lines() {
        let mut area = Area::default();
        let low = Size { rows: 2, columns: 10 };
        let frame = area.frame(&[], &[line("one"), line("two")], low, false);
        assert!(frame.contains("one") && !frame.contains("two"), "{frame}");
    }
}
