//! The settings of a load generator.

use super::agent::Agent;
use super::dialect::Dialect;
use super::error::LoadError;
use ledger::Plan;
use scenario::Transport;

/// The settings of a load generator: what is sent, and to whom.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Which client publishes what, when and where.
    pub plan: Plan,
    /// The size of the texts, the warm-up, and the patience of the clients.
    pub load: scenario::Load,
    /// The faults of the scenario. The load acts on those in which subscribers leave, join or read slowly, and on
    /// storms.
    pub faults: Vec<scenario::Fault>,
    /// The dialect in which the nodes are spoken to.
    pub dialect: Dialect,
    /// How subscribers hear: one of the load's transports.
    pub transport: Transport,
    /// Whether the pattern may keep a history. If so, a replay that brings nothing is worth a remark.
    pub keeps_history: bool,
    /// The seed of every random choice.
    pub seed: u64,
    /// The URL of each node, such as `ws://127.0.0.1:8080`.
    pub urls: Vec<String>,
    /// What makes this load generator one of several; `None` for one that plays all clients.
    pub agent: Option<Agent>,
}

impl Settings {
    /// Checks whether a load with these settings is possible at all.
    pub(super) fn check(&self) -> Result<(), LoadError> {
        self.dialect.carries(self.transport)?;
        let plan = &self.plan;
        let counts = [plan.publishers, plan.subscribers, plan.nodes, plan.rooms];
        let wrong = if counts.contains(&0) {
            "a count is 0"
        } else if self.urls.len() != plan.nodes {
            "there are not as many URLs as nodes"
        } else if !(plan.rate > 0.0 && plan.rate.is_finite()) {
            "the rate is not above 0"
        } else if plan.rooms > 1 && !self.dialect.has_rooms() {
            "the dialect cannot name a room, so that there is only one"
        } else if self.load.resend && !self.dialect.has_answers() {
            "the dialect has no answers, so that nothing says what to send again"
        } else if self.load.presence && self.dialect != Dialect::V1 {
            "the dialect does not tell who is there, so that nobody can watch presence"
        } else {
            return Ok(());
        };
        Err(LoadError::Settings(wrong))
    }
}

#[cfg(test)]
pub(super) mod tests {
    use std::time::Duration;

    use super::super::dialect::Template;
    use super::*;

    /// Settings of a small load on nodes at these URLs.
    pub(in super::super) fn settings(urls: &[&str]) -> Settings {
        let second = Duration::from_secs(1);
        let (publishers, subscribers, nodes, rooms, rate) = (1, 3, 2, 1, 10.0);
        let load = scenario::Load {
            publishers,
            subscribers,
            rate,
            payload: 64,
            rooms,
            resend: false,
            presence: false,
            transports: vec![Transport::Ws],
            poll_every: second,
            warm_up: second,
            duration: second,
            drain: second,
            connect_timeout: second,
            reconnect_min: second / 50,
            reconnect_max: second / 50,
        };
        let (messages, surges, crosses_nodes) = (10, vec![], true);
        let plan = Plan { publishers, subscribers, nodes, rooms, rate, surges, messages, crosses_nodes };
        let urls = urls.iter().map(|url| (*url).to_owned()).collect();
        let (faults, dialect, transport) = (vec![], Dialect::V1, Transport::Ws);
        Settings { plan, load, faults, dialect, transport, keeps_history: true, seed: 1, urls, agent: None }
    }

    #[test]
    fn a_dialect_is_not_asked_for_what_it_does_not_have() {
        let check = |dialect: &Dialect, rooms: usize, resend: bool| {
            let mut settings = settings(&["ws://127.0.0.1:1", "ws://127.0.0.1:2"]);
            (settings.dialect, settings.plan.rooms, settings.load.resend) = (dialect.clone(), rooms, resend);
            settings.check().map_err(|error| error.to_string())
        };
        let template = |text| Dialect::Template(Template::parse("chat.toml", text).unwrap());
        let bare = template("publish = '{text}'");
        let whole = "publish = '{id} {room} {text}'\nack = { pointer = '/0', equals = 'ack', id = '/1' }";
        for dialect in [Dialect::V1, template(whole)] {
            assert_eq!(check(&dialect, 2, true), Ok(()));
        }
        for dialect in [Dialect::Plain, bare] {
            assert_eq!(check(&dialect, 1, false), Ok(()));
            assert!(check(&dialect, 2, false).unwrap_err().contains("a room"));
            assert!(check(&dialect, 1, true).unwrap_err().contains("no answers"));
        }
    }

    #[test]
    fn only_one_dialect_is_heard_otherwise_than_over_a_web_socket() {
        let template = Dialect::Template(Template::parse("chat.toml", "publish = '{text}'").unwrap());
        for transport in Transport::ALL {
            assert!(Dialect::V1.carries(transport).is_ok(), "{transport}");
            for dialect in [&Dialect::Plain, &template] {
                let carried = dialect.carries(transport);
                assert_eq!(carried.is_ok(), transport == Transport::Ws, "{dialect}: {transport}");
            }
        }
        let error = template.carries(Transport::LongPoll).unwrap_err();
        assert_eq!(
            error.to_string(),
            "the dialect chat.toml has no transport `long-poll`: only nodes of pubsub-lab.v1 have other transports than ws"
        );
        assert!(error.hint().contains("`--transport ws`"), "{}", error.hint());
    }

    #[test]
    fn presence_is_watched_only_where_the_dialect_tells_of_it() {
        let check = |dialect| {
            let mut settings = settings(&["ws://127.0.0.1:1", "ws://127.0.0.1:2"]);
            (settings.dialect, settings.load.presence) = (dialect, true);
            settings.check().map_err(|error| error.to_string())
        };
        assert_eq!(check(Dialect::V1), Ok(()));
        assert!(check(Dialect::Plain).unwrap_err().contains("who is there"));
    }
}
