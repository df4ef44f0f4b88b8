//! The identity of a message is in its text, `nonce.kind.publisher.seq.crc filler`, so that any server can be judged.
//!
//! The checksum covers the text without the checksum itself: `nonce.kind.publisher.seq filler`.

use std::fmt;
use std::io::Write;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

/// The characters of which filler is made: mostly plain ones, every character that a server's escaping may get wrong,
/// and characters of two, three and four bytes. There are 64, so that six random bits choose one without bias.
const ALPHABET: [char; 64] = [
    'a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j', 'k', 'l', 'm', 'n', 'o', 'p', //
    'q', 'r', 's', 't', 'u', 'v', 'w', 'x', 'y', 'z', 'A', 'B', 'C', 'D', 'E', 'F', //
    'G', 'H', 'I', 'J', 'K', 'L', 'M', 'N', 'O', 'P', 'R', 'S', 'T', 'U', 'V', 'W', //
    '0', '1', '2', '3', '4', '5', '6', '<', '>', '&', '\'', '"', '\\', 'é', '€', '😀',
];

/// The purpose for which a message is sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(super) enum TextKind {
    /// The message tests whether a path works.
    Probe,
    /// The message warms the target up.
    Warm,
    /// The message belongs to the measured load.
    Load,
}

impl TextKind {
    /// The word for this kind in the text.
    pub(super) fn word(self) -> &'static str {
        match self {
            TextKind::Probe => "probe",
            TextKind::Warm => "warm",
            TextKind::Load => "load",
        }
    }

    fn parse(word: &str) -> Option<Self> {
        [TextKind::Probe, TextKind::Warm, TextKind::Load].into_iter().find(|kind| kind.word() == word)
    }
}

impl fmt::Display for TextKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.word())
    }
}

/// What a received text is found to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Reading {
    /// The text is one of this run, unchanged.
    Ours {
        /// The purpose for which it was sent.
        kind: TextKind,
        /// The number of the publisher that sent it.
        publisher: usize,
        /// The number of the message among those of its kind from the same publisher.
        seq: usize,
    },
    /// The checksum of the text does not match, or a text of this run has lost its structure.
    Corrupted,
    /// Texts of this run are in it, and in such a way that they cannot be taken out.
    Misread,
    /// The text is one of another run.
    Foreign,
    /// The text does not have the form of a message at all.
    Formless,
}

/// Writes and reads the texts of one run.
#[derive(Debug)]
pub(super) struct Texts {
    nonce: String,
    seed: u64,
    payload: usize,
}

impl Texts {
    /// Makes the writer of texts of `payload` bytes each. The nonce makes this run's texts differ from every other
    /// run's.
    pub(super) fn new(nonce: u32, seed: u64, payload: usize) -> Self {
        Self { nonce: format!("{nonce:08x}"), seed, payload }
    }

    /// The text of a message. The same seed gives the same text, except for the nonce and the checksum over it.
    pub(super) fn write(&self, kind: TextKind, publisher: usize, seq: usize) -> String {
        let head = format!("{}.{kind}.{publisher}.{seq}", self.nonce);
        let mut tail = String::with_capacity(self.payload);
        tail.push(' ');
        self.fill(kind, publisher, seq, self.payload.saturating_sub(head.len() + 9), &mut tail);
        format!("{head}.{:08x}{tail}", checksum(&head, &tail))
    }

    /// Appends random characters until `tail` has exactly `len` bytes.
    fn fill(&self, kind: TextKind, publisher: usize, seq: usize, len: usize, tail: &mut String) {
        let mut key = [0; 32];
        for (bytes, number) in
            key.chunks_exact_mut(8).zip([self.seed, kind as u64, publisher as u64, seq as u64])
        {
            bytes.copy_from_slice(&number.to_le_bytes());
        }
        let mut random = ChaCha8Rng::from_seed(key);
        while tail.len() < len {
            for byte in random.next_u32().to_le_bytes() {
                let char = ALPHABET[usize::from(byte & 63)];
                match len - tail.len() {
                    0 => return,
                    room if room < char.len_utf8() => tail.push('x'),
                    _ => tail.push(char),
                }
            }
        }
    }

    /// What of this run is in a frame.
    pub(super) fn traces(&self, frame: &str) -> Traces {
        let mut traces = Traces::None;
        let mut first: Option<&str> = None;
        for (at, _) in frame.match_indices(&*self.nonce) {
            match (head(&frame[at + self.nonce.len()..]), first) {
                (Some(head), None) => (traces, first) = (Traces::One { at }, Some(head)),
                (Some(head), Some(first)) if head != first => return Traces::Several,
                (None, None) if frame[at + self.nonce.len()..].starts_with('.') => traces = Traces::Remnant,
                _ => {}
            }
        }
        traces
    }

    /// Whether a frame holds several texts of this run. Costs nothing for a frame that is too short for it.
    pub(super) fn are_joined_in(&self, frame: &str) -> bool {
        frame.len() >= 2 * self.payload && self.traces(frame) == Traces::Several
    }

    /// Whether a damaged text still says that it was one of this run's probe or warm-up.
    pub(super) fn rehearse(&self, text: &str) -> bool {
        let kind = text.strip_prefix(&*self.nonce).and_then(|rest| rest.strip_prefix('.'));
        let is =
            |kind: &str, of: TextKind| kind.strip_prefix(of.word()).is_some_and(|rest| rest.starts_with('.'));
        kind.is_some_and(|kind| is(kind, TextKind::Probe) || is(kind, TextKind::Warm))
    }

    /// Finds out what a received text is.
    pub(super) fn read(&self, text: &str) -> Reading {
        let parsed = parse(text);
        if let Some(Parsed { nonce, kind, publisher, seq, .. }) = parsed.as_ref().filter(|it| it.is_whole()) {
            let (kind, publisher, seq) = (*kind, *publisher, *seq);
            return if *nonce == self.nonce {
                Reading::Ours { kind, publisher, seq }
            } else {
                Reading::Foreign
            };
        }
        match self.traces(text) {
            Traces::Several => Reading::Misread,
            Traces::One { at } if at > 0 || self.begins_whole(text) => Reading::Misread,
            // Damage can destroy the structure as well; a text that begins as ours was ours.
            Traces::One { .. } => Reading::Corrupted,
            Traces::Remnant if text.starts_with(&self.nonce) => Reading::Corrupted,
            Traces::Remnant | Traces::None if parsed.is_some() => Reading::Corrupted,
            Traces::Remnant | Traces::None => Reading::Formless,
        }
    }

    /// Whether a text of this run stands whole at the beginning, with something behind it.
    fn begins_whole(&self, text: &str) -> bool {
        let whole = text.get(..self.payload).and_then(parse);
        whole.is_some_and(|parsed| parsed.nonce == self.nonce && parsed.is_whole())
    }
}

/// What of this run is in a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Traces {
    /// Nothing of this run.
    None,
    /// A nonce without the rest of a text's head: something damaged.
    Remnant,
    /// The head of one text, once or more often.
    One {
        /// Where its first copy begins, in bytes.
        at: usize,
    },
    /// The heads of several texts.
    Several,
}

/// The part of a head that follows its nonce: `.load.0.17.ad6a4f1a `; `None` if the frame goes on otherwise.
fn head(rest: &str) -> Option<&str> {
    let (head, _) = rest.split_once(' ')?;
    let mut fields = head.strip_prefix('.')?.split('.');
    TextKind::parse(fields.next()?)?;
    let mut number =
        || fields.next().filter(|field| !field.is_empty() && field.bytes().all(|b| b.is_ascii_digit()));
    number()?;
    number()?;
    let checksum = fields.next()?;
    (fields.next().is_none() && checksum.len() == 8).then_some(head)
}

struct Parsed<'a> {
    nonce: &'a str,
    kind: TextKind,
    publisher: usize,
    seq: usize,
    checksum: &'a str,
    head: &'a str,
    tail: &'a str,
}

impl Parsed<'_> {
    /// Whether the checksum is the right one, in its very bytes.
    fn is_whole(&self) -> bool {
        let mut right = [0; 8];
        let written = write!(&mut right[..], "{:08x}", checksum(self.head, self.tail));
        written.is_ok() && self.checksum.as_bytes() == right
    }
}

fn parse(text: &str) -> Option<Parsed<'_>> {
    let space = text.find(' ')?;
    let (front, tail) = text.split_at(space);
    let (head, checksum) = front.rsplit_once('.')?;
    let mut fields = head.split('.');
    let mut next = || fields.next();
    let (nonce, kind) = (next()?, TextKind::parse(next()?)?);
    let (publisher, seq) = (next()?.parse().ok()?, next()?.parse().ok()?);
    if next().is_some() || nonce.len() != 8 || checksum.len() != 8 {
        return None;
    }
    Some(Parsed { nonce, kind, publisher, seq, checksum, head, tail })
}

fn checksum(head: &str, tail: &str) -> u32 {
    let mut crc = crc32fast::Hasher::new();
    crc.update(head.as_bytes());
    crc.update(tail.as_bytes());
    crc.finalize()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Texts {
        Texts::new(0x00c0_ffee, 42, 128)
    }

    /// Changes one character of a text.
    fn damaged(text: &str, at: usize) -> String {
        text.char_indices().map(|(i, c)| if i == at { if c == '#' { '%' } else { '#' } } else { c }).collect()
    }

    #[test]
    fn a_text_is_these_very_bytes() {
        assert_eq!(
            Texts::new(0x00c0_ffee, 42, 64).write(TextKind::Load, 2, 17),
            "00c0ffee.load.2.17.ad6a4f1a MM&yB1K<rWBklkBdcPg'zO😀0k3mé'f1U"
        );
    }

    #[test]
    fn the_checksum_is_plain_crc32_over_the_rest() {
        // The first value is what Python's `zlib.crc32` gives, the second the algorithm's published check value.
        assert_eq!(checksum("00c0ffee.load.1.2", " abc"), 0xed55327d);
        assert_eq!(checksum("1234", "56789"), 0xcbf4_3926);
    }

    #[test]
    fn a_text_has_exactly_the_payloads_bytes() {
        for payload in 48..400 {
            let texts = Texts::new(7, 1, payload);
            for (kind, publisher, seq) in
                [(TextKind::Probe, 0, 0), (TextKind::Warm, 999, 1_000_000), (TextKind::Load, 12, payload)]
            {
                assert_eq!(texts.write(kind, publisher, seq).len(), payload);
            }
        }
    }

    #[test]
    fn the_same_seed_gives_the_same_texts_but_for_nonce_and_checksum() {
        let rest = |text: &str| format!("{}{}", &text[8..20], &text[28..]);
        let (one, same) = (texts(), Texts::new(1, 42, 128));
        assert_eq!(rest(&one.write(TextKind::Load, 3, 456)), rest(&same.write(TextKind::Load, 3, 456)));
        let filler = |text: String| text.split_once(' ').unwrap().1.to_owned();
        let other_seed = Texts::new(0x00c0_ffee, 43, 128);
        assert_ne!(
            filler(one.write(TextKind::Load, 3, 456)),
            filler(other_seed.write(TextKind::Load, 3, 456))
        );
        assert_ne!(filler(one.write(TextKind::Load, 3, 456)), filler(one.write(TextKind::Load, 3, 457)));
        assert_ne!(filler(one.write(TextKind::Load, 3, 456)), filler(one.write(TextKind::Warm, 3, 456)));
    }

    #[test]
    fn fillers_hold_what_escaping_gets_wrong() {
        let all: String = (0..50).map(|seq| texts().write(TextKind::Load, 0, seq)).collect();
        for char in ['<', '>', '&', '\'', '"', '\\', 'é', '€', '😀'] {
            assert!(all.contains(char), "{char}");
        }
    }

    #[test]
    fn reads_what_it_wrote() {
        for kind in [TextKind::Probe, TextKind::Warm, TextKind::Load] {
            let text = texts().write(kind, 3, 456);
            assert_eq!(texts().read(&text), Reading::Ours { kind, publisher: 3, seq: 456 });
        }
    }

    #[test]
    fn any_damage_is_seen() {
        let text = texts().write(TextKind::Load, 3, 456);
        for (at, _) in text.char_indices() {
            let reading = texts().read(&damaged(&text, at));
            // Damage to the nonce or its dot may leave a text that cannot be told from a stranger's.
            let allowed =
                if at <= 8 { reading != texts().read(&text) } else { reading == Reading::Corrupted };
            assert!(allowed, "at {at}: {reading:?}");
        }
        assert_eq!(texts().read(&text[..text.len() - 1]), Reading::Corrupted);
        assert_eq!(texts().read("00c0ffee."), Reading::Corrupted);
    }

    #[test]
    fn a_damaged_text_of_the_rehearsal_is_known_while_its_head_is_whole() {
        let texts = Texts::new(7, 1, 64);
        let damaged = |kind| texts.write(kind, 0, 3).replacen(' ', "#", 1);
        let found =
            [TextKind::Probe, TextKind::Warm, TextKind::Load].map(|kind| texts.rehearse(&damaged(kind)));
        assert_eq!(found, [true, true, false]);
        let other = Texts::new(8, 1, 64).write(TextKind::Warm, 0, 3);
        assert_eq!(
            [other.as_str(), "00000007.warmth.", "00000007"].map(|text| texts.rehearse(text)),
            [false; 3]
        );
    }

    #[test]
    fn the_checksum_is_compared_in_its_very_bytes() {
        // The checksum of this text is 0a9... or the like: one that a reader of numbers takes for another writing.
        let text = (0..).map(|seq| texts().write(TextKind::Load, 3, seq));
        let text =
            text.into_iter().find(|text| text.split(['.', ' ']).nth(4).unwrap().starts_with("0a")).unwrap();
        let (head, rest) = text.split_once(".0a").unwrap();
        for changed in [format!("{head}.0A{rest}"), format!("{head}.+a{rest}")] {
            assert_eq!(texts().read(&changed), Reading::Corrupted, "{changed}");
        }
    }

    #[test]
    fn texts_that_cannot_be_taken_apart_are_told_from_a_damaged_one() {
        let text = |seq| texts().write(TextKind::Load, 3, seq);
        let (one, two) = (text(1), text(2));
        for misread in [
            format!("{one}\n{two}"),
            format!("Ada: {one}"),
            format!("{one}\n"),
            serde_json::json!({ "text": one }).to_string(),
            serde_json::json!([one, two]).to_string(),
        ] {
            assert_eq!(texts().read(&misread), Reading::Misread, "{misread}");
        }
        assert_eq!(texts().read(&damaged(&one, 30)), Reading::Corrupted);
        assert_eq!(texts().read(&one[..60]), Reading::Corrupted);
        assert!(
            texts().are_joined_in(&format!("{one}{two}")) && !texts().are_joined_in(&format!("{one}{one}"))
        );
        assert_eq!(texts().traces("00c0ffee.load"), Traces::Remnant);
    }

    #[test]
    fn what_another_wrote_is_foreign() {
        let other = Texts::new(1, 42, 128).write(TextKind::Load, 3, 456);
        assert_eq!(texts().read(&other), Reading::Foreign);
        for text in ["", " ", "hello", "a.b.c.d.e f", "12345678.load.1.2.zzzz x", "Ada: 00c0ffee.load.1.2"] {
            assert_eq!(texts().read(text), Reading::Formless, "{text:?}");
        }
    }
}
