//! What a killed lab leaves at a broker of the user's: queues and exchanges that would stay for ever.

use std::collections::BTreeSet;
use std::time::Duration;

use crate::external;
use crate::product::Product;

/// How long all of it may take. The processes are killed by then, and the lab promises five seconds in all.
const WITHIN: Duration = Duration::from_millis(2500);
/// The pause before a failed removal is tried again.
const PAUSE: Duration = Duration::from_millis(100);

/// A broker of the user's, and the prefix of the names that a lab uses there.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Guest {
    pub(super) product: Product,
    pub(super) namespace: String,
    /// It may hold a password. The pipe is read by nobody but the warden.
    pub(super) url: String,
}

impl Guest {
    /// The words by which a guest is written down.
    pub(super) fn text(&self) -> String {
        format!("{} {} {}", self.product.word(), self.namespace, self.url)
    }

    /// Reads what was written down.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (word, rest) = text.split_once(' ')?;
        let (namespace, url) = rest.split_once(' ')?;
        Some(Self { product: Product::named(word)?, namespace: namespace.to_owned(), url: url.to_owned() })
    }

    /// Removes what the lab has left at the broker. `nodes` are the process ids of everything that it has started.
    /// Gives true when nothing is left.
    pub(super) fn remove(&self, nodes: &BTreeSet<i32>) -> bool {
        let nodes: Vec<i32> = nodes.iter().copied().collect();
        let removal = async {
            while external::clean(self.product, &self.url, &self.namespace, &nodes).await.is_err() {
                tokio::time::sleep(PAUSE).await;
            }
        };
        // The warden needs a runtime for nothing else, so it has none before.
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let Ok(runtime) = runtime else { return false };
        let removed = runtime.block_on(async { tokio::time::timeout(WITHIN, removal).await.is_ok() });
        // A thread that looks up the broker's name must not keep the warden.
        runtime.shutdown_background();
        removed
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_guest_is_read_as_it_was_written() {
        let url = "amqp://me:pass word@host/vhost".to_owned();
        let guest = Guest { product: Product::named("amqp").unwrap(), namespace: "pubsub-lab-1".into(), url };
        assert_eq!(guest.text(), "rabbitmq pubsub-lab-1 amqp://me:pass word@host/vhost");
        assert_eq!(Guest::parse(&guest.text()), Some(guest));
        for wrong in ["", "rabbitmq", "rabbitmq x", "nothing x amqp://host"] {
            assert_eq!(Guest::parse(wrong), None, "{wrong}");
        }
    }
}
