//! The identity of a message is in its text, `nonce.kind.publisher.seq.crc filler`, so that any server can be judged.
//!
//! The checksum covers the text without the checksum itself: `nonce.kind.publisher.seq filler`.

use std::fmt;

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

    /// Whether a frame that could not be read contains something of this run.
    pub(super) fn are_in(&self, frame: &str) -> bool {
        frame.match_indices(&*self.nonce).any(|(at, _)| frame[at + self.nonce.len()..].starts_with('.'))
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
        match parse(text) {
            Some(parsed) if checksum(parsed.head, parsed.tail) != parsed.checksum => Reading::Corrupted,
            Some(Parsed { nonce, kind, publisher, seq, .. }) if nonce == self.nonce => {
                Reading::Ours { kind, publisher, seq }
            }
            // Damage can destroy the structure as well; a text that begins as ours was ours.
            None if text.strip_prefix(&*self.nonce).is_some_and(|rest| rest.starts_with('.')) => {
                Reading::Corrupted
            }
            None => Reading::Formless,
            Some(_) => Reading::Foreign,
        }
    }
}

struct Parsed<'a> {
    nonce: &'a str,
    kind: TextKind,
    publisher: usize,
    seq: usize,
    checksum: u32,
    head: &'a str,
    tail: &'a str,
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
    let checksum = u32::from_str_radix(checksum, 16).ok()?;
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
        assert_eq!(texts().read(&format!("{text}x")), Reading::Corrupted);
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
    fn what_another_wrote_is_foreign() {
        let other = Texts::new(1, 42, 128).write(TextKind::Load, 3, 456);
        assert_eq!(texts().read(&other), Reading::Foreign);
        for text in
            ["", " ", "hello", "a.b.c.d.e f", "12345678.load.1.2.zzzzzzzz x", "Ada: 00c0ffee.load.1.2"]
        {
            assert_eq!(texts().read(text), Reading::Formless, "{text:?}");
        }
    }
}
