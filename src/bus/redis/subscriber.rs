//! The connection that listens. It keeps Redis informed of the rooms that this node wants.

use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{RedisError, RedisResult};
use tokio_util::sync::CancellationToken;

use super::channels::Channels;
use super::connection::RedisConnection;
use super::errors::sentence;
use super::server::RedisServer;
use crate::ConnectionFailure;
use crate::inbox::Inbox;
use crate::interest::Interest;
use crate::keeper::Service;
use crate::status::{CLOSED, Part, Status};
use wire::Room;

/// Number of rooms in one command.
const CHUNK: usize = 500;

/// Subscribes to the rooms that the node wants.
pub(super) struct Subscriber {
    pub(super) server: Arc<RedisServer>,
    pub(super) interest: Arc<Interest>,
    pub(super) inbox: Arc<Inbox>,
    pub(super) status: Arc<Status>,
    pub(super) channels: Arc<Channels>,
    pub(super) stop: CancellationToken,
}

impl Subscriber {
    /// Subscribes and unsubscribes as the node asks, until the connection fails. The bus is up once every room that
    /// was wanted at the beginning is confirmed.
    async fn follow(&self, mut connection: MultiplexedConnection) -> String {
        self.interest.connected();
        loop {
            if let Err(reason) = self.catch_up(&mut connection).await {
                return reason;
            }
            self.status.set_up(Part::Subscriber);
            self.interest.changed().await;
        }
    }

    async fn catch_up(&self, connection: &mut MultiplexedConnection) -> Result<(), String> {
        let work = self.interest.take();
        for rooms in work.unsubscribe.chunks(CHUNK) {
            connection.unsubscribe(self.names(rooms)).await.map_err(failed)?;
            for room in rooms {
                self.interest.confirmed(room, false);
            }
        }
        for rooms in work.subscribe.chunks(CHUNK) {
            match self.subscribe(connection, rooms).await {
                Err(error) if is_refusal(&error) => {
                    // One forbidden channel makes Redis refuse the whole command, so the rooms are tried one by one.
                    for room in rooms {
                        self.subscribe_one(connection, room).await?;
                    }
                }
                result => result.map_err(failed)?,
            }
        }
        Ok(())
    }

    async fn subscribe(&self, connection: &mut MultiplexedConnection, rooms: &[Room]) -> RedisResult<()> {
        connection.subscribe(self.names(rooms)).await?;
        for room in rooms {
            self.interest.confirmed(room, true);
        }
        Ok(())
    }

    async fn subscribe_one(&self, connection: &mut MultiplexedConnection, room: &Room) -> Result<(), String> {
        match self.subscribe(connection, std::slice::from_ref(room)).await {
            Err(error) if is_refusal(&error) => {
                let reason = sentence(&error);
                if self.interest.refused(room, &reason) {
                    Ok(())
                } else {
                    Err(format!("Redis no longer lets this node subscribe to `{room}`: {reason}"))
                }
            }
            result => result.map_err(failed),
        }
    }

    fn names(&self, rooms: &[Room]) -> Vec<String> {
        rooms.iter().map(|room| self.channels.name(room)).collect()
    }
}

impl Service for Subscriber {
    type Connection = RedisConnection;

    async fn connect(&mut self) -> Result<RedisConnection, ConnectionFailure> {
        let (channels, inbox) = (Arc::clone(&self.channels), Arc::clone(&self.inbox));
        self.server.connect(Arc::new(move |info| channels.deliver(info, &inbox))).await
    }

    async fn serve(&mut self, connection: RedisConnection) -> String {
        let reason = tokio::select! {
            reason = connection.death() => reason,
            reason = self.follow(connection.multiplexed.clone()) => reason,
            () = self.stop.cancelled() => CLOSED.into(),
        };
        self.server.lost(&reason)
    }

    fn report_down(&mut self, reason: &str) {
        self.interest.disconnected();
        self.status.set_down(Part::Subscriber, reason);
    }
}

/// Whether Redis itself refused, on a connection that works.
fn is_refusal(error: &RedisError) -> bool {
    error.code().is_some()
}

fn failed(error: RedisError) -> String {
    format!("the connection failed: {}", sentence(&error))
}
