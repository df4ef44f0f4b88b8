//! How a node asks the history service for what was said, and the words that both use. HTTP, because a replay is a
//! question with an answer.
//!
//! `GET /fences/{id}?wait_ms=2000` answers 200 `{"seq":17}` once the fence with this id is committed (everything
//! that the queue held before it has a `seq` up to that), else 404 when the time is up.
//!
//! `GET /rooms/{room}/envelopes?after=ID&margin=500&until=SEQ&limit=500` answers with the envelopes of the room as
//! they were published, oldest first, each as two lines: header, frame. It begins up to `margin` messages before
//! `after`, none of them stored over a minute before it, and ends at `until`. Headers: [`FOUND`] is `true` if the history
//! knows `after` (if not: the newest messages it holds, up to a bound); [`NEXT`] is the `seq` from which the next page
//! goes on (`from=SEQ` in place of `after` and `margin`), absent on the last page.

/// Response header: whether `after` is known.
pub const FOUND: &str = "pubsub-lab-found";
/// Response header: where the next page begins.
pub const NEXT: &str = "pubsub-lab-next";
