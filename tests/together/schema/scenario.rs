//! A scenario file validates if the parser takes it, and does not if the parser refuses it for its shape.

use pubsub_lab::scenario::{ACTIONS, FigureKind, Overrides, Scenario, Shipped, figure_kind, figure_names};
use serde_json::Value;

use super::{printed, schema};
use crate::support::validator::wrong;

/// A scenario file as JSON.
fn json(text: &str) -> Value {
    toml::from_str(text).unwrap_or_else(|error| panic!("{error}\n{text}"))
}

/// Asserts that the parser and the schema are of one mind about each file.
#[track_caller]
fn judged(files: &[String], valid: bool) {
    let documents: Vec<_> = files.iter().map(|text| json(text)).collect();
    let found = wrong(&schema("scenario"), &documents);
    let mut other = Vec::new();
    for (text, wrong) in files.iter().zip(found) {
        let refused = Scenario::parse("s.toml", text, &Overrides::new()).err();
        if refused.is_none() != valid || wrong.is_none() != valid {
            other.push(format!("parser: {refused:?}\nschema: {wrong:?}\n{text}"));
        }
    }
    assert!(other.is_empty(), "not {}:\n{}", if valid { "taken" } else { "refused" }, other.join("\n"));
}

/// One fault at 1 s with these lines.
fn fault(lines: &str) -> String {
    format!("[[fault]]\nat = \"1s\"\n{lines}\n")
}

fn owned(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

#[test]
fn what_is_shipped_validates() {
    let names: Vec<_> = Shipped::all().into_iter().map(|shipped| shipped.name).collect();
    assert!(names.len() > 20, "{names:?}");
    let files: Vec<_> = names.iter().map(|name| printed(&["scenarios", "show", name])).collect();
    judged(&files, true);
}

#[test]
fn what_the_parser_makes_of_a_file_validates_too() {
    let effective = |shipped: Shipped| {
        let scenario = Scenario::load(&shipped.name, &Overrides::new()).unwrap();
        let mut json = scenario.to_json();
        // The name is the file's, not in it.
        json.as_object_mut().unwrap().remove("name");
        json
    };
    let documents: Vec<_> = Shipped::all().into_iter().map(effective).collect();
    assert_eq!(wrong(&schema("scenario"), &documents), vec![None; documents.len()]);
}

#[test]
fn durations_are_those_of_the_parser() {
    let field = |value: &&str| format!("[load]\nwarm_up = {value:?}\n");
    let taken =
        ["0", "0s", "1m 30s", "1m30s", " 2 s ", "1.5s", "500µs", "2secs", "1min 1sec", "1 0s", "3millis"];
    judged(&taken.iter().map(field).collect::<Vec<_>>(), true);
    let refused =
        ["", " ", "2", "s", "2 parsecs", "-2s", "2s-", "1m 30", "1.s", ".5s", "2,5s", "2S", "two s"];
    judged(&refused.iter().map(field).collect::<Vec<_>>(), false);
}

#[test]
fn links_are_those_of_the_parser() {
    let link = |link: &&str| fault(&format!("blackhole = {link:?}"));
    let taken = [
        "node 1 -> broker",
        "broker<-node 1",
        " node  * <-> broker ",
        "client * <-> node 1",
        "clients * -> node any",
        "history <-> broker",
        "node 0 <-> node 2",
        "node * <-> node *",
        "node any <- history",
    ];
    judged(&taken.iter().map(link).collect::<Vec<_>>(), true);
    let refused = [
        "",
        "broker",
        "node 1",
        "node 1 - broker",
        "node 1 -> ",
        "node1 -> broker",
        "node -1 -> broker",
        "broker <-> broker",
        "client * <-> broker",
        "client 1 <-> node 1",
        "node 1 <-> node 2 <-> broker",
        "Node 1 -> broker",
    ];
    judged(&refused.iter().map(link).collect::<Vec<_>>(), false);
}

/// The lines of a fault, with those that the parser misses, as it says that they are written.
fn completed(mut lines: String) -> String {
    while let Err(error) = Scenario::parse("s.toml", &fault(&lines), &Overrides::new()) {
        let line = error.hint().strip_prefix("write it like ").unwrap_or_else(|| panic!("{lines}: {error}"));
        lines = format!("{lines}\n{line}");
    }
    lines
}

#[test]
fn every_action_has_a_form_that_both_take() {
    let link = "\"node 1 <-> broker\"";
    let lines = |action: &str| match action {
        "kill" | "stop" | "pause" => format!("{action} = \"node any\""),
        "leave" | "join" => format!("{action} = \"50 %\""),
        "delay" => format!("delay = {link}\nby = \"10ms\"\njitter = \"5ms\""),
        "limit" => format!("limit = {link}\nbytes = 0"),
        "partition" => "partition = [\"node 0\", \"broker\"]".into(),
        "slow" => "slow = \"subscriber any\"\nbytes_per_second = 10".into(),
        "storm" => "storm = \"node *\"".into(),
        "surge" => "surge = 0.5\nfor = \"1s\"".into(),
        "run" => "run = \"docker pause x\"\nheal = \"docker unpause x\"\nfor = \"1s\"".into(),
        _ => completed(format!("{action} = {link}")),
    };
    let mut files: Vec<_> = ACTIONS.iter().map(|action| fault(&lines(action))).collect();
    files.extend(owned(&[
        "",
        "fault = []",
        "title = \"Zürich\"\npatterns = [\"amqp\"]\n[cluster]\n[load]\n[expect]\n",
        "[load]\nrate = 0.5\nresend = true\nduration = \"1h\"\n",
        "[matrix]\nrate = [0.5, 20]\nnodes = [1, 2]\n",
        "[matrix]\nrate = [1, 2]\nuntil = \"violated\"\n",
        "[[fault]]\nbetween = [\"1s\", \"2s\"]\nevery = \"3s\"\ntimes = 2\nfor = \"1s\"\nkill = \"broker\"\n\
         patterns = [\"redis\"]\n",
        "[[fault]]\nat = \"1s\"\npartition = [[\"node 0\"], [\"node 1\", \"history\"]]\n",
        "[[fault]]\nat = \"1s\"\nslow = \"10%\"\nbytes_per_second = 10\n",
    ]));
    judged(&files, true);
}

#[test]
fn bounds_are_those_of_the_parser() {
    let bounds = |kind| match kind {
        FigureKind::Count => ["0", "\"<= 5\"", "[\"> 1\", \"10 .. 20\", 15]", "\"=1e3\""],
        FigureKind::Amount => ["50", "\"<= 50\"", "[\"> 1\", \"10 .. 20.5\"]", "\"=1e3\""],
        FigureKind::Share => ["1", "\">= 99.7%\"", "[\"> 0.125\", \"10% .. 20 %\"]", "\"0..1\""],
        FigureKind::Time => {
            ["\"= 20ms\"", "\"< 1ms 500us\"", "[\"> 1us\", \"5ms .. 1m 2s\"]", "\"1ms..2ms\""]
        }
        FigureKind::Millis | FigureKind::Micros => {
            ["12.5", "\"< 20ms\"", "[\"> 1\", \"5us .. 2s\"]", "\"5 .. 20ms\""]
        }
    };
    let file = |n: usize| {
        let line = |figure: String| format!("{figure} = {}\n", bounds(figure_kind(&figure).unwrap())[n]);
        let all: String = figure_names().map(line).collect();
        format!("[expect]\n{all}[expect.redis]\n{all}[expect.server]\n{all}")
    };
    judged(&[0, 1, 2, 3].map(file), true);
    let refused = [
        "lost = true",
        "lost = \"5\"",
        "lost = \"< 2s\"",
        "lost = \"<\"",
        "lost = \"== 5\"",
        "lost = \"< 5%\"",
        "lost = \"10 ..\"",
        "lost = \".. 10\"",
        "lost = -1",
        "lost = []",
        "lost = [[0]]",
        "lost = [\"< 5\", \"many\"]",
        "on_time = 20",
        "on_time = \">= %\"",
        "p99 = 20",
        "p99 = \"20ms\"",
        "p99 = \"< 20\"",
        "p99 = \"5 .. 20ms\"",
        "p99_ms = \"< 2 parsecs\"",
        "p95 = \"< 2s\"",
        "lost_ms = 1",
        "colour = 1",
        "redis = 1",
        "redis.colour = 1",
        "redis.redis = {}",
        "rabbit.lost = 0",
    ];
    judged(&refused.map(|line| format!("[expect]\n{line}\n")), false);
}

#[test]
fn what_is_refused_for_its_shape_does_not_validate() {
    let mut files = owned(&[
        "colour = 1",
        "name = \"x\"",
        "title = 5",
        "title = \" \"",
        "title = \"two\\nlines\"",
        "patterns = \"redis\"",
        "patterns = []",
        "patterns = [\"rabbit\"]",
        "patterns = [\"redis\", \"redis\"]",
        "cluster = 3",
        "[cluster]\nnodes = 0",
        "[cluster]\nnodes = \"3\"",
        "[cluster]\nnodes = 65",
        "[cluster]\nrate = 10",
        "[load]\nrate = 0",
        "[load]\nrate = \"fast\"",
        "[load]\npayload = 47",
        "[load]\nresend = 1",
        "[load]\nduration = 20",
        "[load]\nduration = \"0s\"",
        "[load]\nspeed = 10",
        "[matrix]\nrate = 10",
        "[matrix]\nrate = []",
        "[matrix]\nrate = [\"10\"]",
        "[matrix]\nresend = [true, false]",
        "[matrix]\nrate = [1]\nuntil = \"valid\"",
        "[matrix]\nrate = [1]\nnodes = [1]\nuntil = \"violated\"",
        "[fault]\nat = \"1s\"\nkill = \"broker\"",
        "fault = [1]",
        "[[fault]]\nkill = \"broker\"",
        "[[fault]]\nat = \"1s\"\nbetween = [\"1s\", \"2s\"]\nkill = \"broker\"",
        "[[fault]]\nbetween = [\"1s\"]\nkill = \"broker\"",
        "[[fault]]\nbetween = \"1s\"\nkill = \"broker\"",
        "[expect]\nlost = { most = 5 }",
    ]);
    files.extend(
        [
            "",
            "kill = \"broker\"\nstop = \"broker\"",
            "kill = \"brokr\"",
            "kill = \"node\"",
            "kill = \"client *\"",
            "kill = [\"broker\"]",
            "kill = \"broker\"\nfor = 5",
            "kill = \"broker\"\nfor = \"0s\"",
            "kill = \"broker\"\ntimes = 2",
            "kill = \"broker\"\nevery = \"2s\"\ntimes = 0",
            "kill = \"broker\"\nby = \"1s\"",
            "kill = \"broker\"\npatterns = []",
            "kill = \"broker\"\ncolour = 1",
            "leave = \"half\"",
            "leave = \"0%\"",
            "leave = \"101%\"",
            "join = \"50%\"\nfor = \"1s\"",
            "cut = \"node 1 -> broker\"",
            "delay = \"node 1 <-> broker\"",
            "delay = \"node 1 <-> broker\"\nby = \"1s\"\nbytes = 5",
            "throttle = \"node 1 <-> broker\"\nbytes_per_second = 0",
            "slice = \"node 1 <-> broker\"\nbytes = 10",
            "slice = \"node 1 <-> broker\"\nbytes = 0\ngap = \"1ms\"",
            "limit = \"node 1 <-> broker\"\nbytes = -1",
            "partition = \"node 0\"",
            "partition = []",
            "partition = [[\"node 0\"], []]",
            "partition = [[\"node 0\"], \"node 1\"]",
            "partition = [[\"node *\"]]",
            "slow = \"node 1\"\nbytes_per_second = 100",
            "slow = \"subscriber 3\"",
            "storm = \"broker\"",
            "storm = \"node 1\"\nfor = \"1s\"",
            "surge = 10",
            "surge = 0\nfor = \"1s\"",
            "surge = \"10\"\nfor = \"1s\"",
            "run = \" \"",
            "run = \"true\"\nheal = \"true\"",
            "explode = \"broker\"",
        ]
        .map(fault),
    );
    judged(&files, false);
}
