//! What cannot be run is said in one sentence with a hint, before anything is started.

use std::io::{Read, Write};
use std::net::{TcpListener, TcpStream};

use crate::support::process::{PATIENCE, Running};
use crate::support::report::{Bench, Place, short};

/// Runs a bench that cannot run. Gives what it says, after a look at its exit code and at what is left.
fn refused(scenario: &str, args: &[&str], exit: i32) -> String {
    let ended = Bench::start(scenario, args).ended();
    assert_eq!(ended.code, Some(exit), "{}", ended.everything());
    assert_eq!(ended.out(), Vec::<String>::new(), "results only on stdout");
    ended.place.assert_nothing_left(&[], std::time::Duration::ZERO);
    let err = ended.err().join("\n");
    let errors = err.lines().filter(|line| line.starts_with("error: ")).count();
    assert_eq!(errors, 1, "{err}");
    err
}

#[test]
fn an_invalid_file_is_named_with_line_and_column() {
    let scenario = short("").replace("rate = 100", "raet = 100");
    let err = refused(&scenario, &[], 2);
    assert_eq!(err, "error: scenario.toml:7:1: [load] has no key `raet`\nhint: did you mean `rate`?");

    let late = short("[[fault]]\nat = \"2s\"\nfor = \"2s\"\nkill = \"broker\"\n");
    let err = refused(&late, &[], 2);
    assert!(err.starts_with("error: scenario.toml:13:"), "{err}");
    assert!(err.contains("past the end of the load at 3s") && err.contains("\nhint: "), "{err}");
}

#[test]
fn a_flag_that_is_wrong_is_named() {
    let err = refused(&short(""), &["--rate", "fast"], 2);
    assert!(err.starts_with("error: --rate fast: `rate` must be"), "{err}");
    let err = refused(&short(""), &["--warm-up", "soon"], 2);
    assert!(err.starts_with("error: --warm-up soon: `warm_up` must be"), "{err}");
}

#[test]
fn a_transport_that_cannot_be_is_refused_with_what_can() {
    for (args, error) in [
        (
            &["--transport", "ws,carrier-pigeon"][..],
            "error: --transport ws,carrier-pigeon: `transport` cannot be `carrier-pigeon`\n\
             hint: known are `ws`, `sse`, `long-poll` and `poll`",
        ),
        (
            &["--transport", "longpoll"],
            "error: --transport longpoll: `transport` cannot be `longpoll`\nhint: did you mean `long-poll`?",
        ),
        (
            &["--transport", "sse", "--presence"],
            "error: --transport sse: who watches `presence` listens over a WebSocket, and `transport` names `sse`\n\
             hint: leave out one of the two",
        ),
        (
            &["--transport", "poll", "--poll-every", "3s"],
            "error: --poll-every 3s: `poll_every` (3s) is longer than `drain` (2s), so that the last messages would not be \
             asked for\nhint: lower `poll_every`, or raise `drain`",
        ),
    ] {
        assert_eq!(refused(&short(""), args, 2), error, "{args:?}");
    }
}

#[test]
fn an_unknown_scenario_gets_a_suggestion() {
    let place = Place::new("");
    for (name, hint) in [("stedy", "`steady`"), ("no/such/file.toml", "")] {
        let mut command = crate::support::process::pubsub_lab(&["bench", "--scenario", name]);
        command.current_dir(place.path());
        let mut bench = Running::start(command);
        assert_eq!(bench.ended_within(PATIENCE).code(), Some(2), "{}", bench.everything());
        let err = bench.err().join("\n");
        assert!(err.starts_with("error: ") && err.contains(name), "{err}");
        assert!(err.contains("\nhint: ") && err.contains(hint), "{err}");
    }
    assert!(!place.path().join("runs").exists(), "nothing was begun");
}

#[test]
fn an_unknown_pattern_is_wrong_usage() {
    for (pattern, says) in [
        ("carrier-pigeon", "this version runs local, redis, zeromq, amqp"),
        ("local,carrier-pigeon", "carrier-pigeon"),
    ] {
        let err = refused(&short(""), &["--pattern", pattern], 2);
        assert!(err.contains(says) && err.contains("\nhint: "), "{err}");
    }
}

#[test]
fn without_a_redis_there_is_an_install_line_before_anything_runs() {
    let empty = tempfile::tempdir().unwrap();
    // With local before it: who waits for that to end learns nothing new.
    let scenario = format!("patterns = [\"local\", \"redis\"]\n{}", short(""));
    let ended = Bench::start_with(&scenario, &[], |command| {
        // No server and no Docker on the path, and none where servers usually are.
        command.env("PATH", empty.path()).env("PUBSUB_LAB_REDIS_SERVER", "");
    })
    .ended();
    assert_eq!(ended.code, Some(4), "{}", ended.everything());
    let err = ended.err().join("\n");
    assert!(err.contains("error: the pattern redis needs a Redis server"), "{err}");
    assert!(err.contains("apt-get install redis-server") || err.contains("brew install redis"), "{err}");
    assert!(!err.contains("local"), "nothing ran: {err}");
    ended.place.assert_nothing_left(&[], std::time::Duration::ZERO);
}

#[test]
fn a_broker_that_is_not_the_labs_is_not_broken() {
    let fault = "[[fault]]\nat = \"1s\"\nfor = \"1s\"\nkill = \"broker\"\n";
    let scenario = format!("patterns = [\"redis\"]\n{}", short(fault));
    let err = refused(&scenario, &["--broker", "redis://:s3cret@127.0.0.1:1"], 2);
    assert!(err.contains("the broker at redis://***@127.0.0.1:1 is not the lab's"), "{err}");
    assert!(err.contains("\nhint: leave out `--broker`; "), "{err}");
    assert!(!err.contains("s3cret"), "{err}");
}

#[test]
fn a_broker_that_does_not_answer_is_named() {
    let port = pubsub_lab::lab::ports::free(1).unwrap()[0];
    let scenario = format!("patterns = [\"redis\"]\n{}", short(""));
    let err = refused(&scenario, &["--broker", &format!("redis://127.0.0.1:{port}")], 4);
    assert!(err.contains(&format!("the broker at redis://127.0.0.1:{port} cannot be used")), "{err}");
}

#[test]
fn urls_are_measured_as_they_are() {
    // Nobody there: that is told before anything is waited for, and not as a finding about the load generator.
    let port = pubsub_lab::lab::ports::free(1).unwrap()[0];
    let url = format!("ws://127.0.0.1:{port}");
    let err = refused(&short(""), &["--url", &url], 4);
    let said = format!("error: nobody opens a WebSocket at {url}: Connection refused (os error ");
    let hint = "\nhint: start the server first, or look at the host, the port and the path of its `--url`";
    assert!(err.contains(&said) && err.ends_with(hint), "{err}");
    // Somebody who opens none, and somebody who says nothing at all.
    let web =
        serve(|stream| stream.write_all(b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n").unwrap());
    let err = refused(&short(""), &["--url", &format!("ws://127.0.0.1:{web}/chat")], 4);
    assert!(err.contains(&format!("at ws://127.0.0.1:{web}/chat: HTTP 404 Not Found\n")), "{err}");
    let mute = serve(|stream| {
        // It is over when the client gives up.
        let _ = stream.read(&mut [0; 1]);
    });
    let slow = ["--url", &format!("ws://127.0.0.1:{mute}"), "--connect-timeout", "200ms"];
    let err = refused(&short(""), &slow, 4);
    assert!(err.contains("no answer within 200ms\n"), "{err}");
    // No URL of a WebSocket.
    let err = refused(&short(""), &["--url", "http://me:s3cret@127.0.0.1:1"], 2);
    assert!(err.contains("\"http://***@127.0.0.1:1\" is not the URL of a node\nhint: "), "{err}");
    let err = refused(&short(""), &["--url", "wss://127.0.0.1:1"], 2);
    assert!(err.contains("\nhint: the load speaks no TLS"), "{err}");
    // Nobody here can kill what is not the lab's.
    let fault = short("[[fault]]\nat = \"1s\"\nkill = \"node 0\"\n");
    let ended = Bench::start(&fault, &["--url", &url]).ended();
    assert_eq!(ended.report().run("attached")["verdict"], "not_applicable");
    // Its own subscribers are its own to send away: only that nobody is there to begin with is in the way.
    let leave = short("[[fault]]\nat = \"1s\"\nleave = \"50%\"\n");
    refused(&leave, &["--url", &url], 4);
}

/// Does this with each connection, once its request has come; gives the port.
fn serve(answer: impl Fn(&mut TcpStream) + Send + 'static) -> u16 {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    std::thread::spawn(move || {
        while let Ok((mut stream, _)) = listener.accept() {
            if stream.read(&mut [0; 4096]).is_ok() {
                answer(&mut stream);
            }
        }
    });
    port
}

#[test]
fn a_bench_that_runs_nothing_is_no_success_and_names_the_patterns_that_its_faults_strike() {
    let scenario = short("[[fault]]\nat = \"1s\"\nfor = \"500ms\"\nkill = \"broker\"\n");
    for format in ["text", "json"] {
        let ended = Bench::start(&scenario, &["--pattern", "zeromq", "--format", format]).ended();
        assert_eq!(ended.code, Some(2), "{}", ended.everything());
        let err = ended.err().join("\n");
        assert!(err.contains("error: nothing was run: zeromq has no broker to kill\n"), "{err}");
        let hint = "\nhint: scenario can strike redis and amqp: `--pattern redis,amqp`";
        assert!(err.contains(hint), "{err}");
        assert_eq!(ended.report().run("zeromq")["verdict"], "not_applicable");
    }
}

#[test]
fn a_flag_for_nodes_that_no_pattern_has_a_use_for_is_refused_before_anything_starts() {
    let err = refused(&short(""), &["--pattern", "redis", "--node-flag=--hwm=5"], 2);
    assert_eq!(
        err,
        "error: --node-flag: a node of redis has no use for `--hwm`, which is for zeromq\nhint: leave it out, or run zeromq; \
         see `pubsub-lab node --help`"
    );
    let err = refused(&short(""), &["--pattern", "redis", "--node-flag=--broker=redis://:s3cret@host"], 2);
    assert!(err.contains("is the lab's own") && !err.contains("s3cret"), "{err}");
}
