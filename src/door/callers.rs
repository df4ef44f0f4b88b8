//! Whose requests are answered.
//!
//! A service on loopback is meant for this machine alone, but the browsers of this machine show pages from everywhere. A
//! page names itself in `Origin`. A page may also have its own name lead to loopback (DNS rebinding), and is then of the
//! same origin as the service: its name stands in `Host`. So a service on loopback answers to `localhost` and to
//! addresses only, and to the names that its owner allows.

use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;

use axum::Router;
use axum::extract::{Request, State};
use axum::http::header::{HOST, ORIGIN};
use axum::http::{HeaderMap, StatusCode};
use axum::middleware::{Next, from_fn_with_state};
use axum::response::{IntoResponse, Response};

use super::turned_away::TurnedAway;

/// Whose requests are answered.
#[derive(Debug)]
pub struct Callers {
    on_loopback: bool,
    hosts: Vec<String>,
    origins: Vec<String>,
    turned_away: TurnedAway,
}

impl Callers {
    /// The callers of a service that listens on loopback or elsewhere. `hosts` are the names under which it answers
    /// besides those of loopback; a service elsewhere answers under any name as long as there is none. `origins` are
    /// those of pages of other sites that may call; `*` allows any.
    pub fn new(on_loopback: bool, hosts: Vec<String>, origins: Vec<String>) -> Self {
        Self { on_loopback, hosts, origins, turned_away: TurnedAway::default() }
    }

    /// Records who was turned away.
    pub fn turned_away(&self) -> &TurnedAway {
        &self.turned_away
    }

    /// Checks a request by its headers. The error says what is wrong, with its kind for the log.
    pub fn check(&self, headers: &HeaderMap) -> Result<(), (&'static str, String)> {
        let of = |name| headers.get(name).map(|value| value.to_str().unwrap_or_default());
        let host = of(HOST);
        // A browser always names the host.
        if let Some(host) = host.filter(|host| !self.answers_as(host)) {
            let reason = format!("this service does not answer as {}; see --allow-host", shown(host));
            return Err(("host", reason));
        }
        match of(ORIGIN) {
            Some(origin) if !self.may_call(origin, host.unwrap_or_default()) => {
                metrics::counter!("pubsub_lab_origins_refused_total").increment(1);
                Err((
                    "origin",
                    format!("pages of {} may not connect here; see --allow-origin", shown(origin)),
                ))
            }
            _ => Ok(()),
        }
    }

    fn answers_as(&self, host: &str) -> bool {
        let any = !self.on_loopback && self.hosts.is_empty();
        any || is_local(host) || self.hosts.iter().any(|allowed| is_named(host, allowed))
    }

    /// Whether a page may call: it is the service's own if its origin is the host to which the browser now connects.
    fn may_call(&self, origin: &str, host: &str) -> bool {
        let own = origin.split_once("://").is_some_and(|(_, own)| own.eq_ignore_ascii_case(host));
        own || self.origins.iter().any(|allowed| allowed == "*" || allowed.eq_ignore_ascii_case(origin))
    }
}

/// The most characters of a name that comes from outside and is shown.
const SHOWN: usize = 100;

/// A name that comes from outside, as it may be shown.
pub(super) fn shown(name: &str) -> String {
    name.chars().filter(|c| !c.is_control()).take(SHOWN).collect()
}

/// The name in a `Host`, without its port.
fn bare(host: &str) -> &str {
    match host.rsplit_once(':') {
        Some((name, port)) if port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

/// Whether a `Host` is this name, with or without a port.
fn is_named(host: &str, name: &str) -> bool {
    bare(host).eq_ignore_ascii_case(name) || host.eq_ignore_ascii_case(name)
}

/// Whether a `Host` is `localhost` or an address, with or without a port.
fn is_local(host: &str) -> bool {
    bare(host).eq_ignore_ascii_case("localhost")
        || host.parse::<SocketAddr>().is_ok()
        || bare(host).trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
        || host.trim_matches(['[', ']']).parse::<IpAddr>().is_ok()
}

/// Lets only the requests of these callers through to the routes.
pub fn guard(routes: Router, callers: Arc<Callers>) -> Router {
    routes.layer(from_fn_with_state(callers, check))
}

async fn check(State(callers): State<Arc<Callers>>, request: Request, next: Next) -> Response {
    match callers.check(request.headers()) {
        Ok(()) => next.run(request).await,
        Err((kind, reason)) => {
            callers.turned_away.record(kind, &reason, request.headers());
            (StatusCode::FORBIDDEN, reason + "\n").into_response()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(callers: &Callers, host: &str, origin: Option<&str>) -> Option<&'static str> {
        let mut headers = HeaderMap::new();
        headers.insert(HOST, host.parse().unwrap());
        if let Some(origin) = origin {
            headers.insert(ORIGIN, origin.parse().unwrap());
        }
        callers.check(&headers).err().map(|(kind, _)| kind)
    }

    #[test]
    fn a_service_on_loopback_answers_to_localhost_and_addresses_alone() {
        let callers = Callers::new(true, vec![], vec![]);
        for host in ["localhost", "LocalHost:80", "127.0.0.1:9100", "127.0.0.1", "[::1]:8080", "[::1]", "::1"]
        {
            assert_eq!(kind(&callers, host, None), None, "{host}");
        }
        for host in
            ["evil.example", "evil.example:9100", "localhost.evil.example", "127.0.0.1.evil.example", ""]
        {
            assert_eq!(kind(&callers, host, None), Some("host"), "{host}");
        }
        assert!(callers.check(&HeaderMap::new()).is_ok(), "no browser leaves it out");
    }

    #[test]
    fn a_name_is_allowed_with_any_port() {
        let callers = Callers::new(true, vec!["chat.example".into(), "dev.example:81".into()], vec![]);
        for host in ["chat.example", "CHAT.example:8080", "dev.example:81", "localhost:1"] {
            assert_eq!(kind(&callers, host, None), None, "{host}");
        }
        for host in ["dev.example", "dev.example:82", "a.chat.example"] {
            assert_eq!(kind(&callers, host, None), Some("host"), "{host}");
        }
    }

    #[test]
    fn a_service_elsewhere_answers_under_any_name_until_it_is_given_some() {
        let open = Callers::new(false, vec![], vec![]);
        assert_eq!(kind(&open, "chat.example", Some("http://chat.example")), None);
        assert_eq!(kind(&open, "chat.example", Some("http://evil.example")), Some("origin"));
        let named = Callers::new(false, vec!["chat.example".into()], vec![]);
        assert_eq!(kind(&named, "chat.example", None), None);
        assert_eq!(kind(&named, "evil.example", Some("http://evil.example")), Some("host"));
    }

    #[test]
    fn other_pages_call_only_if_they_are_allowed() {
        let callers = Callers::new(true, vec![], vec!["https://chat.example".into()]);
        assert_eq!(kind(&callers, "127.0.0.1:80", Some("HTTPS://chat.example")), None);
        assert_eq!(kind(&callers, "127.0.0.1:80", Some("http://127.0.0.1:80")), None);
        for origin in ["http://127.0.0.1:81", "null", "http://chat.example", ""] {
            assert_eq!(kind(&callers, "127.0.0.1:80", Some(origin)), Some("origin"), "{origin}");
        }
        assert_eq!(kind(&Callers::new(true, vec![], vec!["*".into()]), "[::1]", Some("null")), None);
    }
}
