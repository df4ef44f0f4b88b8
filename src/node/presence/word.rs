//! What nodes tell each other in their own room `$roster`: who is in their rooms, and what they said there.
//!
//! Each node numbers its statements. A `change` leads from one number to the next; a `beat` repeats the number every
//! second, so that whoever lost a change notices it and asks for the whole `list`. All of it comes over a bus to which
//! anybody may write, so everything is checked and bounded before it is believed.

use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::identity::Identity;
use wire::Room;

/// The longest word that is read, in bytes. What nodes write is below 64 KiB.
const LONGEST: usize = 256 * 1024;
/// About how many bytes of rooms and people one word has: a longer statement is cut into several words.
const PART: usize = 16 * 1024;
/// About how many bytes of JSON a person or a room costs beside its texts.
const AROUND: usize = 48;
/// The most rooms of which a beat is believed what the node sent to them.
const MOST_SENT: usize = 512;
/// The most spans of unused numbers that are believed of one room.
const MOST_SPANS: usize = 128;
/// The longest id of a node or a session that is believed, in bytes.
const LONGEST_ID: usize = 64;

/// One statement of one node.
#[derive(Debug, Serialize, Deserialize)]
#[serde(tag = "word", rename_all = "lowercase")]
pub enum Word {
    /// The node lives, and `version` is the number of its last change.
    Beat {
        /// The node's own id, new at each start.
        node: Arc<str>,
        /// Number of changes that the node has told so far.
        version: u64,
        /// When the node wrote this, in Unix milliseconds.
        at: u64,
        /// Whether the others are asked to beat at once, because this node has just come (back).
        hello: bool,
        /// The nodes whose whole list this node needs.
        want: Vec<Arc<str>>,
        /// The newest numbers of the node's own messages.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        sent: Vec<SentWord>,
    },
    /// What changed between the version `from` and the next one.
    Change {
        /// The node's own id.
        node: Arc<str>,
        /// The version before the change.
        from: u64,
        /// The rooms that changed.
        rooms: Vec<RoomWord>,
    },
    /// One part of everything that the node knows of its own rooms.
    List {
        /// The node's own id.
        node: Arc<str>,
        /// The version that the whole list has.
        version: u64,
        /// The number of this part, from 0.
        part: u64,
        /// Number of parts.
        parts: u64,
        /// The rooms, or a part of them.
        rooms: Vec<RoomWord>,
    },
}

/// Which numbers the messages have that a node sent to one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SentWord {
    /// The name of the room.
    pub room: Arc<str>,
    /// The newest number.
    pub newest: u64,
    /// Spans of numbers, first and last, that no message has.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub unused: Vec<(u64, u64)>,
}

/// What is said of one room.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct RoomWord {
    /// The name of the room.
    pub room: Arc<str>,
    /// Number of people, if they are too many to be named.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub count: Option<u64>,
    /// Whether those in `came` were counted before and are named now.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub counted_before: bool,
    /// Those who came, or whose name changed.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub came: Vec<Identity>,
    /// The ids of those who went.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub gone: Vec<Arc<str>>,
}

impl RoomWord {
    /// A word that says nothing of this room yet.
    pub fn of(room: &Room) -> Self {
        Self {
            room: room.as_str().into(),
            count: None,
            counted_before: false,
            came: Vec::new(),
            gone: Vec::new(),
        }
    }
}

impl Word {
    /// The id of the node that says it.
    pub fn node(&self) -> &Arc<str> {
        match self {
            Self::Beat { node, .. } | Self::Change { node, .. } | Self::List { node, .. } => node,
        }
    }

    /// The word as JSON text.
    pub fn json(&self) -> Vec<u8> {
        // Strings and whole numbers can always be serialised.
        serde_json::to_vec(self).unwrap_or_default()
    }

    /// Reads what came over the bus; `None` if it is no word of a node. People whose id, name or colour cannot be, and
    /// rooms that no client can enter, are left out.
    pub fn read(frame: &[u8]) -> Option<Self> {
        if frame.len() > LONGEST {
            return None;
        }
        let mut word = serde_json::from_slice(frame).ok()?;
        let node = match &mut word {
            Self::Beat { node, want, sent, .. } => {
                want.retain(|id| is_id(id));
                sent.truncate(MOST_SENT);
                sent.iter_mut().for_each(|sent| sent.unused.truncate(MOST_SPANS));
                node
            }
            Self::Change { node, rooms, .. } | Self::List { node, rooms, .. } => {
                rooms.retain(|room| Room::parse(&room.room).is_ok());
                for room in rooms {
                    room.came.retain(|person| is_id(&person.id) && person.is_presentable());
                    room.gone.retain(|id| is_id(id));
                }
                node
            }
        };
        is_id(node).then_some(word)
    }
}

fn is_id(id: &str) -> bool {
    (1..=LONGEST_ID).contains(&id.len()) && id.bytes().all(|byte| byte.is_ascii_alphanumeric())
}

/// Cuts a statement into parts of which each fits into one word. There is always at least one part.
pub fn parts(rooms: impl IntoIterator<Item = RoomWord>) -> Vec<Vec<RoomWord>> {
    let mut parts = vec![Vec::new()];
    let mut weight = 0;
    for RoomWord { room, count, counted_before, came, gone } in rooms {
        weight += AROUND + room.len();
        let of_room =
            |count| RoomWord { room: room.clone(), count, counted_before, came: vec![], gone: vec![] };
        let mut piece = of_room(count);
        let whole = came.into_iter().map(Ok).chain(gone.into_iter().map(Err));
        for one in whole {
            weight += AROUND
                + match &one {
                    Ok(Identity { id, name, colour }) => id.len() + name.len() + colour.len(),
                    Err(id) => id.len(),
                };
            match one {
                Ok(person) => piece.came.push(person),
                Err(id) => piece.gone.push(id),
            }
            if weight >= PART {
                push(&mut parts, std::mem::replace(&mut piece, of_room(None)));
                parts.push(Vec::new());
                weight = 0;
            }
        }
        if piece.count.is_some() || !piece.came.is_empty() || !piece.gone.is_empty() {
            push(&mut parts, piece);
        }
        if weight >= PART {
            parts.push(Vec::new());
            weight = 0;
        }
    }
    if parts.len() > 1 && parts.last().is_some_and(Vec::is_empty) {
        parts.pop();
    }
    parts
}

fn push(parts: &mut [Vec<RoomWord>], piece: RoomWord) {
    if let Some(last) = parts.last_mut() {
        last.push(piece);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn person(id: String, name: &str) -> Identity {
        Identity { id: id.into(), name: name.into(), colour: "#123456".into() }
    }

    #[test]
    fn only_what_can_be_is_read() {
        let read = |text: &str| match Word::read(text.as_bytes()) {
            Some(Word::Change { rooms, .. }) => Some(rooms),
            _ => None,
        };
        let with =
            |rooms: &str| read(&format!(r#"{{"word":"change","node":"n1","from":0,"rooms":[{rooms}]}}"#));
        let beat = |sent: &str| {
            let beat = r#"{"word":"beat","node":"n1","version":0,"at":0,"hello":false,"want":[]"#;
            Word::read(format!("{beat}{sent}}}").as_bytes())
        };
        assert!(beat("").is_some(), "a node of an older version says nothing of what it sent");
        assert!(beat(r#","sent":[{"room":"r","newest":-1}]"#).is_none());
        let spans = vec!["[1,2]"; 1_000].join(",");
        let rooms = vec![format!(r#"{{"room":"r","newest":3,"unused":[{spans}]}}"#); 20].join(",");
        let Some(Word::Beat { sent, .. }) = beat(&format!(r#","sent":[{rooms}]"#)) else { panic!() };
        assert_eq!((sent.len(), sent[0].unused.len()), (20, MOST_SPANS));
        for forged in ["", "[]", "{}", r#"{"word":"dance"}"#, r#"{"word":"beat","node":"n1"}"#] {
            assert!(Word::read(forged.as_bytes()).is_none(), "{forged}");
        }
        let negative = r#"{"room":"r","count":-1}"#;
        assert_eq!(with(negative), None);
        for room in ["$roster", "", " r", "a\\nb", &"x".repeat(65)] {
            assert_eq!(with(&format!(r#"{{"room":"{room}","count":1}}"#)), Some(vec![]), "{room}");
        }
        let long = "x".repeat(65);
        for (id, name, colour) in [
            ("", "A", "#123456"),
            ("a.b", "A", "#123456"),
            (&long, "A", "#123456"),
            ("a", "", "#123456"),
            ("a", " A", "#123456"),
            ("a", &long, "#123456"),
            ("a", "A", "red"),
            ("a", "A", "#12345g"),
        ] {
            let came = format!(r#"{{"id":"{id}","name":"{name}","colour":"{colour}"}}"#);
            let rooms = with(&format!(r#"{{"room":"r","came":[{came}],"gone":["{id} "]}}"#)).unwrap();
            assert_eq!((rooms[0].came.len(), rooms[0].gone.len()), (0, 0), "{came}");
        }
        let huge = format!(r#"{{"word":"change","node":"n1","from":0,"rooms":[{}]}}"#, " ".repeat(LONGEST));
        assert!(Word::read(huge.as_bytes()).is_none());
        assert!(Word::read(br#"{"word":"change","node":"n 1","from":0,"rooms":[]}"#).is_none());
    }

    #[test]
    fn a_long_statement_is_cut_and_loses_nobody() {
        let room = Room::parse("r").unwrap();
        let came: Vec<_> = (0..2_000).map(|n| person(format!("s{n}"), &"\"".repeat(32))).collect();
        let gone: Vec<Arc<str>> = (0..2_000).map(|n| format!("g{n}").into()).collect();
        let mut rooms: Vec<_> = (0..3_000)
            .map(|n| RoomWord { count: Some(n), ..RoomWord::of(&Room::parse(&format!("room {n}")).unwrap()) })
            .collect();
        rooms.push(RoomWord { came: came.clone(), gone: gone.clone(), ..RoomWord::of(&room) });
        let parts = parts(rooms.clone());
        for part in &parts {
            let word = Word::List { node: "n".into(), version: 1, part: 0, parts: 1, rooms: part.clone() };
            assert!(word.json().len() < 64 * 1024, "{}", word.json().len());
        }
        let all: Vec<_> = parts.into_iter().flatten().collect();
        assert_eq!(all.iter().flat_map(|room| room.came.clone()).collect::<Vec<_>>(), came);
        assert_eq!(all.iter().flat_map(|room| room.gone.clone()).collect::<Vec<_>>(), gone);
        assert_eq!(
            all.iter().filter_map(|room| room.count).collect::<Vec<_>>(),
            (0..3_000).collect::<Vec<_>>()
        );
        assert_eq!(super::parts([]), [vec![]]);
    }
}
