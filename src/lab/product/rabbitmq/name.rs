//! The node name of a managed RabbitMQ, and how the lab knows its own server by it.

use super::greeting::Greeting;

/// The first part of the node name, the same at every start: the server's data belong to the name.
pub(super) fn node(port: u16) -> String {
    format!("lab{port}")
}

/// Whether the server that greets is the one that the lab started on this port.
pub(super) fn is_ours(greeting: &Greeting, port: u16) -> bool {
    // RabbitMQ makes the name of its cluster of the node name; a RabbitMQ that does not tell it is believed.
    greeting.cluster.is_empty() || greeting.cluster.split('@').next() == Some(&node(port))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_labs_own_is_taken_for_it() {
        let greeting = |cluster: &str| Greeting {
            product: "RabbitMQ".into(),
            version: "3.10.8".into(),
            cluster: cluster.into(),
        };
        assert!(is_ours(&greeting("lab20123@host"), 20123));
        assert!(is_ours(&greeting(""), 20123));
        assert!(!is_ours(&greeting("rabbit@host"), 20123));
        assert!(!is_ours(&greeting("lab201234@host"), 20123));
    }
}
