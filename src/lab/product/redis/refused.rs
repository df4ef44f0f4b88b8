//! The sentences for what a Redis server says when it does not let a node in.

use redis::{ErrorKind, RedisError, ServerErrorKind};

use super::tongue::Tongue;
use crate::refusal::{BrokerRefusal, ESCAPED};

/// The form of a login in a URL.
const LOGIN: &str =
    "give them in the URL: redis://user:password@host, or redis://:password@host without a user name";

/// The refusal that a failed talk means, with what the server said or spoke when it was asked without a client.
pub(super) fn refusal(error: &RedisError, tongue: &Tongue, database: i64) -> BrokerRefusal {
    if let Some(line) = &tongue.turned_away {
        return turned_away(line).unwrap_or_else(|| BrokerRefusal::unusable(format!("it says: {line}")));
    }
    if tongue.wants_tls {
        return BrokerRefusal::with_hint(
            "it speaks TLS there, and the URL does not",
            "write rediss:// instead of redis://, or name its port without TLS",
        );
    }
    if tongue.wants_plain {
        return BrokerRefusal::with_hint(
            "it speaks no TLS there, and the URL does",
            "write redis:// instead of rediss://, or name its port with TLS",
        );
    }
    let text = error.to_string();
    if text.contains("switch database") {
        return no_database(error.detail().unwrap_or_default(), database);
    }
    if let Some(refusal) = certificate(&text) {
        return refusal;
    }
    let said = error.code().map(|code| match error.detail() {
        Some(detail) => format!("{code} {detail}"),
        None => code.to_owned(),
    });
    if let Some(refusal) = said.as_deref().and_then(turned_away) {
        return refusal;
    }
    match error.kind() {
        ErrorKind::RESP3NotSupported => {
            BrokerRefusal::with_hint("it is older than Redis 6", "nodes need Redis 6 or newer")
        }
        ErrorKind::Server(ServerErrorKind::BusyLoading) => loading(),
        _ if error.is_timeout() => BrokerRefusal::with_hint(
            "it does not answer",
            "look whether it runs at that address and whether something between drops what is sent",
        ),
        _ => BrokerRefusal::unusable(said.unwrap_or(text)),
    }
}

/// The refusal that an error line of Redis means; `None` for one that is not known.
fn turned_away(line: &str) -> Option<BrokerRefusal> {
    let (why, hint) = match line.split_whitespace().next()? {
        "NOAUTH" => ("it wants a password, and the URL has none", format!("{LOGIN}; {ESCAPED}")),
        "WRONGPASS" => ("it does not accept the user name or the password", format!("{LOGIN}; {ESCAPED}")),
        "DENIED" => (
            "it is in protected mode, and lets in clients of its own machine only",
            "give its default user a password (`CONFIG SET requirepass`) and name it in the URL, or start it with \
             `--protected-mode no` in a network that you trust"
                .into(),
        ),
        "LOADING" => return Some(loading()),
        "MASTERDOWN" => (
            "it is a replica that has lost its master, and serves nothing",
            "name the master in the URL, or wait until the replica has found it again".into(),
        ),
        "ERR" if line.contains("max number of clients") => (
            "it has as many clients as it lets in (`maxclients`)",
            "end some of them, or raise it: `redis-cli CONFIG SET maxclients 10000`".into(),
        ),
        _ => return None,
    };
    Some(BrokerRefusal::with_hint(why, hint))
}

fn loading() -> BrokerRefusal {
    BrokerRefusal::with_hint(
        "it is still loading its data",
        "run this again when it is ready: `redis-cli PING` answers PONG then",
    )
}

/// The refusal of a server that did not select the URL's database, with what it said.
fn no_database(said: &str, database: i64) -> BrokerRefusal {
    if said.contains("permission") {
        return BrokerRefusal::with_hint(
            "its user has no right to SELECT a database",
            "leave the number at the end of the URL out: publish/subscribe knows no databases",
        );
    }
    BrokerRefusal::with_hint(
        format!("it has no database {database}"),
        "leave the number at the end of the URL out: publish/subscribe knows no databases",
    )
}

/// The refusal of a server whose certificate is not accepted; `None` if the error is about something else.
fn certificate(text: &str) -> Option<BrokerRefusal> {
    let insecure = "`#insecure` at the end of the URL trusts anybody";
    let (why, hint) = if text.contains("CaUsedAsEndEntity") {
        (
            "its certificate is its own authority, which TLS does not allow",
            format!(
                "make one that is no authority (`openssl req -x509 -addext basicConstraints=critical,CA:FALSE ...`) and \
                 name it in the environment as SSL_CERT_FILE, or have it signed by an authority; {insecure}"
            ),
        )
    } else if text.contains("UnknownIssuer") {
        (
            "its certificate is by an authority that this machine does not know",
            format!("name the authority's certificate in the environment: SSL_CERT_FILE=ca.crt; {insecure}"),
        )
    } else if text.contains("not valid for name") || text.contains("NotValidForName") {
        (
            "its certificate is for another host than the one in the URL",
            format!("write the host in the URL as the certificate has it; {insecure}"),
        )
    } else if text.contains("invalid peer certificate") {
        ("its certificate is not accepted", format!("{text}; {insecure}"))
    } else {
        return None;
    };
    Some(BrokerRefusal::with_hint(why, hint))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_error_line_that_is_known_says_something_of_its_own() {
        let lines = [
            "NOAUTH Authentication required.",
            "WRONGPASS invalid username-password pair or user is disabled.",
            "DENIED Redis is running in protected mode because",
            "LOADING Redis is loading the dataset in memory",
            "MASTERDOWN Link with MASTER is down",
            "ERR max number of clients reached",
        ];
        let mut said: Vec<_> = lines.iter().map(|line| format!("{:?}", turned_away(line).unwrap())).collect();
        said.dedup();
        assert_eq!(said.len(), lines.len());
        assert_eq!(turned_away("ERR something else"), None);
    }
}
