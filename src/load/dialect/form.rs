//! Text with places in it for a message's parts: `{"op":"say","text":{text_json}}`.

/// A part of a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Slot {
    /// The text as it stands.
    Text,
    /// The text as a JSON string, with its quotes.
    TextJson,
    /// The room's name.
    Room,
    /// The client's own id for the message, a whole number.
    Id,
    /// The client's name.
    Name,
}

impl Slot {
    /// All slots.
    pub(super) const ALL: [Slot; 5] = [Slot::Text, Slot::TextJson, Slot::Room, Slot::Id, Slot::Name];

    /// The word of the slot between the braces.
    pub(super) fn word(self) -> &'static str {
        match self {
            Slot::Text => "text",
            Slot::TextJson => "text_json",
            Slot::Room => "room",
            Slot::Id => "id",
            Slot::Name => "name",
        }
    }
}

/// The values that are put into the slots.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct MessageParts<'a> {
    /// The text of the message.
    pub(crate) text: &'a str,
    /// The name of the room.
    pub(crate) room: &'a str,
    /// The client's own id for the message.
    pub(crate) id: &'a str,
    /// The name of the client.
    pub(crate) name: &'a str,
}

/// A text with slots.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct FrameForm {
    /// Each slot, with the text before it.
    slots: Vec<(String, Slot)>,
    rest: String,
}

impl FrameForm {
    /// Reads a text with slots. A slot is a word of small letters between braces. Any other brace stands for itself,
    /// because JSON is full of them. An error is the first word that is not one of `known`.
    pub(super) fn parse<'a>(text: &'a str, known: &[Slot]) -> Result<Self, &'a str> {
        let (mut slots, mut before, mut rest) = (Vec::new(), String::new(), text);
        while let Some(open) = rest.find('{') {
            let (skipped, inside) = rest.split_at(open + 1);
            let end = inside.find(|c: char| c != '_' && !c.is_ascii_lowercase()).unwrap_or(inside.len());
            let (word, after) = inside.split_at(end);
            match after.strip_prefix('}').filter(|_| !word.is_empty()) {
                Some(after) => {
                    let slot = known.iter().find(|slot| slot.word() == word).ok_or(word)?;
                    before.push_str(&skipped[..open]);
                    slots.push((std::mem::take(&mut before), *slot));
                    rest = after;
                }
                None => {
                    before.push_str(skipped);
                    rest = inside;
                }
            }
        }
        before.push_str(rest);
        Ok(Self { slots, rest: before })
    }

    /// Whether the text has this slot.
    pub(super) fn has(&self, wanted: Slot) -> bool {
        self.slots.iter().any(|(_, slot)| *slot == wanted)
    }

    /// The text with the values in its slots.
    pub(super) fn fill(&self, parts: &MessageParts<'_>) -> String {
        let mut filled = String::with_capacity(self.rest.len() + 2 * parts.text.len() + 64);
        for (before, slot) in &self.slots {
            filled.push_str(before);
            match slot {
                Slot::Text => filled.push_str(parts.text),
                // A string can always be serialised.
                Slot::TextJson => filled.push_str(&serde_json::to_string(parts.text).unwrap_or_default()),
                Slot::Room => filled.push_str(parts.room),
                Slot::Id => filled.push_str(parts.id),
                Slot::Name => filled.push_str(parts.name),
            }
        }
        filled.push_str(&self.rest);
        filled
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled(form: &str) -> String {
        let parts = MessageParts { text: "a \"b\"\\ é", room: "room-0", id: "17", name: "pub-1" };
        FrameForm::parse(form, &Slot::ALL).unwrap().fill(&parts)
    }

    #[test]
    fn slots_are_filled_and_other_braces_stay() {
        assert_eq!(filled("{text}"), "a \"b\"\\ é");
        assert_eq!(filled(r#"{"a":{"t":{text_json}}}"#), r#"{"a":{"t":"a \"b\"\\ é"}}"#);
        assert_eq!(filled("[{id},\"{room}\"]{name}!"), "[17,\"room-0\"]pub-1!");
        for form in ["", "{", "}", "{}", "{ text}", "{{}}", "{\"x\":{", "{Text}", "{text"] {
            assert_eq!(filled(form), form);
        }
        assert_eq!(filled("{{id}}"), "{17}");
    }

    #[test]
    fn a_word_that_is_no_slot_is_named() {
        assert_eq!(FrameForm::parse("{room} {texts} {id}", &Slot::ALL), Err("texts"));
        assert_eq!(FrameForm::parse("{room} {text}", &[Slot::Room, Slot::Name]), Err("text"));
    }

    #[test]
    fn what_it_has() {
        let form = FrameForm::parse("{room} {text_json}", &Slot::ALL).unwrap();
        assert_eq!(Slot::ALL.map(|slot| form.has(slot)), [false, true, true, false, false]);
    }
}
