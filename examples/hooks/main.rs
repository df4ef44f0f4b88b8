//! A node with three hooks of its own, in one process without a broker:
//!
//! ```text
//! cargo run --release --example hooks
//! ```
//!
//! Open http://127.0.0.1:8080 and say `darn`; then go to the room `news` under another name than Ada. What happens is
//! written to standard error. Hooks are asked in their order, so the audit log has the words before they are masked.

#![allow(clippy::print_stderr, reason = "an example speaks to who has started it")]

mod audit;
mod mask;
mod read_only;

use std::sync::{Arc, mpsc};

use pubsub_lab::bus::local::LocalBus;
use pubsub_lab::door::{Callers, listen};
use pubsub_lab::node::{Hooks, NodeOptions, Secret, serve};
use tokio_util::sync::CancellationToken;

use audit::Audit;
use mask::Mask;
use read_only::ReadOnly;

/// Number of envelopes that may wait on their way through the bus.
const QUEUE: usize = 1024;

#[tokio::main]
async fn main() -> std::io::Result<()> {
    let (lines, log) = mpsc::channel();
    let writer = std::thread::spawn(move || log.iter().for_each(|line| eprintln!("{line}")));
    let hooks = Hooks::new(vec![
        Box::new(Audit(lines)),
        Box::new(Mask("darn")),
        Box::new(ReadOnly { room: "news", writer: "Ada" }),
    ]);
    let address = ([127, 0, 0, 1], 8080).into();
    let shutdown = CancellationToken::new();
    let options = NodeOptions {
        name: "hooks".into(),
        pattern: "local",
        limits: pubsub_lab::node::Limits::default(),
        secret: Secret::random(),
        store: None,
        hooks,
        publisher: None,
        callers: Callers::new(true, Vec::new(), Vec::new()),
        metrics: None,
        trace: pubsub_lab::trace::Trace::off(),
    };
    eprintln!("http://{address}; Ctrl-C ends it");
    let node = serve(listen(address)?, Arc::new(LocalBus::new(QUEUE)), options, shutdown.clone());
    let interrupt = async {
        let _ = tokio::signal::ctrl_c().await;
        shutdown.cancel();
        std::future::pending::<()>().await
    };
    tokio::select! {
        served = node => served?,
        () = interrupt => {}
    }
    // The hooks are gone with the node, so the log has ended.
    let _ = writer.join();
    Ok(())
}
