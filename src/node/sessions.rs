//! How the sessions of a cluster continue: by what stands in their tokens, or by what a store of the cluster has under
//! the id that stands there.

use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::watch;

use super::entered::Entered;
use super::identity::Identity;
use super::limits::Limits;
use super::token::{Claims, Kept, Secret, Worthless};
use bus::{BoxFuture, SessionStore};
use wire::{Room, unix_ms};

/// The most bytes of rooms, as JSON, in one token. A client sends its token back in a `hello`, which has to be short of
/// `--max-frame`.
const ROOMS_IN_A_TOKEN: usize = 4096;
/// The share of the longest frame that the rooms of a token may take: base64 makes four bytes of three, and the frame has
/// the name as well.
const SHARE_OF_A_FRAME: u64 = 3;
/// The most bytes of rooms, as JSON, in what the store has of one session.
const ROOMS_IN_THE_STORE: usize = 16 * 1024;

/// How the sessions of a cluster continue.
pub struct Sessions {
    secret: Secret,
    store: Option<Arc<dyn SessionStore>>,
    lifetime: Duration,
    most_rooms: usize,
}

impl fmt::Debug for Sessions {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sessions").field("stored", &self.store.is_some()).finish_non_exhaustive()
    }
}

/// A session that continues.
#[derive(Debug, PartialEq, Eq)]
pub struct Resumed {
    /// Who the session is.
    pub identity: Identity,
    /// Its rooms, in the order in which it entered them.
    pub rooms: Vec<Room>,
}

/// Why a session does not continue.
#[derive(Debug, PartialEq, Eq)]
pub struct NotResumed {
    /// Whether nobody knows, for the store does not answer: the token may be good later.
    pub away: bool,
    /// The reason as a sentence for people.
    pub reason: String,
}

impl Sessions {
    /// Sessions under this secret, within these limits: kept in the store if there is one, otherwise in their tokens.
    pub fn new(secret: Secret, store: Option<Arc<dyn SessionStore>>, limits: &Limits) -> Self {
        let of_a_frame = usize::try_from(limits.max_frame / SHARE_OF_A_FRAME).unwrap_or(usize::MAX);
        let most_rooms = match store {
            Some(_) => ROOMS_IN_THE_STORE,
            None => ROOMS_IN_A_TOKEN.min(of_a_frame),
        };
        Self { secret, store, lifetime: limits.session_lifetime, most_rooms }
    }

    /// Whether the tokens themselves say in which rooms a session is.
    pub fn are_in_tokens(&self) -> bool {
        self.store.is_none()
    }

    /// Changes each time the store, if there is one, is there again after it was away.
    pub fn store_returns(&self) -> Option<watch::Receiver<u64>> {
        self.store.as_ref().map(|store| store.returns())
    }

    /// How long after it was last kept a session is to be kept again, so that it does not end while its client is here.
    pub fn keep_again(&self) -> Duration {
        self.lifetime / 2
    }

    /// The token that continues a session.
    pub fn token(&self, identity: &Identity, rooms: &Entered) -> String {
        let id = identity.id.clone();
        if self.store.is_some() {
            return self.secret.sign(&Claims::id_alone(id));
        }
        let lifetime = u64::try_from(self.lifetime.as_millis()).unwrap_or(u64::MAX);
        let expires = unix_ms().saturating_add(lifetime);
        self.secret.sign(&Claims::whole(id, self.kept(identity, rooms), expires))
    }

    /// Writes a session into the store; `None` if there is none.
    pub fn save(&self, identity: &Identity, rooms: &Entered) -> Option<BoxFuture<Result<(), String>>> {
        let store = self.store.as_ref()?;
        // Strings can always be serialised.
        let text = serde_json::to_string(&self.kept(identity, rooms)).unwrap_or_default();
        Some(store.save(&identity.id, text, self.lifetime))
    }

    fn kept(&self, identity: &Identity, rooms: &Entered) -> Kept {
        Kept::of(identity, rooms.iter(), self.most_rooms)
    }

    /// The session that a token continues.
    pub async fn resume(&self, token: &str) -> Result<Resumed, NotResumed> {
        let Claims { id, kept, .. } =
            self.secret.verify(token, unix_ms()).map_err(|why| self.worthless(why))?;
        let kept = match (&self.store, kept) {
            (Some(store), _) => Some(self.stored(&**store, &id).await?),
            (None, Some(kept)) => Some(kept),
            (None, None) => None,
        };
        match kept
            .and_then(|kept| Some(Resumed { identity: kept.identity(id)?, rooms: kept.rooms().collect() }))
        {
            Some(resumed) => Ok(resumed),
            None if self.store.is_some() => Err(bad("what the store has of this session is not readable")),
            None => Err(bad("this session is kept in a store that this node does not use (`--sessions`)")),
        }
    }

    async fn stored(&self, store: &dyn SessionStore, id: &str) -> Result<Kept, NotResumed> {
        match store.load(id).await {
            Ok(Some(text)) => serde_json::from_str(&text)
                .map_err(|_| bad("what the store has of this session is not readable")),
            Ok(None) => {
                Err(bad("the store has nothing of this session: it has expired, or was deleted there"))
            }
            Err(why) => Err(NotResumed {
                away: true,
                reason: format!(
                    "your session cannot be looked up: {why}. You go on as a new one; its token stays good: say hello \
                     with it in a later connection"
                ),
            }),
        }
    }

    fn worthless(&self, why: Worthless) -> NotResumed {
        match why {
            Worthless::Unreadable => bad("this is no session token, or one of another version"),
            Worthless::NotOurs => bad(
                "this session was not signed with the secret of this cluster: it is forged, of another cluster, or \
                 from before the secret was changed",
            ),
            Worthless::Expired(ago) => {
                let whole =
                    |time: Duration| humantime::format_duration(Duration::from_secs(time.as_secs().max(1)));
                let (ago, lifetime) = (whole(ago), whole(self.lifetime));
                bad(&format!("this session expired {ago} ago; sessions last {lifetime} here"))
            }
        }
    }
}

/// The refusal of a session for good.
fn bad(why: &str) -> NotResumed {
    NotResumed { away: false, reason: format!("{why}. You go on as a new one") }
}

#[cfg(test)]
mod tests {
    use futures_util::FutureExt;

    use super::*;

    fn sessions(flags: &[&str], secret: &str) -> Sessions {
        #[derive(clap::Parser)]
        struct Flags {
            #[command(flatten)]
            limits: Limits,
        }
        let limits = <Flags as clap::Parser>::parse_from([&["node"][..], flags].concat()).limits;
        Sessions::new(Secret::new(secret), None, &limits)
    }

    fn entered(names: &[&str]) -> Entered {
        let mut entered = Entered::default();
        names.iter().for_each(|name| _ = entered.insert(Room::parse(name).unwrap()));
        entered
    }

    fn resumed(sessions: &Sessions, token: &str) -> Result<Resumed, NotResumed> {
        sessions.resume(token).now_or_never().unwrap()
    }

    #[test]
    fn who_comes_back_has_name_colour_and_rooms() {
        let (here, there) = (sessions(&[], "s"), sessions(&[], "s"));
        let ada = Identity::guest();
        let token = here.token(&ada, &entered(&["b", "a"]));
        let rooms = ["b", "a"].map(|name| Room::parse(name).unwrap()).to_vec();
        assert_eq!(resumed(&there, &token), Ok(Resumed { identity: ada, rooms }));
    }

    #[test]
    fn each_way_to_be_worthless_says_so() {
        let here = sessions(&[], "s");
        let token = |of: &Sessions| of.token(&Identity::guest(), &entered(&[]));
        let id_alone = here.secret.sign(&Claims::id_alone("5e".into()));
        for (token, expected) in [
            ("x".into(), "this is no session token, or one of another version"),
            (token(&sessions(&[], "other")), "this session was not signed with the secret of this cluster"),
            (id_alone, "this session is kept in a store that this node does not use"),
        ] {
            let NotResumed { away, reason } = resumed(&here, &token).unwrap_err();
            assert!(!away && reason.starts_with(expected), "{reason}");
        }
        let expired = here.worthless(Worthless::Expired(Duration::from_millis(90_400))).reason;
        let expected = "this session expired 1m 30s ago; sessions last 1day here. You go on as a new one";
        assert_eq!(expired, expected);
    }

    #[test]
    fn a_hello_with_the_longest_token_is_short_of_the_longest_frame() {
        let names: Vec<_> = (0..2000).map(|n| format!("\"{n:0>63}")).collect();
        let rooms = entered(&names.iter().map(String::as_str).collect::<Vec<_>>());
        for longest in [1024, 2048, 64 * 1024] {
            let here = sessions(&[&format!("--max-frame={longest}")], "s");
            let name = "\u{10ffff}".repeat(32);
            let session = here.token(&Identity { name: name.clone().into(), ..Identity::guest() }, &rooms);
            let hello =
                serde_json::json!({"type": "hello", "name": name, "session": session, "rooms": false});
            let bytes = hello.to_string().len();
            assert!(bytes <= longest, "{bytes} of {longest}");
            let back = resumed(&here, &session).unwrap().rooms;
            assert!(!back.is_empty() && back.iter().eq(rooms.iter().take(back.len())));
        }
    }
}
