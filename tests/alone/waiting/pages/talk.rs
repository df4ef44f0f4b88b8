//! What the three do while all is well.

use serde_json::{Value, json};

use super::{BOB, Pages};
use crate::support::browser::Window;
use crate::support::chat_page::{ENTER, MEMBERS, STATE, TEXTS, TYPING, WHISPERS, say};

/// A room whose name is no markup either.
const ROOM: &str = "<i>math</i>";
const MARKUP: &str = "<img src=x onerror=\"window.harm = 1\">";
/// Each room of the list, with what is unread there.
const ROOMS: &str = "return [...document.querySelectorAll('#rooms-list li')].map((line) =>
    [line.querySelector('.room-name').textContent, line.querySelector('.unread')?.textContent ?? ''].join('|'))";
/// What markup would have left behind, wherever people write.
const HARM: &str = "return [document.querySelectorAll('#log img, b, i').length, window.harm ?? null]";

/// Shows a room, which the page enters if it is not there yet.
async fn go(page: &Window<'_>, room: &str) {
    page.run(&format!("location.hash = encodeURIComponent({})", json!(room))).await;
    page.until("return document.getElementById('room-title').textContent", room).await;
    page.until(STATE, "online").await;
}

pub async fn in_rooms_and_alone(pages: &Pages<'_>) {
    let Pages { ada, bob, cyd } = pages;

    // What one says all see, as it is written.
    say(bob, MARKUP).await;
    pages.show_once(MARKUP).await;

    // The others see who types, until it is said.
    bob.type_into("#text", "I am").await;
    for page in [ada, cyd] {
        page.until(TYPING, format!("{BOB} is typing…")).await;
    }
    bob.type_into("#text", &format!(" here{ENTER}")).await;
    pages.show_once("I am here").await;
    ada.until(TYPING, "").await;

    // A whisper is for its two ends, on whatever nodes they are.
    say(ada, &format!("@\"{BOB}\" psst")).await;
    ada.until(WHISPERS, json!([format!("Ada|to {BOB} alone|psst|")])).await;
    bob.until(WHISPERS, json!(["Ada|to you alone|psst|"])).await;
    say(bob, "@Ada yes?").await;
    ada.until(&format!("{WHISPERS}.at(-1)"), format!("{BOB}|to you alone|yes?|")).await;

    // Two of them go to another room. What is said in the one that is not shown is counted.
    for page in [ada, bob] {
        go(page, ROOM).await;
        page.until(TEXTS, json!([])).await;
    }
    ada.until(MEMBERS, "2 here").await;
    say(ada, "in the other room").await;
    bob.until(TEXTS, json!(["in the other room"])).await;
    say(cyd, "in the lobby").await;
    for page in [ada, bob] {
        page.until(ROOMS, json!(["lobby|1", format!("{ROOM}|")])).await;
    }
    assert_eq!(cyd.run(WHISPERS).await, json!([]), "Ada's own node tells nobody else");
    assert_eq!(cyd.run("return document.body.innerText.includes('other room')").await, false);
    // Who leaves the room is not there any more.
    bob.run("document.querySelector('[aria-current] ~ .leave').click()").await;
    ada.until(MEMBERS, "1 here").await;
    go(ada, "lobby").await;
    pages.are_together().await;
    pages.show_once("in the lobby").await;
    for page in pages.all() {
        assert_eq!(page.run(HARM).await, json!([0, Value::Null]));
    }
}
