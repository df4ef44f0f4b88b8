//! temporary
use super::*;
use std::collections::HashSet;
use std::sync::Mutex;
/// t
pub struct LocalBus {
    tx: mpsc::Sender<BusEvent>,
    rx: Mutex<Option<mpsc::Receiver<BusEvent>>>,
    rooms: Mutex<HashSet<Room>>,
    health: watch::Sender<Health>,
}
impl LocalBus {
    /// t
    pub fn new(queue: usize) -> Self {
        let (tx, rx) = mpsc::channel(queue);
        Self { tx, rx: Mutex::new(Some(rx)), rooms: Default::default(), health: watch::channel(Health::Up).0 }
    }
}
impl Bus for LocalBus {
    fn publish(&self, e: Envelope) -> Receipt {
        if !self.rooms.lock().unwrap().contains(&e.room) {
            return Receipt::ready(Outcome::Ack(Level::Handed));
        }
        match self.tx.try_send(BusEvent::Envelope(e)) {
            Ok(()) => Receipt::ready(Outcome::Ack(Level::Handed)),
            Err(_) => Receipt::ready(Outcome::Refused { code: "overloaded", reason: "full".into() }),
        }
    }
    fn subscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        self.rooms.lock().unwrap().insert(room);
        Box::pin(async { Ok(()) })
    }
    fn unsubscribe(&self, room: Room) -> BoxFuture<Result<(), BusError>> {
        self.rooms.lock().unwrap().remove(&room);
        Box::pin(async { Ok(()) })
    }
    fn events(&self) -> Option<mpsc::Receiver<BusEvent>> {
        self.rx.lock().unwrap().take()
    }
    fn health(&self) -> watch::Receiver<Health> {
        self.health.subscribe()
    }
    fn crosses_nodes(&self) -> bool {
        false
    }
    fn close(&self) -> BoxFuture<()> {
        Box::pin(async {})
    }
}
