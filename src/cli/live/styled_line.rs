//! A line of text with colours, which can be cut to a width.

use console::measure_text_width;

/// The meaning of a part of a line. The words say it too: colour is never the only one to tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Tone {
    Plain,
    /// The part is a heading.
    Faint,
    /// The part says that all is well.
    Good,
    /// The part says that something is not yet, or not quite, as it should be.
    Doubtful,
    /// The part says that something is broken or lost.
    Bad,
}

impl Tone {
    /// The code that begins the tone on a terminal.
    fn code(self) -> &'static str {
        match self {
            Tone::Plain => "",
            Tone::Faint => "\x1b[2m",
            Tone::Good => "\x1b[32m",
            Tone::Doubtful => "\x1b[33m",
            Tone::Bad => "\x1b[1;31m",
        }
    }
}

/// A line of text whose parts have tones.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(super) struct StyledLine(Vec<(Tone, String)>);

impl StyledLine {
    pub(super) fn new() -> Self {
        Self::default()
    }

    /// This line with more text at its end.
    pub(super) fn then(mut self, tone: Tone, text: impl Into<String>) -> Self {
        self.push(tone, text);
        self
    }

    pub(super) fn push(&mut self, tone: Tone, text: impl Into<String>) {
        self.0.push((tone, printable(&text.into())));
    }

    /// The width of the line on a terminal, in columns.
    pub(super) fn width(&self) -> usize {
        self.0.iter().map(|(_, text)| measure_text_width(text)).sum()
    }

    /// The line in as many lines as it needs, each at most `columns` columns wide and broken between words where a word is
    /// not wider than that. Each further line is indented.
    pub(super) fn wrapped(&self, columns: usize) -> Vec<StyledLine> {
        const INDENT: &str = "  ";
        let (mut lines, mut line) = (Vec::new(), StyledLine::new());
        for (tone, text) in &self.0 {
            for word in words(text) {
                let used = line.width();
                if used > INDENT.len() && used + measure_text_width(word.trim_end()) > columns {
                    lines.push(std::mem::replace(&mut line, StyledLine::new().then(Tone::Plain, INDENT)));
                }
                // The blank at the end of a full line would only make it too long.
                let full = line.width() + measure_text_width(word) > columns;
                line.push(*tone, if full { word.trim_end() } else { word });
            }
        }
        lines.push(line);
        lines
    }

    /// The line in at most `columns` columns, with the codes of its colours if `colours` is set.
    pub(super) fn cut(&self, columns: usize, colours: bool) -> String {
        // A line that is cut says so: the half of a number is another number.
        let whole = self.width() <= columns;
        let (mut out, mut left) = (String::new(), if whole { columns } else { columns.saturating_sub(1) });
        for (tone, text) in &self.0 {
            let part = cut(text, left);
            left -= measure_text_width(part);
            if colours && *tone != Tone::Plain && !part.is_empty() {
                out += tone.code();
                out += part;
                out += "\x1b[0m";
            } else {
                out += part;
            }
            if part.len() < text.len() {
                break;
            }
        }
        if !whole && columns > 0 {
            out.push('…');
        }
        out
    }
}

/// The words of a text, each with the blanks behind it. A number and its unit are one word.
fn words(text: &str) -> impl Iterator<Item = &str> {
    let mut before = [' '; 2];
    text.split_inclusive(move |c: char| {
        let ends = c == ' ' && !before[1].is_ascii_digit() && before != [' '; 2];
        before = [before[1], c];
        ends
    })
}

/// The longest beginning of a text that has room in `columns` columns.
fn cut(text: &str, columns: usize) -> &str {
    if measure_text_width(text) <= columns {
        return text;
    }
    let (mut used, mut end) = (0, 0);
    for (at, c) in text.char_indices() {
        used += measure_text_width(c.encode_utf8(&mut [0; 4]));
        if used > columns {
            break;
        }
        end = at + c.len_utf8();
    }
    &text[..end]
}

/// The text without what would move somebody's cursor.
pub(super) fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_cut_to_columns_and_not_to_bytes() {
        let line = StyledLine::new().then(Tone::Plain, "ab▁▂").then(Tone::Bad, "cd").then(Tone::Good, "ef");
        let cuts: Vec<_> = [0, 3, 4, 5, 6, 8, 99].map(|columns| line.cut(columns, false)).into();
        assert_eq!(cuts, ["", "ab…", "ab▁…", "ab▁▂…", "ab▁▂c…", "ab▁▂cdef", "ab▁▂cdef"]);
        assert_eq!(line.width(), 8);
        // A wide character is not cut in two.
        let wide = StyledLine::new().then(Tone::Plain, "漢字");
        assert_eq!([2, 3, 4].map(|columns| wide.cut(columns, false)), ["…", "漢…", "漢字"]);
        assert_eq!(wide.width(), 4);
    }

    #[test]
    fn it_is_wrapped_between_words_and_keeps_its_tones() {
        let line = StyledLine::new().then(Tone::Bad, "kill broker since  1.2 s").then(Tone::Good, "; next");
        let wrapped = |columns| -> Vec<_> {
            let lines = line.wrapped(columns);
            lines.iter().map(|line| line.cut(columns, false).trim_end().to_owned()).collect()
        };
        assert_eq!(wrapped(40), ["kill broker since  1.2 s; next"]);
        assert_eq!(wrapped(24), ["kill broker since  1.2 s", "  ; next"].map(str::to_owned));
        assert_eq!(wrapped(14), ["kill broker", "  since  1.2 s", "  ; next"]);
        assert_eq!(line.wrapped(24)[1].cut(24, true), "  \x1b[32m; \x1b[0m\x1b[32mnext\x1b[0m");
        assert_eq!(StyledLine::new().wrapped(10), [StyledLine::new()]);
    }

    #[test]
    fn colours_end_where_their_part_ends() {
        let line =
            StyledLine::new().then(Tone::Plain, "node ").then(Tone::Bad, "KILLED").then(Tone::Good, "up");
        assert_eq!(line.cut(8, true), "node \x1b[1;31mKI\x1b[0m…");
        assert_eq!(line.cut(5, true), "node…");
        assert_eq!(line.cut(80, true), "node \x1b[1;31mKILLED\x1b[0m\x1b[32mup\x1b[0m");
    }

    #[test]
    fn what_would_move_the_cursor_is_left_out() {
        assert_eq!(StyledLine::new().then(Tone::Plain, "a\x1b[2J\nb\t").cut(80, true), "a [2J b ");
    }
}
