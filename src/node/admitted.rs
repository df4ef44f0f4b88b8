//! A client that the hooks have let in, and what they say of it from then on.

use std::borrow::Cow;
use std::time::{Duration, Instant, SystemTime};

use bytes::Bytes;

use super::hooks::{Decision, Hooks, Knock, Outgoing, Pass, Refusal, Visitor};
use super::identity::Identity;
use wire::{self, Envelope, Kind, MessageFrame};

/// How soon the end of a pass is looked at again.
const LOOK_AGAIN: Duration = Duration::from_secs(60);

/// A client that the hooks have let in.
#[derive(Debug)]
pub struct Admitted {
    hooks: Hooks,
    pass: Pass,
}

/// Why a client is not let in.
#[derive(Debug)]
pub enum NotAdmitted {
    /// A hook refuses it, and says why.
    Refused(Refusal),
    /// A hook drops it, and nobody is told why.
    Dropped,
}

/// What a member is shown of a message.
#[derive(Debug, PartialEq, Eq)]
pub enum Shown {
    /// The message as everybody is shown it.
    AsItIs,
    /// The message as this JSON.
    Changed(Bytes),
    /// Nothing.
    Hidden,
}

impl Shown {
    /// The JSON of what a replay sends of an envelope. `None` if that is nothing, or if the envelope has no such form.
    pub fn replayed(&self, envelope: &Envelope) -> Option<Bytes> {
        match self {
            Self::AsItIs => wire::replayed(&envelope.frame),
            Self::Changed(json) => wire::replayed(json),
            Self::Hidden => None,
        }
    }
}

impl Admitted {
    /// Asks the hooks whether the client that makes this request may come in.
    pub fn let_in(hooks: &Hooks, knock: &Knock<'_>) -> Result<Self, NotAdmitted> {
        let mut pass = Pass::default();
        match hooks.connect(knock, &mut pass) {
            Decision::Allow => Ok(Self { hooks: hooks.clone(), pass }),
            Decision::Refuse(refusal) => Err(NotAdmitted::Refused(refusal)),
            Decision::Drop => Err(NotAdmitted::Dropped),
        }
    }

    /// The hooks that let the client in.
    pub fn hooks(&self) -> &Hooks {
        &self.hooks
    }

    /// What the hooks know of the client.
    pub fn pass(&self) -> &Pass {
        &self.pass
    }

    /// When to look again whether the pass has ended; `None` if it has no end. An error if that is now: a sentence for the
    /// client.
    pub fn pass_ends(&self, now: Instant) -> Result<Option<Instant>, &'static str> {
        let Some(until) = self.pass.until else { return Ok(None) };
        match until.duration_since(SystemTime::now()) {
            // The time of day may be set, so it is looked at again now and then.
            Ok(left) if !left.is_zero() => Ok(Some(now + left.min(LOOK_AGAIN))),
            _ => Err("your token has expired: connect with a new one"),
        }
    }

    /// The client under this identity, as the hooks see it.
    pub fn visitor<'a>(&'a self, identity: &'a Identity) -> Visitor<'a> {
        Visitor { id: &identity.id, name: &identity.name, pass: &self.pass }
    }

    /// What the client is shown of an envelope.
    pub fn shown(&self, identity: &Identity, envelope: &Envelope) -> Shown {
        if !self.hooks.watches_recipients() || envelope.kind != Kind::Chat {
            return Shown::AsItIs;
        }
        // Who cannot be asked about a message lets nobody see it.
        let Some(message) = MessageFrame::read(&envelope.frame) else { return Shown::Hidden };
        let outgoing = Outgoing { room: &message.room, id: &message.id, from: &message.from };
        let mut text = Cow::Borrowed(&*message.text);
        match self.hooks.publish_out(&self.visitor(identity), &outgoing, &mut text) {
            Decision::Allow if *text == *message.text => Shown::AsItIs,
            Decision::Allow => Shown::Changed(message.with_text(&text)),
            Decision::Refuse(_) | Decision::Drop => Shown::Hidden,
        }
    }
}

#[cfg(test)]
mod tests {
    use axum::http::{HeaderMap, Uri};
    use wire::{NodeFrame, Room};

    use super::super::hooks::Hook;
    use super::*;

    /// Bob does not see what is secret, and Cleo sees it in capitals.
    struct Secrets;

    impl Hook for Secrets {
        fn publish_out(
            &self,
            recipient: &Visitor<'_>,
            message: &Outgoing<'_>,
            text: &mut Cow<'_, str>,
        ) -> Decision {
            assert_eq!((message.room, message.from), ("r", "Ada"));
            match recipient.name {
                "Bob" if text.contains("secret") => return Decision::refuse("not for Bob"),
                "Cleo" => *text = text.to_uppercase().into(),
                _ => {}
            }
            Decision::Allow
        }

        fn watches_recipients(&self) -> bool {
            true
        }
    }

    #[test]
    fn each_recipient_is_shown_what_the_hooks_allow() {
        let hooks = Hooks::new(vec![Box::new(Secrets)]);
        let knock = Knock { headers: &HeaderMap::new(), uri: &Uri::from_static("/ws") };
        let admitted = Admitted::let_in(&hooks, &knock).unwrap();
        let room = Room::parse("r").unwrap();
        let message = NodeFrame::Message {
            room: "r",
            id: "s.1",
            from: "Ada",
            colour: "#111111",
            text: "a secret",
            sent_at: 5,
        };
        let frame = message.json();
        let envelope = Envelope {
            kind: Kind::Chat,
            room,
            id: "s.1".into(),
            sender: "s".into(),
            others: false,
            count: None,
            frame: frame.clone(),
        };
        let shown =
            |name: &str| admitted.shown(&Identity { name: name.into(), ..Identity::guest() }, &envelope);
        assert_eq!([shown("Ada"), shown("Bob")], [Shown::AsItIs, Shown::Hidden]);
        let Shown::Changed(changed) = shown("Cleo") else { panic!("Cleo sees capitals") };
        assert_eq!(&*MessageFrame::read(&changed).unwrap().text, "A SECRET");
    }
}
