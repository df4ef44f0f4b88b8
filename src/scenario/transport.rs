//! The ways in which a subscriber hears, and how a scenario names them.

use std::fmt;

use super::error::InputError;
use super::section::FileValue;
use super::words::suggestion;

/// The way in which a subscriber gets its messages. Publishers always speak over a WebSocket, because they need answers.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Transport {
    /// A WebSocket.
    Ws,
    /// A stream of server-sent events over HTTP.
    Sse,
    /// HTTP requests that the server answers once it has something to say.
    LongPoll,
    /// HTTP requests at an interval, each of which is answered at once.
    Poll,
}

impl Transport {
    /// Every transport, in the order in which this version lists them.
    pub const ALL: [Self; 4] = [Self::Ws, Self::Sse, Self::LongPoll, Self::Poll];

    /// The name of the transport, in files, flags and reports.
    pub fn name(self) -> &'static str {
        match self {
            Self::Ws => "ws",
            Self::Sse => "sse",
            Self::LongPoll => "long-poll",
            Self::Poll => "poll",
        }
    }

    /// The transport with this name.
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|transport| transport.name() == name)
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// What is wrong with a list of transports, and what to do about it.
pub(super) struct Wrong {
    pub(super) what: String,
    pub(super) hint: String,
}

impl Wrong {
    fn new(what: impl Into<String>, hint: impl Into<String>) -> Self {
        Self { what: what.into(), hint: hint.into() }
    }
}

/// Reads the words of a list. Gives the place of the word that is wrong with what is wrong with it.
pub(super) fn read_words<'a>(
    words: impl IntoIterator<Item = &'a str>,
) -> Result<Vec<Transport>, (usize, Wrong)> {
    let mut transports = Vec::new();
    for (place, word) in words.into_iter().enumerate() {
        let transport = Transport::named(word).ok_or_else(|| {
            let hint = suggestion(word, Transport::ALL.map(Transport::name));
            (place, Wrong::new(format!("cannot be `{word}`"), hint))
        })?;
        if transports.contains(&transport) {
            let hint = "name each transport once; `bench --runs 2` runs each twice";
            return Err((place, Wrong::new(format!("names `{transport}` twice"), hint)));
        }
        transports.push(transport);
    }
    match transports.is_empty() {
        true => Err((0, Wrong::new("names none", "leave it out for a WebSocket"))),
        false => Ok(transports),
    }
}

/// Reads the value of `transport` in a file: one name, or a list of names.
pub(super) fn read_value(value: FileValue<'_>) -> Result<Vec<Transport>, InputError> {
    let items = match value.text() {
        Ok(_) => vec![value],
        Err(_) => value.list("a name in quotes such as \"sse\", or a list of names")?,
    };
    let words = items.iter().map(|item| item.text()).collect::<Result<Vec<_>, _>>()?;
    read_words(words).map_err(|(place, wrong)| {
        let at = items.get(place).copied().unwrap_or(value);
        at.error(format!("`transport` {}", wrong.what)).with_hint(wrong.hint)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Overrides, Scenario};

    fn read(line: &str) -> Result<Vec<Transport>, String> {
        let file = format!("[load]\n{line}\n");
        match Scenario::parse("s.toml", &file, &Overrides::new()) {
            Ok(scenario) => Ok(scenario.load.transports),
            Err(error) => Err(format!("{error} ({})", error.hint())),
        }
    }

    #[test]
    fn one_name_or_a_list_of_names() {
        use Transport::{LongPoll, Poll, Sse, Ws};
        for (line, expected) in [
            ("", vec![Ws]),
            ("transport = \"ws\"", vec![Ws]),
            ("transport = \"long-poll\"", vec![LongPoll]),
            ("transport = [\"poll\", \"sse\", \"ws\"]", vec![Poll, Sse, Ws]),
        ] {
            assert_eq!(read(line), Ok(expected), "{line}");
        }
    }

    #[test]
    fn what_is_no_transport_is_refused_where_it_stands() {
        for (line, expected) in [
            ("transport = \"ssee\"", "s.toml:2:13: `transport` cannot be `ssee` (did you mean `sse`?)"),
            (
                "transport = [\"ws\", \"mqtt\"]",
                "s.toml:2:20: `transport` cannot be `mqtt` (known are `ws`, `sse`, `long-poll` and `poll`)",
            ),
            (
                "transport = [\"ws\", \"ws\"]",
                "s.toml:2:20: `transport` names `ws` twice (name each transport once; `bench --runs 2` runs each \
                 twice)",
            ),
            ("transport = []", "s.toml:2:13: `transport` names none (leave it out for a WebSocket)"),
        ] {
            assert_eq!(read(line), Err(expected.to_owned()), "{line}");
        }
        let number = read("transport = 3").unwrap_err();
        assert!(number.contains("`transport` must be a name in quotes such as \"sse\""), "{number}");
        let nested = read("transport = [3]").unwrap_err();
        assert!(nested.starts_with("s.toml:2:14: `transport` must be text in quotes"), "{nested}");
    }
}
