//! The lines of the live area, character by character.

use super::*;
use lab::{Member, Note, Stage};
use scenario::{Action, Fault, Target};

fn ms(ms: u64) -> Duration {
    Duration::from_millis(ms)
}

/// A run over Redis whose broker was killed 1.2 s ago.
fn scene(now: Instant) -> Scene {
    let mut scene = Scene::default();
    let mut take = |note: Note<'_>| scene.take(&note, now - ms(6_200));
    take(Note::Run { label: "redis", index: 1, of: 4 });
    let (action, target) = (Action::Kill, Target::Broker);
    take(Note::Planned(&[Fault { at: ms(5_000), duration: Some(ms(5_000)), action, target }]));
    let member = |name: &str| Member { name: name.into(), ours: true };
    take(Note::Members(&["node 0", "node 1", "broker"].map(member)));
    take(Note::Phase { name: "load", length: Some(ms(20_000)) });
    let counts = Counts { sent: 620, acked: 500, refused: 119, unknown: 1, delivered: 15_000, missing: 600 };
    let latency_us: Vec<_> = (0..60).map(|n| (n < 55).then_some(n * 100)).collect();
    take(Note::Progress { at: ms(0), counts, latency_us: &latency_us });
    take(Note::Fault { number: 0, stage: Stage::Struck, at: ms(5_000), what: "kill broker".into() });
    scene
}

fn drawn(scene: &Scene, now: Instant, columns: usize) -> String {
    lines(scene, now, columns)
        .iter()
        .map(|line| line.cut(columns, false).trim_end().to_owned() + "\n")
        .collect()
}

#[test]
fn a_run_in_its_load() {
    let now = Instant::now();
    let expected = "
[1/4] redis  load     █████████░░░░░░░░░░░░░░░░░░░░░    6.2 s of 20.0 s
p99 latency  ▂▂▂▂▃▃▃▃▃▃▃▃▃▃▃▃▃▄▄▄▄▄▄▄▄▄▄▄▄▅▅▅▅▅             -  scale to 10.0 ms
     sent     acked   refused   unknown    delivered   lost so far
      620       500       119         1       15,000           600
node 0 up       node 1 up       broker KILLED
kill broker since  1.2 s, heals in  3.8 s
";
    assert_eq!(format!("\n{}", drawn(&scene(now), now, 79)), expected);
}

#[test]
fn no_field_moves_while_figures_grow() {
    let now = Instant::now();
    let (early, mut late) = (scene(now), scene(now));
    late.counts = Counts {
        sent: 1_234_567,
        acked: 1_234_567,
        refused: 1_234_567,
        unknown: 999_999,
        delivered: 99_999_999,
        missing: 9_999_999,
    };
    late.load_began = Some(now - ms(19_900));
    let ends = |scene: &Scene| lines(scene, now, 79)[..4].iter().map(StyledLine::width).collect::<Vec<_>>();
    assert_eq!(ends(&early), ends(&late));
    assert!(ends(&late).iter().all(|width| *width <= 79), "{:?}", ends(&late));
}

#[test]
fn a_narrow_terminal_shows_every_figure_whole() {
    let now = Instant::now();
    let mut scene = scene(now);
    scene.run = "[1/4] a server of mine rate=100".into();
    let expected = "
[1/4] a server of mine rate=100
load     ███░░░░░░░░    6.2 s of 20.0 s
p99 latency  ▅▅▅             -
     sent     acked   refused   unknown
      620       500       119         1
    delivered   lost so far
       15,000           600
  2 nodes up  broker KILLED
kill broker since  1.2 s, heals in
  3.8 s
";
    assert_eq!(format!("\n{}", drawn(&scene, now, 39)), expected);
    // The widths are the one at which all counts just fit side by side, and one column less.
    assert_eq!([66, 65].map(|columns| lines(&scene, now, columns).len()), [6, 8]);
}

#[test]
fn whatever_the_width_there_is_something_to_see() {
    let now = Instant::now();
    for columns in [0, 1, 10, 39, 79, 200] {
        let drawn = drawn(&scene(now), now, columns);
        assert!(drawn.lines().count() >= 6, "{drawn}");
        assert!(drawn.lines().all(|line| line.chars().count() <= columns), "{drawn}");
    }
}

#[test]
fn a_start_says_what_it_waits_for() {
    let now = Instant::now();
    let mut scene = Scene::default();
    scene.take(&Note::Run { label: "amqp", index: 2, of: 4 }, now);
    scene.take(&Note::Phase { name: "start", length: None }, now);
    scene.take(&Note::Waiting("RabbitMQ"), now);
    let drawn = drawn(&scene, now + ms(3_400), 79);
    let first = drawn.lines().next().unwrap();
    assert_eq!(first, "[2/4] amqp  start    waits for RabbitMQ                3.4 s");
}
