//! A network between a bus and RabbitMQ, which can be cut or made to swallow everything.

use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::task::TaskTracker;

pub struct Network {
    state: watch::Sender<Condition>,
    port: u16,
}

#[derive(Clone, Copy, PartialEq)]
pub enum Condition {
    Whole,
    /// Connections are closed, new ones too.
    Cut,
    /// Nothing comes through, and nobody is told.
    Hole,
}

impl Network {
    /// Its tasks end with it.
    pub async fn to(port: u16) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let own = listener.local_addr().unwrap().port();
        let (state, watched) = watch::channel(Condition::Whole);
        let tasks = TaskTracker::new();
        let (connections, mut ended) = (tasks.clone(), watched.clone());
        let accept = async move {
            while let Ok((near, _)) = listener.accept().await {
                connections.spawn(Self::carry(near, port, watched.clone()));
            }
        };
        tasks.spawn(async move {
            tokio::select! { () = accept => {}, _ = async { while ended.changed().await.is_ok() {} } => {} }
        });
        Self { state, port: own }
    }

    async fn carry(mut near: TcpStream, port: u16, mut state: watch::Receiver<Condition>) {
        // A connection of the hole stays in it: its packets are lost.
        if *state.borrow_and_update() == Condition::Whole {
            let mut far = TcpStream::connect(("127.0.0.1", port)).await.unwrap();
            tokio::select! {
                _ = copy_bidirectional(&mut near, &mut far) => return,
                _ = state.changed() => {}
            }
            // The far end hears nothing of it either, until the hole is gone.
            let _ = state.wait_for(|condition| *condition != Condition::Hole).await;
            return;
        }
        let _ = state.wait_for(|condition| *condition != Condition::Hole).await;
    }

    pub fn url(&self) -> String {
        format!("amqp://127.0.0.1:{}", self.port)
    }

    pub fn set(&self, condition: Condition) {
        self.state.send_replace(condition);
    }
}
