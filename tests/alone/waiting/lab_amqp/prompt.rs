//! RabbitMQ and the history, struck and brought back at the prompt of `run`.

use crate::support::plain::assert_crosses;
use crate::support::prompted::Prompted;

#[tokio::test(flavor = "multi_thread")]
async fn the_history_and_the_broker_come_back_at_the_prompt() {
    let run = Prompted::start("amqp", 2);
    run.says("kill history", "the history service was killed: the chat goes on without history");
    run.says("status", "history   down");
    assert_crosses(&run.ws(0), &run.ws(1)).await;
    run.says("start history", "the history is back, after ");
    run.says("kill broker", "without their broker; what is said now waits for it for a while");
    // A node starts without its broker, and waits for it.
    run.says("kill node 1", "node 1 was killed");
    run.says("start node 1", ", but node 1 does not serve yet; `status`");
    let back = run.order("start broker");
    assert!(
        back.contains("the broker is back, after ") && back.contains("what waited for it goes out now"),
        "{back}"
    );
    assert_crosses(&run.ws(0), &run.ws(1)).await;
    run.says("cut history <-> broker", "the history service was cut off from the broker");
    run.says("heal", "healed: cut history <-> broker; everybody serves again");
    run.says("help", "history");
    let seen = run.processes();
    run.terminal.types("quit\r");
    assert_eq!(run.ends(&seen), 0);
}
