//! Asks a Redis server who it is, without a Redis client.

use std::io;

use crate::probe::fetch_answer;

/// What a Redis server says about itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RedisInfo {
    /// The version of the server.
    pub version: String,
    /// The process id under which the server sees itself.
    pub process: u32,
}

/// Asks the Redis server on this loopback port who it is. An error until the server is ready.
pub async fn info(port: u16) -> io::Result<RedisInfo> {
    // PING alone would not tell whether it is *our* Redis that answers.
    let request = b"PING\r\nINFO server\r\nQUIT\r\n";
    let answer = fetch_answer(port, request, |answer| answer.ends_with(b"+OK\r\n")).await?;
    let answer = String::from_utf8_lossy(&answer);
    let unready = || io::Error::other(format!("not ready: {}", answer.lines().next().unwrap_or("no answer")));
    if !answer.starts_with("+PONG\r\n") {
        return Err(unready());
    }
    let field = |name: &str| answer.lines().find_map(|line| line.strip_prefix(name)?.strip_prefix(':'));
    let version = field("redis_version").ok_or_else(unready)?.to_owned();
    let process = field("process_id").and_then(|id| id.parse().ok()).ok_or_else(unready)?;
    Ok(RedisInfo { version, process })
}

#[cfg(test)]
mod tests_of_the_machine {
    use super::*;
    use crate::probe::tests_of_the_machine::answer_once;

    #[tokio::test]
    async fn an_answer_of_something_else_is_an_error() {
        assert!(info(answer_once(b"HTTP/1.1 400 Bad Request\r\n\r\n")).await.is_err());
    }

    #[tokio::test]
    async fn a_loading_redis_is_not_ready() {
        let error = info(answer_once(b"-LOADING Redis is loading\r\n")).await.unwrap_err();
        assert!(error.to_string().contains("LOADING"), "{error}");
    }

    #[tokio::test]
    async fn redis_says_who_it_is() {
        let port = answer_once(
            b"+PONG\r\n$60\r\n# Server\r\nredis_version:7.0.15\r\nprocess_id:4711\r\n\r\n+OK\r\n",
        );
        let said = info(port).await.unwrap();
        assert_eq!(said, RedisInfo { version: "7.0.15".into(), process: 4711 });
    }
}
