//! Escapes text so that Markdown shows it as it is. Labels, notes and commands come from users.

/// Escapes prose: nothing in it is markup, and it stays on its line.
pub(in super::super) fn text(text: &str) -> String {
    escaped(text, |c| "\\`*[]|".contains(c))
}

/// Escapes a cell of a table. Figures stay readable in the source: a lone `*` in a cell marks nothing up.
fn cell(text: &str) -> String {
    escaped(text, |c| "\\`[]|".contains(c))
}

fn escaped(text: &str, marks_up: impl Fn(char) -> bool) -> String {
    let mut out = String::new();
    let mut before = ' ';
    let mut rest = text.chars().peekable();
    while let Some(c) = rest.next() {
        match c {
            '&' => out += "&amp;",
            '<' => out += "&lt;",
            '>' => out += "&gt;",
            c if c.is_control() => out.push(' '),
            // Within a word the underscore is a letter like any other: `bus_down`.
            '_' if !(before.is_alphanumeric() && rest.peek().is_some_and(|next| next.is_alphanumeric())) => {
                out += "\\_";
            }
            c if marks_up(c) => out.extend(['\\', c]),
            c => out.push(c),
        }
        before = c;
    }
    out
}

/// Makes a row of a table out of its cells.
pub(in super::super) fn row<'a>(cells: impl IntoIterator<Item = &'a String>) -> String {
    let cells: Vec<_> = cells.into_iter().map(|text| cell(text)).collect();
    format!("| {} |\n", cells.join(" | "))
}

/// Makes a block of code that nothing in it can end.
pub(super) fn fenced(language: &str, code: &str) -> String {
    let longest = code.split(|c| c != '`').map(str::len).max().unwrap_or(0);
    let fence = "`".repeat(longest.max(2) + 1);
    format!("{fence}{language}\n{}\n{fence}\n", code.trim_end())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_users_write_is_no_markup() {
        assert_eq!(
            text("a|b <b>&\n`x` [l](u) **bold**"),
            "a\\|b &lt;b&gt;&amp; \\`x\\` \\[l\\](u) \\*\\*bold\\*\\*"
        );
        assert_eq!(text("bus_down _so_"), "bus_down \\_so\\_");
        assert_eq!(cell("0.35*"), "0.35*");
        assert_eq!(fenced("sh", "echo ```"), "````sh\necho ```\n````\n");
    }
}
