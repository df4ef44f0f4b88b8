//! How a node and the history listen on their port, and to whom they answer.

use std::net::SocketAddr;

use clap::Args;
use tokio::net::TcpListener;

use super::failure::{ENVIRONMENT, Failure};
use door::Callers;

/// Flags that say under which names a service answers.
#[derive(Debug, Args)]
pub struct HostArgs {
    /// Name under which clients reach this service, as in the URL (repeatable) [default: on loopback, localhost and
    /// addresses alone; elsewhere any]
    #[arg(long = "allow-host", value_name = "NAME")]
    allowed_hosts: Vec<String>,
}

impl HostArgs {
    /// Whose requests a service on this listener answers.
    pub fn callers(self, listener: &TcpListener, origins: Vec<String>) -> Callers {
        let on_loopback = listener.local_addr().is_ok_and(|address| address.ip().is_loopback());
        Callers::new(on_loopback, self.allowed_hosts, origins)
    }
}

/// Listens on an address.
pub fn listen(address: SocketAddr) -> Result<TcpListener, Failure> {
    door::listen(address).map_err(|error| {
        let message = format!("cannot listen on {address}: {error}");
        Failure::new(ENVIRONMENT, message, "choose another address with `--listen`; port 0 picks a free one")
    })
}
