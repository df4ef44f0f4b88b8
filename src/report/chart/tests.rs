use super::sample::{first_lost, killed, lost, slice};
use super::svg::{Said, said};
use super::*;
use crate::sample::{fault, not_applicable, report, run_with, untold};
use crate::{Arrow, Carries, FaultReport, RunReport};
use ledger::Slice;

/// All pictures of these runs, each checked, with their words.
fn drawn(runs: Vec<RunReport>) -> Vec<(Picture, Said)> {
    pictures(&report(runs), Shape::Page)
        .into_iter()
        .map(|picture| (picture.clone(), said(&picture)))
        .collect()
}

fn find<'d>(drawn: &'d [(Picture, Said)], id: &str) -> &'d (Picture, Said) {
    drawn.iter().find(|(picture, _)| picture.id == id).unwrap_or_else(|| panic!("no {id}"))
}

fn ids(drawn: &[(Picture, Said)]) -> Vec<&str> {
    drawn.iter().map(|(picture, _)| picture.id.as_str()).collect()
}

const OVER_TIME: [&str; 6] = ["latency", "debts", "heat", "online", "fan-out", "losses"];

#[test]
fn every_picture_is_whole_and_names_the_fault() {
    let drawn = drawn(vec![killed(), not_applicable()]);
    let expected = ["latency", "debts", "heat", "online", "percentiles", "fan-out", "losses"];
    assert_eq!(ids(&drawn)[..7], expected);
    assert_eq!(ids(&drawn)[7..], ["story-redis-1-first-lost", "story-redis-1-slowest"]);
    for id in OVER_TIME {
        let (_, said) = find(&drawn, id);
        assert!(said.texts.iter().any(|text| text == "kill broker"), "{id}: {:?}", said.texts);
        assert!(said.texts.iter().any(|text| text == "seconds since the load began"), "{id}");
        let told = "kill broker: began at 5 s, healing began at 10 s, ready at 10.031 s";
        assert!(said.hits.iter().any(|hit| hit == told), "{id}: {:?}", said.hits);
    }
    // What was not run is said once on the page, and not in each picture.
    for (picture, said) in &drawn {
        assert!(said.texts.iter().all(|text| !text.contains("zeromq")), "{}: {:?}", picture.id, said.texts);
    }
}

#[test]
fn alone_a_picture_has_a_size_a_ground_and_its_title() {
    let all = pictures(&report(vec![killed()]), Shape::Page);
    assert!(all.len() > 6);
    for picture in all {
        let svg = picture.alone(Shape::Page, Theme::Light).unwrap();
        let (opening, size) = (svg.lines().nth(1).unwrap(), " width=\"792\" height=\"");
        assert!(
            opening.starts_with(&format!("<svg xmlns=\"http://www.w3.org/2000/svg\"{size}")),
            "{opening}"
        );
        // Apart from the size it is the picture of the page, with its title drawn, and its caption.
        let (head, rest) = svg.split_once(size).unwrap();
        let sizeless = format!("{head}{}", rest.split_once('"').unwrap().1);
        let (within, alone) = (said(&picture), said(&Picture { svg: sizeless, ..picture.clone() }));
        assert_eq!(alone.hits, within.hits);
        let lines = alone.texts.len() - within.texts.len();
        assert_eq!(
            (&alone.texts[..lines].join(" "), &alone.texts[lines..]),
            (&picture.title, &within.texts[..])
        );
        assert!(svg.contains(&*quick_xml::escape::escape(&picture.caption)), "{svg}");
    }
}

#[test]
fn a_picture_for_a_slide_is_sixteen_to_nine_and_has_no_empty_half() {
    let several = |many: usize| report((0..many).map(|_| killed()).collect());
    for many in [1, 2, 3, 5] {
        for picture in pictures(&several(many), Shape::Landscape) {
            let inner = numbers(&picture.svg, "viewBox=\"");
            let svg = picture.alone(Shape::Landscape, Theme::Light).unwrap();
            let [width, height] = ["width=\"", "height=\""].map(|name| numbers(&svg, name)[0]);
            assert!((width * 9 - height * 16).abs() <= 16, "{}: {width} x {height}", picture.id);
            // Some height is left where the shape is a little wider than what is drawn.
            assert!(inner[3] > height * 7 / 10, "{} of {many}: {inner:?} in {height}", picture.id);
            said(&picture);
        }
    }
}

#[test]
fn in_the_dark_a_picture_has_the_colours_that_the_page_has_there() {
    let mut run = killed();
    run.label = "fill=\"#FFFFFF\"".into();
    for picture in pictures(&report(vec![run]), Shape::Page) {
        let svg = picture.alone(Shape::Page, Theme::Dark).unwrap();
        for (light, _, dark) in COLOURS {
            for name in ["fill", "stroke"] {
                assert!(!svg.contains(&format!(" {name}=\"{light}\"")), "{}: {light}", picture.id);
                let there = |svg: &str, colour| svg.contains(&format!(" {name}=\"{colour}\""));
                assert!(!there(&picture.svg, light) || there(&svg, dark), "{}: {light}", picture.id);
            }
        }
    }
}

/// The numbers of an attribute, as it stands first in a picture.
fn numbers(svg: &str, attribute: &str) -> Vec<i32> {
    let (value, _) = svg.split_once(attribute).unwrap().1.split_once('"').unwrap();
    value.split_whitespace().map(|number| number.parse().unwrap()).collect()
}

#[test]
fn late_lost_and_recovered_differ_in_colour_and_in_hatch() {
    let mut run = killed();
    run.timeline[23].late = Some(40);
    let drawn = drawn(vec![run]);
    let (picture, said) = find(&drawn, "debts");
    let told = "2.3 s: 300 delivered (40 of them late), 0 recovered, 0 lost";
    assert!(said.hits.iter().any(|hit| hit == told), "{:?}", said.hits);
    for text in ["live within a second", "live, but later", "recovered by replay", "lost"] {
        assert!(said.texts.iter().any(|said| said == text), "{text}: {:?}", said.texts);
    }
    // Each is in the legend and in the plot, both with its colour and with its hatch.
    for (colour, hatch) in [("#CC79A7", "late"), ("#56B4E9", "recovered"), ("#D55E00", "lost")] {
        assert_eq!(picture.svg.matches(&format!("fill=\"{colour}\"")).count(), 2, "{hatch}");
        assert_eq!(picture.svg.matches(&format!("url(#debts-{hatch})")).count(), 2, "{hatch}");
    }
    // An older report counted nobody as late, and its picture does not say that all was on time.
    let mut older = killed();
    older.timeline.iter_mut().for_each(|slice| slice.late = None);
    let drawn = self::drawn(vec![older]);
    let (_, said) = find(&drawn, "debts");
    assert!(said.texts.iter().any(|text| text == "live, whenever"), "{:?}", said.texts);
    assert!(
        said.hits.iter().any(|hit| hit == "2.3 s: 300 delivered, 0 recovered, 0 lost"),
        "{:?}",
        said.hits
    );
}

#[test]
fn what_does_not_move_has_no_picture() {
    let still = |run: &mut RunReport| run.timeline = (0..50).map(|i| slice(i * 100)).collect();
    let drawn = drawn(vec![run_with(still)]);
    assert!(ids(&drawn).iter().all(|id| *id != "online" && *id != "fan-out"), "{:?}", ids(&drawn));
}

#[test]
fn where_the_load_generator_was_late_a_caption_says_so_and_no_mark_stands_at_a_name() {
    let mut late = killed();
    late.harness_limited = true;
    late.unwitnessed = Some(46);
    let drawn = drawn(vec![late]);
    for id in ["latency", "percentiles", "fan-out", "heat", "debts"] {
        let (picture, said) = find(&drawn, id);
        let told = " The load generator itself was late, so that latency from the intended send time is an upper bound.";
        assert_eq!(picture.caption.contains(told), id != "debts", "{id}: {}", picture.caption);
        let text = said.texts.join(" ") + &picture.title + &picture.caption;
        assert!(!text.contains('*'), "{id}: {text}");
    }
    let (slowest, _) = find(&drawn, "story-redis-1-slowest");
    let told = " 46 messages could not be chosen: their receipts were not kept.";
    assert!(slowest.caption.ends_with(told), "{}", slowest.caption);
    let (lost, _) = find(&drawn, "story-redis-1-first-lost");
    assert!(!lost.caption.contains("46"), "{}", lost.caption);
}

#[test]
fn what_is_told_are_the_numbers_of_the_report() {
    let drawn = drawn(vec![killed()]);
    let told = |id: &str, words: &str| {
        let hits = &find(&drawn, id).1.hits;
        assert!(
            hits.iter().any(|hit| hit == words),
            "{id}: no `{words}` in {:?}",
            &hits[..hits.len().min(5)]
        );
    };
    told("latency", "2.3 s: p50 0.35 ms, p99 4.123 ms, max 5.12 ms");
    told("debts", "2.3 s: 300 delivered (0 of them late), 0 recovered, 0 lost");
    told("debts", "12 s: 300 delivered (0 of them late), 7 recovered, 0 lost");
    told("debts", "5 s: 0 delivered (0 of them late), 0 recovered, 300 lost");
    told("heat", "2 s to 3 s, 0.251 ms to 0.398 ms: 3,000");
    told("heat", "5 s to 6 s, never: 3,000");
    told("online", "0 s: 30 online");
    told("fan-out", "2.3 s: p50 0.08 ms, max 0.912 ms");
    told("losses", "5.1 s: 120 lost at node 1");
    told("percentiles", "50%: 0.35 ms from the intended send time (500 of 1,000 deliveries)");
    // This value lies below the logarithmic axis, and is told as it is.
    told("percentiles", "0%: 0 ms from the actual send (1 of 1,000 deliveries)");
    // Where there is no value, nothing is told.
    let latency = &find(&drawn, "latency").1.hits;
    assert!(!latency.iter().any(|hit| hit.starts_with("7 s:")), "a gap has no latency");
}

#[test]
fn a_story_says_who_had_it_and_where_it_ended() {
    let drawn = drawn(vec![killed()]);
    let (picture, said) = find(&drawn, "story-redis-1-first-lost");
    assert_eq!(
        picture.caption,
        "Message 503 of publisher 1, due at 5.02 s, was sent at once, came to node 1, ended between node 1 and \
         broker and was answered with “refused”; nobody received it: 30 subscribers lost it."
    );
    for text in ["refused bus_down", "kill broker", "ms since the intended send time", "never arrived"] {
        assert!(said.texts.iter().any(|said| said == text), "{text}: {:?}", said.texts);
    }
    let told = "message from publisher 1 to node 1: left at 0.12 ms, arrived at 0.41 ms";
    assert!(said.hits.iter().any(|hit| hit == told), "{:?}", said.hits);
    let (picture, said) = find(&drawn, "story-redis-1-slowest");
    assert!(picture.caption.contains("was sent 1.5 ms late"), "{}", picture.caption);
    assert!(picture.caption.ends_with("Dashed arrows were not seen, but follow from what was."));
    assert!(said.texts.iter().any(|text| text == "inferred"));
    assert!(said.hits.iter().any(|hit| hit.ends_with(", inferred")), "{:?}", said.hits);
}

#[test]
fn a_wait_is_a_bar_on_its_lane_and_no_slow_arrow() {
    let mut run = killed();
    let story = &mut run.stories[1];
    story.arrows[1].leaves_us = story.due_us + 1_800;
    let drawn = drawn(vec![run.clone()]);
    let (picture, said) = find(&drawn, "story-redis-1-slowest");
    let told = "message waited at node 1 for 4,509 ms";
    assert!(said.hits.iter().any(|hit| hit == told), "{:?}", said.hits);
    assert!(said.texts.iter().any(|text| text == "waited 4.5 s"), "{:?}", said.texts);
    assert!(picture.caption.contains(" A bar is a wait, on the lane where it was."), "{}", picture.caption);
    assert_eq!(picture.title, "redis: the slowest receipt took 4.5 s");
    // Where nothing waited there is no bar; and what a slow link brings late may have been on its way.
    assert!(!find(&drawn, "story-redis-1-first-lost").0.caption.contains("bar"));
    let mut slow = run;
    slow.faults = vec![fault("delay = 'node 1 <-> broker'\nby = '200ms'", 1_000, None)];
    let drawn = self::drawn(vec![slow]);
    assert!(!find(&drawn, "story-redis-1-slowest").0.caption.contains("bar"));
}

/// The boxes of the texts of a story: left, top, right and bottom, about as wide as a browser draws them.
fn boxes(svg: &str) -> Vec<(String, [i32; 4])> {
    let of = |text: &str, name: &str| {
        let (_, rest) = text.split_once(&format!(" {name}=\""))?;
        Some(rest.split_once('"')?.0.to_owned())
    };
    let texts = svg.split("<text").skip(1);
    texts
        .filter_map(|text| {
            let words = text.split_once('>')?.1.split_once("</text>")?.0.trim().to_owned();
            let [x, y] = ["x", "y"].map(|name| of(text, name).and_then(|at| at.parse::<i32>().ok()));
            let (x, y, width) = (x?, y?, super::lettering::width_of(&words));
            let left = match of(text, "text-anchor")?.as_str() {
                "start" => x,
                "middle" => x - width / 2,
                _ => x - width,
            };
            (!text.contains("rotate")).then_some((words, [left, y - 8, left + width, y + 8]))
        })
        .collect()
}

#[test]
fn no_word_of_a_story_stands_over_another_or_over_a_cross() {
    let mut run = killed();
    // Two answers at once, close to the marks of the time; and a fault that strikes where the message ended.
    let refusal = run.stories[0].arrows[2].clone();
    for (carries, note) in [(Carries::Unknown, "unknown"), (Carries::Refusal, "refused too_fast")] {
        run.stories[0].arrows.push(Arrow { carries, note: Some(note.into()), ..refusal.clone() });
    }
    let more = run.stories[1].lanes[4].clone();
    run.stories[0].lanes.extend((0..5).map(|_| more.clone()));
    let drawn = drawn(vec![run]);
    let mut crosses = 0;
    for id in ["story-redis-1-first-lost", "story-redis-1-slowest"] {
        let svg = &find(&drawn, id).0.svg;
        assert!(
            !svg.contains("rotate(270, ") || svg.matches("rotate(270").count() == 1,
            "{id}: names are read level"
        );
        let boxes = boxes(svg);
        let apart = |one: &[i32; 4], other: &[i32; 4]| {
            one[2] <= other[0] || other[2] <= one[0] || one[3] <= other[1] || other[3] <= one[1]
        };
        for (i, (words, one)) in boxes.iter().enumerate() {
            let over = boxes[i + 1..].iter().find(|(_, other)| !apart(one, other));
            assert_eq!(over, None, "{id}: `{words}` at {one:?}");
        }
        // The middle of a cross lies where its two lines meet: a line of width 4 in the colour of what is lost.
        let lines = svg
            .split("<polyline")
            .filter(|line| line.contains("stroke=\"#D55E00\"") && line.contains("stroke-width=\"4\""));
        for line in lines {
            let points = numbers(&line.replace(',', " "), "points=\"");
            let centre = [(points[0] + points[2]) / 2, (points[1] + points[3]) / 2];
            let legend = centre[1] < 60;
            let around = [centre[0] - 8, centre[1] - 8, centre[0] + 8, centre[1] + 8];
            let hidden = boxes.iter().find(|(_, word)| !apart(&around, word));
            assert!(legend || hidden.is_none(), "{id}: {hidden:?} over the cross at {centre:?}");
            crosses += usize::from(!legend);
        }
    }
    assert!(crosses > 0);
}

#[test]
fn an_unknown_answer_is_no_refusal() {
    let mut run = killed();
    let answer = &mut run.stories[0].arrows[2];
    (answer.carries, answer.note) = (Carries::Unknown, Some("unknown".into()));
    let drawn = drawn(vec![run]);
    let (_, said) = find(&drawn, "story-redis-1-first-lost");
    let says = |word: &str| said.texts.iter().any(|text| text == word);
    assert_eq!([says("unknown answer"), says("unknown"), says("refusal")], [true, true, false]);
    let told = "unknown answer from node 1 to publisher 1: left at 0.8 ms, arrived at 0.99 ms (unknown)";
    assert!(said.hits.iter().any(|hit| hit == told), "{:?}", said.hits);
}

#[test]
fn a_story_draws_every_fault_of_its_time_and_explains_no_other_shade() {
    let texts = |run: RunReport, id: &str| find(&drawn(vec![run]), id).1.texts.clone();
    let says = |texts: &[String], word: &str| texts.iter().any(|text| text == word);
    // The first story was told before the healing began; the message of the second waited for it.
    let first = texts(killed(), "story-redis-1-first-lost");
    assert_eq!([says(&first, "fault"), says(&first, "healing")], [true, false]);
    let second = texts(killed(), "story-redis-1-slowest");
    assert_eq!([says(&second, "fault"), says(&second, "healing")], [true, true]);
    for what in ["kill = 'node 7'", "surge = 3\nfor = '1s'", "leave = '50%'", "run = 'true'", ""] {
        let mut run = killed();
        run.faults = vec![fault_or_new(what)];
        let what = run.faults[0].what.clone();
        let texts = texts(run, "story-redis-1-first-lost");
        assert!(says(&texts, "fault") && says(&texts, &what), "{what}: {texts:?}");
    }
    // The fault was over at once, or long before.
    for (begin, seen) in [(5_020, true), (4_000, false)] {
        let mut run = killed();
        run.faults = vec![fault("run = 'true'", begin, Some(begin))];
        let texts = texts(run, "story-redis-1-first-lost");
        assert_eq!([says(&texts, "fault"), says(&texts, "run `true`")], [seen; 2], "{begin}");
    }
}

/// A fault that these lines of a file describe; without any lines, a fault that this version does not know.
fn fault_or_new(lines: &str) -> FaultReport {
    match lines {
        "" => untold("something new", 5_000, None),
        lines => fault(lines, 5_000, None),
    }
}

/// The heights that `of` reads out of all elements with this mark.
fn heights(svg: &str, element: &str, mark: &str, of: impl Fn(&str) -> Vec<i32>) -> Vec<i32> {
    let elements = svg.split('<').filter(|text| text.starts_with(element) && text.contains(mark));
    elements.flat_map(of).collect()
}

#[test]
fn what_is_cut_out_crosses_out_no_word() {
    let mut run = killed();
    let story = &mut run.stories[1];
    // This arrow's word lies halfway through the wait.
    let waited = Some("waited for the broker".to_owned());
    story.arrows[1] = Arrow { leaves_us: story.due_us + 1_800, note: waited, ..story.arrows[1].clone() };
    let drawn = drawn(vec![run]);
    let svg = &find(&drawn, "story-redis-1-slowest").0.svg;
    let attribute = |text: &str, name: &str| {
        text.split_once(&format!(" {name}=\""))
            .and_then(|(_, rest)| rest.split_once('"'))
            .map(|it| it.0.to_owned())
    };
    let words = heights(svg, "text", "paint-order", |text| {
        attribute(text, "y").into_iter().filter_map(|y| y.parse().ok()).collect()
    });
    // Zigzags have many points, and no other line of this width has.
    let teeth = heights(svg, "polyline", "stroke-width=\"2\"", |text| {
        let points = attribute(text, "points").unwrap_or_default();
        let ys: Vec<i32> =
            points.split(' ').filter_map(|point| point.split_once(',')?.1.parse().ok()).collect();
        if ys.len() > 9 { ys } else { Vec::new() }
    });
    assert!(words.len() > 1 && teeth.len() > 20, "{words:?} {teeth:?}");
    let crossed = |y: &&i32| teeth.iter().any(|tooth| (*y - tooth).abs() < 9);
    assert_eq!(words.iter().find(crossed), None, "{teeth:?}");
}

#[test]
fn a_report_without_figures_has_no_pictures() {
    assert_eq!(pictures(&report(vec![]), Shape::Page), []);
    assert_eq!(pictures(&report(vec![not_applicable(), run_with(|_| {})]), Shape::Page), []);
}

#[test]
fn what_is_rare_breaks_nothing() {
    let with = |timeline: Vec<Slice>| run_with(|run| run.timeline = timeline);
    let hour = Slice { p50_us: Some(0), max_us: Some(3_600_000_000), ..slice(0) };
    let many = |i: u64| if i.is_multiple_of(3) { lost(i * 100) } else { slice(i * 100) };
    let runs = [
        with(vec![slice(0)]),
        with(vec![lost(0)]),
        with(vec![lost(0), lost(100)]),
        with(vec![Slice::default()]),
        with(vec![hour.clone(), hour]),
        with(vec![Slice { p50_us: Some(0), p99_us: Some(0), max_us: Some(0), ..slice(0) }]),
        with(vec![Slice { delivered: 1, online: Some(1), ..slice(0) }]),
        with(vec![Slice { online: Some(0), ..slice(0) }]),
        with((0..6_000).map(many).collect()),
        // An old report holds less, and a report of the plain dialect has no answers.
        with(vec![Slice { delivered: 3, p50_us: Some(9), p99_us: Some(9), ..Slice::default() }]),
    ];
    for run in &runs {
        drawn(vec![run.clone()]);
        drawn(vec![not_applicable(), run.clone(), killed()]);
    }
    drawn(runs.to_vec());
    // Of these many faults some strike after the end, some are over at once, and some are never healed.
    let mut struck = killed();
    struck.faults =
        (0..40).map(|i| fault("pause = 'node 1'", i * 700, (i % 2 == 0).then_some(i * 700 + 10))).collect();
    drawn(vec![struck]);
}

#[test]
fn a_fault_that_comes_again_and_again_leaves_room_for_the_names_of_others() {
    let mut run = killed();
    let often = (0..12).map(|i| fault("kill = 'broker'", i * 1_500, Some(i * 1_500 + 100)));
    run.faults = often.chain([fault("pause = 'node 1'", 4_000, Some(4_500))]).collect();
    run.faults.sort_by_key(|fault| fault.begin_ms);
    let drawn = drawn(vec![run]);
    for id in OVER_TIME {
        let (_, said) = find(&drawn, id);
        let named = |name: &str| said.texts.iter().filter(|text| *text == name).count();
        assert!(named("pause node 1") == 1 && named("kill broker") > 1, "{id}: {:?}", said.texts);
    }
}

#[test]
fn six_thousand_slices_are_put_together_and_the_caption_says_so() {
    let drawn = drawn(vec![run_with(|run| run.timeline = (0..6_000).map(|i| slice(i * 100)).collect())]);
    let (picture, said) = find(&drawn, "latency");
    assert!(picture.caption.contains("Each point stands for 20 slices of 100 ms"), "{}", picture.caption);
    assert_eq!(said.hits.len(), 300);
    assert!(
        find(&drawn, "debts")
            .1
            .hits
            .contains(&"2 s: 6,000 delivered (0 of them late), 0 recovered, 0 lost".to_owned())
    );
}

#[test]
fn labels_of_users_are_text_whatever_they_contain() {
    let mut run = killed();
    run.label = "<b>&\"'\u{1}\u{fffe} <script>".into();
    run.id = "<i> \"1\"".into();
    run.faults = vec![fault("run = 'echo <&> ]]>'", 5_000, Some(10_000))];
    run.stories[0].lanes[1].name = "<node>".into();
    run.stories[0].arrows[1].note = Some("</svg>".into());
    let drawn = drawn(vec![run]);
    assert!(find(&drawn, "latency").1.texts.iter().any(|text| text.starts_with("<b>&\"'")));
    assert!(find(&drawn, "latency").1.texts.iter().any(|text| text == "run `echo <&> ]]>`"));
    assert!(ids(&drawn).contains(&"story--i---1--first-lost"), "{:?}", ids(&drawn));
}

#[test]
fn a_broken_story_is_drawn_as_far_as_it_goes() {
    let mut run = killed();
    let mut empty = first_lost();
    (empty.lanes, empty.arrows) = (Vec::new(), Vec::new());
    let mut wild = first_lost();
    wild.arrows = vec![
        Arrow { to: 99, ..wild.arrows[0].clone() },
        Arrow { leaves_us: -5_000_000, ..wild.arrows[1].clone() },
    ];
    let mut crowd = first_lost();
    crowd.lanes = (0..40).map(|_| crowd.lanes[1].clone()).collect();
    run.stories = vec![empty, wild, crowd];
    for what in [
        "cut = 'node 1 <-> broker'",
        "partition = [['node 0'], ['node 1']]",
        "slow = 'subscriber 3'\nbytes_per_second = 9",
        "",
    ] {
        run.faults = vec![fault_or_new(what)];
        drawn(vec![run.clone()]);
    }
}

#[test]
fn of_many_runs_the_first_dozen_is_shown() {
    let drawn = drawn(vec![run_with(|run| run.timeline = vec![slice(0)]); 20]);
    let (picture, said) = find(&drawn, "latency");
    assert!(picture.caption.ends_with("Only the first 12 of 20 runs are shown."), "{}", picture.caption);
    assert_eq!(said.hits.len(), 12);
}

#[test]
fn a_matrix_has_its_curves() {
    let run = |rate: u64, p99: u64| {
        run_with(|run| {
            run.params = [("rate".into(), rate.into())].into();
            run.latency_us = crate::sample::quantiles(350, p99, p99 * 2);
        })
    };
    let drawn = drawn(vec![run(100, 1_000), run(1_000, 2_000), run(10_000, 400_000)]);
    assert_eq!(ids(&drawn), ["curve", "curve-on-time"]);
    let (_, said) = find(&drawn, "curve");
    assert!(
        said.hits.contains(&"1,000 messages/s: p50 0.35 ms, p99 2 ms, max 4 ms".to_owned()),
        "{:?}",
        said.hits
    );
    for text in ["100", "10,000", "messages a second, all publishers together"] {
        assert!(said.texts.iter().any(|said| said == text), "{text}: {:?}", said.texts);
    }
}
