//! The third-party servers that the lab knows: the only list of them, and the names of each.

pub mod rabbitmq;
pub mod redis;

use std::fmt;
use std::ops::Deref;

use super::error::LabError;
use super::kind::BrokerKind;
use address::SafeUrl;
use rabbitmq::RabbitMq;
use redis::Redis;
use scenario::Pattern;

/// A third-party server that a pattern needs.
#[derive(Debug, Clone, Copy)]
pub struct Product(&'static dyn BrokerKind);

impl Product {
    /// Every product that the lab knows.
    pub const ALL: [Product; 2] = [Product(&Redis), Product(&RabbitMq)];

    /// The product that a pattern needs, if it needs one.
    pub fn of_pattern(pattern: Pattern) -> Option<Self> {
        let needed = pattern.broker()?;
        Self::ALL.into_iter().find(|product| product.name() == needed)
    }

    /// The patterns that need this product.
    pub fn patterns(self) -> impl Iterator<Item = Pattern> {
        Pattern::ALL.into_iter().filter(move |pattern| pattern.broker() == Some(self.name()))
    }

    /// The product that a URL belongs to, by its scheme.
    ///
    /// # Errors
    /// When no product has URLs of this scheme.
    pub fn of_url(url: &str) -> Result<Self, LabError> {
        let scheme = url.split_once(':').map_or("", |(scheme, _)| scheme).to_ascii_lowercase();
        let has = |product: &Self| {
            let facts = product.facts();
            facts.schemes.iter().chain(facts.other_schemes).any(|known| *known == scheme)
        };
        Self::ALL.into_iter().find(has).ok_or_else(|| {
            let names = Self::ALL.map(Self::name).join(" nor one of ");
            let message = format!("the broker URL {} is neither one of {names}", SafeUrl::new(url));
            LabError::usage(message).hint(Self::ALL.map(Self::url_form).join("; "))
        })
    }

    /// The product that a word of `--broker` means: the scheme of its URLs, or the name of its process.
    pub fn named(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|product| [product.scheme(), product.word()].contains(&word))
    }

    /// The name of the product for people.
    pub fn name(self) -> &'static str {
        self.facts().name
    }

    /// The name of the product's process, of its log, and of its version in a report.
    pub fn word(self) -> &'static str {
        self.facts().word
    }

    /// The scheme of the product's URLs.
    pub fn scheme(self) -> &'static str {
        self.facts().schemes.first().copied().unwrap_or_default()
    }

    /// The blank for the product's URL in the command of a server that is not ours.
    pub fn blank(self) -> String {
        format!("{{{}}}", self.scheme())
    }

    /// The form of the product's URLs, for a hint.
    pub fn url_form(self) -> &'static str {
        self.facts().url_form
    }

    /// The URL at which clients find a server of this product on this loopback port.
    pub fn url(self, port: u16) -> String {
        format!("{}://127.0.0.1:{port}", self.scheme())
    }

    /// The URL at which clients find a server of this product that listens on its default port.
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
