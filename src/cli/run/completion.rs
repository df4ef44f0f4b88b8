//! The words that may come next on the prompt's line.

use std::sync::{Arc, Mutex, PoisonError};

use rustyline::completion::{Completer, Pair};
use rustyline::highlight::Highlighter;
use rustyline::hint::Hinter;
use rustyline::validate::Validator;
use rustyline::{Context, Helper};

use super::order::{OF_PROCESS, OWN};
use scenario::{Pattern, SPOKEN, spoken_example, spoken_keys};

/// What can be named on the line: the pattern says what there is.
#[derive(Debug)]
pub(super) struct Vocabulary {
    pattern: Pattern,
    nodes: usize,
    written: Written,
}

/// The line that somebody is writing, as the editor shows it at each change.
#[derive(Debug, Clone, Default)]
pub(super) struct Written(Arc<Mutex<(String, usize)>>);

impl Written {
    /// The line at this moment, and the place of the cursor in it in bytes.
    pub(super) fn now(&self) -> (String, usize) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Whether nothing is written.
    pub(super) fn is_empty(&self) -> bool {
        self.now().0.is_empty()
    }

    /// Forgets a line that was entered.
    pub(super) fn clear(&self) {
        self.write("", 0);
    }

    fn write(&self, line: &str, at: usize) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = (line.to_owned(), at);
    }
}

impl Vocabulary {
    pub(super) fn new(pattern: Pattern, nodes: usize) -> Self {
        Self { pattern, nodes, written: Written::default() }
    }

    /// The line that somebody is writing.
    pub(super) fn written(&self) -> Written {
        self.written.clone()
    }

    /// The words that may follow these.
    fn next(&self, words: &[&str]) -> Vec<String> {
        match words {
            [] => owned(SPOKEN.into_iter().chain(OWN)),
            [order, rest @ ..] if OF_PROCESS.contains(order) => self.process(rest),
            ["heal", rest @ ..] => {
                let mut next = self.link(rest);
                next.extend(self.held_by(rest));
                next
            }
            [action, rest @ ..] if SPOKEN.contains(action) => self.link_and_keys(action, rest),
            _ => Vec::new(),
        }
    }

    /// `heal` may name the fault as well.
    fn held_by(&self, rest: &[&str]) -> Vec<String> {
        match rest {
            [] => owned(SPOKEN.into_iter().filter(|action| !OF_PROCESS.contains(action))),
            [action, rest @ ..] if SPOKEN.contains(action) => self.link(rest),
            _ => Vec::new(),
        }
    }

    fn process(&self, words: &[&str]) -> Vec<String> {
        match words {
            [] => owned(self.services().chain(["node"])),
            ["node"] => self.numbers(),
            _ => Vec::new(),
        }
    }

    fn link_and_keys(&self, action: &str, words: &[&str]) -> Vec<String> {
        let keys = spoken_keys(action);
        let is_key = |word: &str| keys.iter().any(|(key, _)| *key == word);
        let said = words.iter().position(|word| is_key(word)).unwrap_or(words.len());
        let left = || keys.iter().map(|(key, _)| *key).filter(|key| !words.contains(key));
        match words.last() {
            Some(key) if is_key(key) => owned(spoken_example(key).map(|value| value.trim_matches('"'))),
            _ if said < words.len() => owned(left()),
            _ => match self.link(words) {
                next if next.is_empty() && self.is_link(words) => owned(left()),
                next => next,
            },
        }
    }

    fn link(&self, words: &[&str]) -> Vec<String> {
        let Some(rest) = after_end(words) else { return self.process(words) };
        match rest {
            [] => owned(["<->", "->"]),
            ["<->" | "->" | "<-", end @ ..] if after_end(end).is_none() => self.process(end),
            _ => Vec::new(),
        }
    }

    fn is_link(&self, words: &[&str]) -> bool {
        matches!(after_end(words), Some(["<->" | "->" | "<-", end @ ..]) if after_end(end) == Some(&[]))
    }

    fn services(&self) -> impl Iterator<Item = &'static str> {
        let broker = self.pattern.has_broker().then_some("broker");
        broker.into_iter().chain(self.pattern.has_history().then_some("history"))
    }

    fn numbers(&self) -> Vec<String> {
        (0..self.nodes).map(|n| n.to_string()).chain(["*".to_owned()]).collect()
    }
}

/// What follows the end of a link; `None` if the end is not written yet.
fn after_end<'a, 'b>(words: &'a [&'b str]) -> Option<&'a [&'b str]> {
    match words {
        ["node", _, rest @ ..] => Some(rest),
        ["broker" | "history", rest @ ..] => Some(rest),
        _ => None,
    }
}

fn owned<'a>(words: impl IntoIterator<Item = &'a str>) -> Vec<String> {
    words.into_iter().map(str::to_owned).collect()
}

impl Completer for Vocabulary {
    type Candidate = Pair;

    fn complete(&self, line: &str, at: usize, _: &Context<'_>) -> rustyline::Result<(usize, Vec<Pair>)> {
        let line = line.get(..at).unwrap_or(line);
        let start = line.rfind(char::is_whitespace).map_or(0, |at| at + 1);
        let (before, begun) = line.split_at(start);
        let before: Vec<&str> = before.split_whitespace().collect();
        let next = self.next(&before).into_iter().filter(|word| word.starts_with(begun));
        let pair = |word: String| Pair { replacement: format!("{word} "), display: word };
        Ok((start, next.map(pair).collect()))
    }
}

impl Hinter for Vocabulary {
    type Hint = String;

    fn hint(&self, line: &str, at: usize, _: &Context<'_>) -> Option<String> {
        self.written.write(line, at);
        None
    }
}

impl Highlighter for Vocabulary {}
impl Validator for Vocabulary {}
impl Helper for Vocabulary {}

#[cfg(test)]
mod tests {
    use super::*;
    use rustyline::history::DefaultHistory;

    fn completed(pattern: Pattern, line: &str) -> String {
        let history = DefaultHistory::new();
        let (start, pairs) =
            Vocabulary::new(pattern, 3).complete(line, line.len(), &Context::new(&history)).unwrap();
        let words: Vec<_> = pairs.iter().map(|pair| pair.replacement.as_str()).collect();
        format!("{}|{}", &line[..start], words.concat())
    }

    #[test]
    fn what_may_come_next() {
        for (line, expected) in [
            ("k", "|kill "),
            ("st", "|stop start status "),
            ("kill ", "kill |broker node "),
            ("kill n", "kill |node "),
            ("start node ", "start node |0 1 2 * "),
            ("start node 1 ", "start node 1 |"),
            ("cut node 1 ", "cut node 1 |<-> -> "),
            ("cut node 1 <-> ", "cut node 1 <-> |broker node "),
            ("delay node 1 <-> broker ", "delay node 1 <-> broker |by jitter "),
            ("delay node 1 <-> broker by ", "delay node 1 <-> broker by |100ms "),
            ("delay node 1 <-> broker by 5ms ", "delay node 1 <-> broker by 5ms |jitter "),
            ("cut node 1 <-> broker ", "cut node 1 <-> broker |"),
            ("heal b", "heal |broker blackhole "),
            ("heal cut node ", "heal cut node |0 1 2 * "),
            ("tea ", "tea |"),
        ] {
            assert_eq!(completed(Pattern::Redis, line), expected);
        }
        assert_eq!(completed(Pattern::Amqp, "kill "), "kill |broker history node ");
        assert_eq!(completed(Pattern::Zeromq, "kill "), "kill |node ");
    }
}
