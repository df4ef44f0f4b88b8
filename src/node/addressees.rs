//! The clients of this node that can be told something of their own: by connection, by session and by name.

use std::collections::{BTreeSet, HashMap};
use std::sync::Arc;

use super::client_connection::ClientConnection;
use super::identity::Identity;

/// The length of a session's id, in hexadecimal digits.
const ID_DIGITS: usize = 16;

/// The clients of the v1 dialect. To add, remove or find one costs about the same however many there are.
#[derive(Debug, Default)]
pub struct Addressees {
    /// By the numbers of their connections.
    clients: HashMap<u64, Client>,
    /// The connections of each session.
    by_id: BTreeSet<(Arc<str>, u64)>,
    /// The connections whose person bears each name.
    by_name: BTreeSet<(Arc<str>, u64)>,
}

#[derive(Debug)]
struct Client {
    connection: Arc<ClientConnection>,
    identity: Identity,
}

impl Addressees {
    /// Adds a client, or records who it is now.
    pub fn insert(&mut self, connection: Arc<ClientConnection>, identity: Identity) {
        let number = connection.number;
        self.remove(number);
        self.by_id.insert((identity.id.clone(), number));
        self.by_name.insert((identity.name.clone(), number));
        self.clients.insert(number, Client { connection, identity });
    }

    /// Forgets a client that is gone.
    pub fn remove(&mut self, number: u64) {
        if let Some(Client { identity, .. }) = self.clients.remove(&number) {
            self.by_id.remove(&(identity.id, number));
            self.by_name.remove(&(identity.name, number));
        }
    }

    /// The connections of all clients.
    pub fn connections(&self) -> impl Iterator<Item = &Arc<ClientConnection>> {
        self.clients.values().map(|client| &client.connection)
    }

    /// The connections of one session.
    pub fn of(&self, id: &str) -> impl Iterator<Item = &Arc<ClientConnection>> {
        numbers(&self.by_id, id).filter_map(|number| Some(&self.clients.get(&number)?.connection))
    }

    /// The people for whom these words may stand, one for each session and no more than `most`: the session with this
    /// id, or else those who bear this name. What looks like an id is never a name, or who takes the id of somebody who
    /// has gone for a name would get what is meant for that person.
    pub fn named(&self, words: &str, most: usize) -> Vec<Identity> {
        let mut people: Vec<Identity> = Vec::new();
        let names = if looks_like_id(words) { "" } else { words };
        for number in numbers(&self.by_id, words).chain(numbers(&self.by_name, names)) {
            let Some(Client { identity, .. }) = self.clients.get(&number) else { continue };
            if !people.iter().any(|person| person.id == identity.id) {
                people.push(identity.clone());
            }
            if people.len() >= most || *identity.id == *words {
                break;
            }
        }
        people
    }
}

fn numbers(index: &BTreeSet<(Arc<str>, u64)>, key: &str) -> impl Iterator<Item = u64> {
    let key: Arc<str> = key.into();
    index.range((key.clone(), 0)..=(key, u64::MAX)).map(|(_, number)| *number)
}

fn looks_like_id(words: &str) -> bool {
    words.len() == ID_DIGITS && words.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
