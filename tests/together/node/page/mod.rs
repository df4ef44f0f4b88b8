//! The chat page in a real browser, against real nodes.

mod absent;
mod chat;
mod here;
mod lines;
mod path;
mod place;
mod rooms;
mod session;
mod tabs;
mod talk;

use crate::support::browser::Window;
use crate::support::chat_page::{ENTER, MEMBERS, NAME, SAID, STATE, TEXTS, complaints, in_peace};
use crate::support::process::{Running, pubsub_lab};

/// A node with these arguments, and its address.
fn node_of(arguments: &[&str]) -> (Running, String) {
    let mut command = pubsub_lab(&["node"]);
    command.args(arguments).args(["--max-rate", "0"]).env("PUBSUB_LAB_SECRET", "one secret for all");
    let node = Running::start(command);
    let address = node.out_line("listening http://").replace("listening http://", "");
    (node, address)
}

/// A node of one's own, at this address.
fn node(listen: &str) -> (Running, String) {
    node_of(&["local", "--listen", listen])
}

async fn online(windows: &[&Window<'_>], members: usize) {
    for window in windows {
        window.until(STATE, "online").await;
        window.until(MEMBERS, format!("{members} here")).await;
    }
}

/// Goes to another room, as a link to it does.
async fn go(window: &Window<'_>, room: &str) {
    window.run(&format!("location.hash = '{room}'")).await;
    window.until("return document.title", format!("{room} · pubsub-lab")).await;
    window.until(STATE, "online").await;
}
