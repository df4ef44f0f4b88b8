//! The third-party servers that the lab knows: the one list of them, and what each is called where.

pub mod rabbitmq;
pub mod redis;

use std::fmt;
use std::ops::Deref;

use super::error::LabError;
use super::kind::BrokerKind;
use super::redaction::redact;
use rabbitmq::RabbitMq;
use redis::Redis;
use scenario::Pattern;

/// A third-party server that a pattern needs.
#[derive(Debug, Clone, Copy)]
pub struct Product(&'static dyn BrokerKind);

impl Product {
    /// All of them.
    pub const ALL: [Product; 2] = [Product(&Redis), Product(&RabbitMq)];

    /// What a pattern needs, if anything.
    pub fn of_pattern(pattern: Pattern) -> Option<Self> {
        let needed = pattern.broker()?;
        Self::ALL.into_iter().find(|product| product.name() == needed)
    }

    /// The patterns that need it.
    pub fn patterns(self) -> impl Iterator<Item = Pattern> {
        Pattern::ALL.into_iter().filter(move |pattern| pattern.broker() == Some(self.name()))
    }

    /// Whose URL this is, by its scheme.
    ///
    /// # Errors
    /// When no product has such URLs.
    pub fn of_url(url: &str) -> Result<Self, LabError> {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        let has = |product: &Self| {
            let facts = product.facts();
            facts.schemes.iter().chain(facts.other_schemes).any(|known| *known == scheme)
        };
        Self::ALL.into_iter().find(has).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(" nor one of ");
            let message = format!("the broker URL {} is neither one of {names}", redact(url));
            LabError::usage(message).hint(Self::ALL.map(Self::url_form).join("; "))
        })
    }

    /// Which one a word of `--broker` means: its scheme, or the name of its process.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| [product.scheme(), product.word()].contains(&word))
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The name of its process, of its log, and of its version in a report.
    pub fn word(self) -> &'static str {
        self.facts().word
    }

    /// The scheme of its URLs.
    pub fn scheme(self) -> &'static str {
        self.facts().schemes.first().copied().unwrap_or_default()
    }

    /// What stands for its URL in the command of a server that is not ours.
    pub fn blank(self) -> String {
        format!("{{{}}}", self.scheme())
    }

    /// How its URLs read, for a hint.
    pub fn url_form(self) -> &'static str {
        self.facts().url_form
    }

    /// Where clients of one on this loopback port find it.
    pub fn url(self, port: u16) -> String {
        format!("{}://127.0.0.1:{port}", self.scheme())
    }

    /// Where clients find one that listens where it does by itself.
    pub fn usual_url(self) -> String {
        self.url(self.facts().port)
    }
}

impl Deref for Product {
    type Target = dyn BrokerKind;

    fn deref(&self) -> &Self::Target {
        self.0
    }
}

impl PartialEq for Product {
    fn eq(&self, other: &Self) -> bool {
        self.word() == other.word()
    }
}

impl Eq for Product {}

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
            ("redis://host", Product(&Redis)),
            ("REDISS://:pw@host:1/2", Product(&Redis)),
            ("unix:///run/redis", Product(&Redis)),
            ("amqp://me:pw@host/vhost", Product(&RabbitMq)),
            ("amqps://host", Product(&RabbitMq)),
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

    #[test]
    fn every_broker_of_a_pattern_is_one_that_the_lab_knows() {
        for pattern in Pattern::ALL {
            assert_eq!(Product::of_pattern(pattern).map(Product::name), pattern.broker(), "{pattern}");
        }
        for product in Product::ALL {
            assert!(product.patterns().count() > 0, "{product}");
        }
    }

    #[test]
    fn no_two_answer_to_one_word() {
        for product in Product::ALL {
            let facts = product.facts();
            for scheme in facts.schemes.iter().chain(facts.other_schemes) {
                assert_eq!(Product::of_url(&format!("{scheme}://host")).unwrap(), product, "{scheme}");
            }
            for word in [product.scheme(), product.word()] {
                assert_eq!(Product::named(word), Some(product), "{word}");
            }
        }
        assert_eq!(Product::named("rabbit"), None);
        let usual = |word| Product::named(word).map(Product::usual_url);
        assert_eq!(usual("redis").as_deref(), Some("redis://127.0.0.1:6379"));
        assert_eq!(usual("amqp").as_deref(), Some("amqp://127.0.0.1:5672"));
    }
}
