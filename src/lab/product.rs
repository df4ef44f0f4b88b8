//! The third-party servers that the lab knows, and what each is called where.

use std::fmt;
use std::io;

use super::error::LabError;
use super::probe;
use super::redaction::redact;
use scenario::Pattern;

/// A third-party server that a pattern needs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Product {
    /// Redis, for the pattern `redis`.
    Redis,
    /// RabbitMQ, for the pattern `amqp`.
    RabbitMq,
}

impl Product {
    /// What a pattern needs, if anything.
    pub fn of_pattern(pattern: Pattern) -> Option<Self> {
        match pattern {
            Pattern::Redis => Some(Self::Redis),
            Pattern::Amqp => Some(Self::RabbitMq),
            Pattern::Local | Pattern::Zeromq => None,
        }
    }

    /// Whose URL this is, by its scheme.
    ///
    /// # Errors
    /// When no product has such URLs.
    pub fn of_url(url: &str) -> Result<Self, LabError> {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme);
        match scheme.to_ascii_lowercase().as_str() {
            "redis" | "rediss" | "valkey" | "valkeys" | "unix" | "redis+unix" | "valkey+unix" => {
                Ok(Self::Redis)
            }
            "amqp" | "amqps" => Ok(Self::RabbitMq),
            _ => {
                let shown = redact(url);
                let message = format!("the broker URL {shown} is neither one of Redis nor one of RabbitMQ");
                Err(LabError::usage(message).hint(format!(
                    "{}; {}",
                    Self::Redis.url_form(),
                    Self::RabbitMq.url_form()
                )))
            }
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Redis => "Redis",
            Self::RabbitMq => "RabbitMQ",
        }
    }

    /// The name of its process, of its log, and of its version in a report.
    pub fn word(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::RabbitMq => "rabbitmq",
        }
    }

    /// The scheme of its URLs.
    pub fn scheme(self) -> &'static str {
        match self {
            Self::Redis => "redis",
            Self::RabbitMq => "amqp",
        }
    }

    /// How its URLs read, for a hint.
    pub fn url_form(self) -> &'static str {
        match self {
            Self::Redis => {
                "one of Redis reads redis://[user:password@]host[:port][/database], or rediss:// for TLS"
            }
            Self::RabbitMq => "one of RabbitMQ reads amqp://[user:password@]host[:port][/vhost]",
        }
    }

    /// Where clients of one on this loopback port find it.
    pub fn url(self, port: u16) -> String {
        format!("{}://127.0.0.1:{port}", self.scheme())
    }

    /// The version of the one that serves on this loopback port. An error until it serves.
    pub async fn version_at(self, port: u16) -> io::Result<String> {
        match self {
            Self::Redis => probe::redis_info(port).await.map(|info| info.version),
            Self::RabbitMq => probe::amqp_greeting(port).await.map(|greeting| greeting.version),
        }
    }
}

impl fmt::Display for Product {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.name())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_scheme_tells_the_product() {
        for (url, product) in [
            ("redis://host", Product::Redis),
            ("REDISS://:pw@host:1/2", Product::Redis),
            ("unix:///run/redis", Product::Redis),
            ("amqp://me:pw@host/vhost", Product::RabbitMq),
            ("amqps://host", Product::RabbitMq),
        ] {
            assert_eq!(Product::of_url(url).unwrap(), product, "{url}");
        }
        for url in ["http://me:s3cret@host", "", "host:6379", "me:s3cret@host"] {
            let error = Product::of_url(url).unwrap_err();
            assert_eq!(error.exit, 2);
            assert!(error.to_string().contains("redis://") && error.to_string().contains("amqp://"));
            assert!(!error.to_string().contains("s3cret"), "{error}");
        }
    }
}
