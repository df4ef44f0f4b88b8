//! Hooks: what the operator of a node decides about its clients and their messages.
//!
//! Every hook of a node is asked in turn, in the order in which the node was given them. The first one that does not
//! allow something decides; what one changes, the next one sees. A hook is called where the node serves many clients, so
//! it answers at once, out of memory: whatever takes time belongs into a task of its own.

use std::borrow::Cow;
use std::fmt;
use std::sync::Arc;
use std::time::SystemTime;

use axum::http::header::AUTHORIZATION;
use axum::http::{HeaderMap, Uri};
use serde_json::{Map, Value};
use tokio::sync::watch;

/// What a hook decides.
#[derive(Debug, Clone, PartialEq, Eq)]
#[must_use]
pub enum Decision {
    /// The hook has nothing against it.
    Allow,
    /// The client is told that it may not, and why.
    Refuse(Refusal),
    /// Nothing happens, and nobody is told. A publish or a whisper that is dropped is acknowledged as `handed`, as if it
    /// had been taken.
    Drop,
}

impl Decision {
    /// A refusal for this reason, by no rule in particular.
    pub fn refuse(reason: impl Into<String>) -> Self {
        Self::Refuse(Refusal { reason: reason.into(), rule: None })
    }
}

/// Why a client may not do something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// The reason as a clause for people, such as `only teachers write here`.
    pub reason: String,
    /// The name of the rule that says so, if it has one.
    pub rule: Option<String>,
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.rule {
            Some(rule) => write!(f, "{} (rule `{rule}`)", self.reason),
            None => f.write_str(&self.reason),
        }
    }
}

/// A request for a connection, before anything is known of who makes it.
#[derive(Debug, Clone, Copy)]
pub struct Knock<'a> {
    /// The headers of the request.
    pub headers: &'a HeaderMap,
    /// The path and the query of the request.
    pub uri: &'a Uri,
}

impl<'a> Knock<'a> {
    /// The token that the request brings: `Authorization: Bearer TOKEN`, or `access_token=TOKEN` in the query, since a
    /// page cannot give a WebSocket a header (RFC 6750, 2.1 and 2.3).
    pub fn token(&self) -> Option<Cow<'a, str>> {
        let query = || {
            let token = self.uri.query()?.split('&').find_map(|pair| pair.strip_prefix("access_token="))?;
            // This one is encoded as a form is, in which a space is a plus.
            door::decode(&token.replace('+', " ")).ok().map(Cow::Owned)
        };
        bearer(self.headers).map(Cow::Borrowed).or_else(query)
    }
}

/// The token in `Authorization: Bearer TOKEN`.
pub(super) fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = headers.get(AUTHORIZATION)?.to_str().ok()?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

/// What the hooks know of a client since it came.
#[derive(Debug, Clone, Default)]
pub struct Pass {
    /// The name under which the client appears, whatever it asks for. `None` leaves the choice to the client.
    pub name: Option<Arc<str>>,
    /// What is known of the client beside its name.
    pub claims: Map<String, Value>,
    /// When the pass ends: the connection is closed then. `None` if it has no end.
    pub until: Option<SystemTime>,
}

/// A client, as the hooks see it.
#[derive(Debug, Clone, Copy)]
pub struct Visitor<'a> {
    /// The public id of the client's session, with which the ids of its messages begin.
    pub id: &'a str,
    /// The name under which the others see the client.
    pub name: &'a str,
    /// What the hooks know of it since it came.
    pub pass: &'a Pass,
}

/// A message on its way to one client.
#[derive(Debug, Clone, Copy)]
pub struct Outgoing<'a> {
    /// The room of the message.
    pub room: &'a str,
    /// The id of the message.
    pub id: &'a str,
    /// The name of who sent it.
    pub from: &'a str,
}

/// What the operator decides at each of the places where a client or a message passes. A method that is left out allows
/// everything.
pub trait Hook: Send + Sync {
    /// A client asks for a connection. The hook may write down what it knows of the client. A refusal is answered with
    /// HTTP 401.
    fn connect(&self, _knock: &Knock<'_>, _pass: &mut Pass) -> Decision {
        Decision::Allow
    }

    /// A client asks to enter a room. A refusal is an `error` with the code `forbidden`.
    fn subscribe(&self, _visitor: &Visitor<'_>, _room: &str) -> Decision {
        Decision::Allow
    }

    /// A client says something in a room. The hook may change the text. A refusal is `refused` with the code `forbidden`.
    fn publish_in(&self, _visitor: &Visitor<'_>, _room: &str, _text: &mut Cow<'_, str>) -> Decision {
        Decision::Allow
    }

    /// A message is about to reach one client, live or out of the history. The hook may change the text for this client
    /// alone. A refusal is the same as [`Decision::Drop`]. It is called only if [`Hook::watches_recipients`] says so.
    fn publish_out(
        &self,
        _recipient: &Visitor<'_>,
        _message: &Outgoing<'_>,
        _text: &mut Cow<'_, str>,
    ) -> Decision {
        Decision::Allow
    }

    /// A client says something to one person, by name or session id. The hook may change the text.
    fn whisper(&self, _visitor: &Visitor<'_>, _to: &str, _text: &mut Cow<'_, str>) -> Decision {
        Decision::Allow
    }

    /// A client that was connected is gone.
    fn disconnect(&self, _visitor: &Visitor<'_>) {}

    /// Whether [`Hook::publish_out`] is to be called: each call costs for each recipient.
    fn watches_recipients(&self) -> bool {
        false
    }
}

/// The hooks of a node. Cheap to clone.
#[derive(Clone)]
pub struct Hooks(Arc<Chain>);

struct Chain {
    hooks: Vec<Box<dyn Hook>>,
    watches_recipients: bool,
    /// Changes whenever the hooks may decide otherwise than before.
    changes: watch::Sender<()>,
}

impl Default for Hooks {
    fn default() -> Self {
        Self::new(Vec::new())
    }
}

impl fmt::Debug for Hooks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Hooks").field(&self.0.hooks.len()).finish()
    }
}

impl Hooks {
    /// These hooks, which are asked in this order.
    pub fn new(hooks: Vec<Box<dyn Hook>>) -> Self {
        let watches_recipients = hooks.iter().any(|hook| hook.watches_recipients());
        Self(Arc::new(Chain { hooks, watches_recipients, changes: watch::Sender::new(()) }))
    }

    /// Whether there is no hook, so that nothing has to be asked.
    pub fn is_empty(&self) -> bool {
        self.0.hooks.is_empty()
    }

    /// Has every client leave the rooms that it may no longer be in.
    pub fn recheck(&self) {
        self.0.changes.send_replace(());
    }

    /// Tells of each [`Hooks::recheck`].
    pub(super) fn changes(&self) -> watch::Receiver<()> {
        self.0.changes.subscribe()
    }

    /// Whether a hook wants to see each message for each recipient.
    pub(super) fn watches_recipients(&self) -> bool {
        self.0.watches_recipients
    }

    pub(super) fn connect(&self, knock: &Knock<'_>, pass: &mut Pass) -> Decision {
        self.first(|hook| hook.connect(knock, pass))
    }

    pub(super) fn subscribe(&self, visitor: &Visitor<'_>, room: &str) -> Decision {
        self.first(|hook| hook.subscribe(visitor, room))
    }

    pub(super) fn publish_in(&self, visitor: &Visitor<'_>, room: &str, text: &mut Cow<'_, str>) -> Decision {
        self.first(|hook| hook.publish_in(visitor, room, text))
    }

    pub(super) fn publish_out(
        &self,
        recipient: &Visitor<'_>,
        message: &Outgoing<'_>,
        text: &mut Cow<'_, str>,
    ) -> Decision {
        self.first(|hook| hook.publish_out(recipient, message, text))
    }

    pub(super) fn whisper(&self, visitor: &Visitor<'_>, to: &str, text: &mut Cow<'_, str>) -> Decision {
        self.first(|hook| hook.whisper(visitor, to, text))
    }

    pub(super) fn disconnect(&self, visitor: &Visitor<'_>) {
        self.0.hooks.iter().for_each(|hook| hook.disconnect(visitor));
    }

    /// The decision of the first hook that does not allow something.
    fn first(&self, mut ask: impl FnMut(&dyn Hook) -> Decision) -> Decision {
        let mut decisions = self.0.hooks.iter().map(|hook| ask(hook.as_ref()));
        decisions.find(|decision| *decision != Decision::Allow).unwrap_or(Decision::Allow)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Adds(&'static str);

    impl Hook for Adds {
        fn publish_in(&self, _: &Visitor<'_>, room: &str, text: &mut Cow<'_, str>) -> Decision {
            if room == self.0 {
                return Decision::Refuse(Refusal { reason: "not here".into(), rule: Some(self.0.into()) });
            }
            text.to_mut().push_str(self.0);
            Decision::Allow
        }
    }

    #[test]
    fn the_first_that_does_not_allow_decides_and_the_next_sees_what_one_changed() {
        let hooks = Hooks::new(vec![Box::new(Adds("a")), Box::new(Adds("b"))]);
        let visitor = Visitor { id: "1", name: "Ada", pass: &Pass::default() };
        let say = |room| {
            let mut text = Cow::Borrowed("x");
            (hooks.publish_in(&visitor, room, &mut text), text.into_owned())
        };
        assert_eq!(say("r"), (Decision::Allow, "xab".to_owned()));
        let (Decision::Refuse(refusal), text) = say("b") else { panic!("it is refused") };
        assert_eq!((refusal.to_string().as_str(), text.as_str()), ("not here (rule `b`)", "xa"));
        assert!(matches!(say("a"), (Decision::Refuse(_), text) if text == "x"), "the second is not asked");
    }

    #[test]
    fn a_token_comes_in_a_header_or_in_the_query() {
        let token = |header: Option<&'static str>, uri: &'static str| {
            let mut headers = HeaderMap::new();
            if let Some(header) = header {
                headers.insert("authorization", header.parse().unwrap());
            }
            Knock { headers: &headers, uri: &Uri::from_static(uri) }.token().map(Cow::into_owned)
        };
        assert_eq!(token(Some("Bearer a.b"), "/ws"), Some("a.b".into()));
        assert_eq!(token(Some("bearer a.b"), "/ws?access_token=c"), Some("a.b".into()));
        assert_eq!(token(Some("Basic YQ=="), "/ws?x=1&access_token=c.d"), Some("c.d".into()));
        assert_eq!(token(None, "/ws?access_token=a+b%20c%2B"), Some("a b c+".into()));
        assert_eq!(token(None, "/ws?access_token=a%2"), None);
        assert_eq!(token(None, "/ws?access=c"), None);
        assert_eq!(token(None, "/ws"), None);
    }
}
