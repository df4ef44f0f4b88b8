//! The other files, and the table: every number is the JSON's.

use std::collections::BTreeMap;

use serde_json::Value;

use super::once::{bench, dir, file, printed, report_in, run};

/// A number as people read it.
fn number(text: &str) -> f64 {
    text.trim_end_matches('%').replace(',', "").parse().unwrap_or_else(|_| panic!("no number: {text}"))
}

/// The rows of the terminal's table, each as its name and the figure of the one run, in which words are joined.
fn rows() -> Vec<(String, String)> {
    let out = printed(&dir(), &["."]);
    let rows = out.lines().skip(2).take_while(|line| !line.is_empty());
    // A name and its figure are two blanks apart; the name of a part begins with two.
    let row = |line: &str| {
        line.trim().split_once("  ").map(|(name, cell)| (name.to_owned(), cell.trim().to_owned()))
    };
    rows.filter_map(row).collect()
}

/// The rows of the Markdown table, each as its name and the figure of the one run.
fn markdown_rows() -> Vec<(String, String)> {
    let page = file("report.md");
    let rows = page.lines().skip_while(|line| *line != "|  | local |").skip(2);
    let row = |line: &str| {
        let (name, cell) = line.strip_prefix("| ")?.strip_suffix(" |")?.split_once(" | ")?;
        Some((name.to_owned(), cell.to_owned()))
    };
    rows.map_while(row).collect()
}

#[test]
fn the_markdown_table_is_the_terminal_s() {
    let rows = rows();
    assert!(rows.len() > 15, "{rows:?}");
    assert_eq!(markdown_rows(), rows);
}

#[test]
fn the_table_has_the_numbers_of_the_json() {
    let cells: BTreeMap<_, _> = markdown_rows().into_iter().collect();
    let run = run();
    for (name, field) in [
        ("sent", "sent"),
        ("acked", "acked"),
        ("refused", "refused"),
        ("unknown", "unknown"),
        ("owed", "owed"),
        ("delivered", "delivered"),
        ("recovered", "recovered"),
        ("lost", "lost"),
        ("of it confirmed", "lost_confirmed"),
        ("of it handed", "lost_handed"),
        ("duplicates", "duplicates"),
        ("reordered", "reordered"),
    ] {
        assert_eq!(number(&cells[name]) as u64, run.count(field), "{name}");
    }
    for (name, field) in [("impact (ms)", "impact_ms"), ("recovery (ms)", "recovery_ms")] {
        let shown = Some(&cells[name]).filter(|cell| *cell != "-").map(|cell| number(cell) as u64);
        assert_eq!(shown, run[field].as_u64(), "{name}");
    }
    for (name, exact) in [
        ("steady p50 (ms)", &run["phases_us"]["steady"]["p50"]),
        ("steady p99 (ms)", &run["phases_us"]["steady"]["p99"]),
        ("longest (ms)", &run["latency_us"]["max"]),
    ] {
        // Where the load generator was late, the latency from the intended send time is the upper bound.
        let cell = cells[name].rsplit(['-', '≤']).next().unwrap();
        let decimals = cell.split_once('.').map_or(0, |(_, decimals)| decimals.len());
        let exact = exact.as_f64().unwrap() / 1_000.0;
        let off = (number(cell) - exact).abs();
        assert!(off <= 0.5001 * 0.1_f64.powi(decimals as i32), "{name}: {cell}, {exact}");
    }
    let on_time = run["debts"]["on_time"].as_f64().unwrap() * 100.0;
    assert!(
        (0.0..0.1001).contains(&(on_time - number(&cells["on time"]))),
        "{on_time}, {}",
        cells["on time"]
    );
}

#[test]
fn the_page_has_the_sentence_the_faults_and_what_failed() {
    let page = file("report.md");
    let sentence = bench().out().iter().find(|line| line.starts_with("local: ")).unwrap().clone();
    assert!(page.contains(&sentence[..40]), "{page}");
    let (begin, heal_begin, healed) = run().fault("kill node 1");
    let [begin, heal_begin, healed] =
        [begin, heal_begin, healed].map(|ms| format!("{:.1} s", ms as f64 / 1_000.0));
    for part in [
        &*format!("| local | kill node 1 | {begin} | {heal_begin} | {healed} |"),
        "- local: `lost = 0`: lost is ",
        "pubsub-lab bench --scenario scenario.toml --seed 42 --pattern local",
        "pubsub-lab 0.",
        "duration = \"1s 500ms\"",
        "</details>",
    ] {
        assert!(page.contains(part), "{part}\n{page}");
    }
}

#[test]
fn what_the_page_tells_to_run_again_runs() {
    let page = file("report.md");
    let code = |language: &str| {
        let (_, rest) = page.split_once(&format!("```{language}\n")).unwrap();
        rest.split_once("\n```").unwrap().0.to_owned()
    };
    let place = tempfile::tempdir().unwrap();
    std::fs::write(place.path().join("scenario.toml"), code("toml")).unwrap();
    let checked = crate::support::process::pubsub_lab(&["scenarios", "check", "scenario.toml"])
        .current_dir(place.path())
        .output()
        .unwrap();
    assert!(checked.status.success(), "{checked:?}");
    assert!(code("sh").starts_with("pubsub-lab bench --scenario scenario.toml"));
}

#[test]
fn the_timeline_s_sums_are_the_json_s() {
    let csv = file("timeline.csv");
    let mut lines = csv.lines();
    let names: Vec<_> = lines.next().unwrap().split(',').collect();
    let rows: Vec<Vec<&str>> = lines.map(|line| line.split(',').collect()).collect();
    let run = run();
    let slices = run["timeline"].as_array().unwrap();
    assert_eq!(rows.len(), slices.len());
    let column =
        |name: &str| names.iter().position(|other| *other == name).unwrap_or_else(|| panic!("no {name}"));
    let sum = |name: &str| rows.iter().map(|row| row[column(name)].parse::<u64>().unwrap()).sum::<u64>();
    for name in ["sent", "acked", "refused", "unknown", "delivered", "recovered", "lost"] {
        assert_eq!(sum(name), run.count(name), "{name}");
    }
    let by_node: u64 = names.iter().filter(|name| name.starts_with("lost_node_")).map(|name| sum(name)).sum();
    assert!(by_node == run.count("lost") && by_node > 0);
    for (row, slice) in rows.iter().zip(slices) {
        for (name, value) in slice.as_object().unwrap().iter().filter(|(name, _)| *name != "lost_by_node") {
            let expected = if value.is_null() { String::new() } else { value.to_string() };
            assert_eq!(row[column(name)], expected, "{name}");
        }
    }
    let phases: Vec<_> = rows.iter().map(|row| row[column("phase")]).collect();
    // Whether a slice is left for the recovery depends on how fast the node is back.
    assert!(phases[0] == "steady" && phases[7] == "fault", "{phases:?}");
    assert_eq!(printed(&dir(), &[".", "--format", "csv"]), csv);
}

#[test]
fn the_percentiles_are_the_json_s() {
    let text = file("percentiles.hgrm");
    let run = run();
    let rows: Vec<Vec<f64>> = text
        .lines()
        .skip(2)
        .take_while(|line| !line.starts_with('#'))
        .map(|line| line.split_whitespace().map(|field| field.parse().unwrap()).collect())
        .collect();
    let points = run["percentiles"]["latency"].as_array().unwrap();
    assert_eq!(rows.len(), points.len());
    let us = |value: &Value| value.as_f64().unwrap() / 1_000.0;
    for (row, point) in rows.iter().zip(points) {
        assert!((row[0] - us(&point["value_us"])).abs() < 1e-9, "{row:?}, {point}");
        assert_eq!(row[2] as u64, point["count"].as_u64().unwrap());
        if row.len() == 4 {
            assert!((row[3] - 1.0 / (1.0 - row[1])).abs() < 0.01, "{row:?}");
        }
    }
    let last = rows.last().unwrap();
    assert_eq!((last[1], last.len(), last[2] as u64), (1.0, 3, run.count("delivered")));
    assert!((last[0] - us(&run["latency_us"]["max"])).abs() < 1e-9);
    let footer: Vec<_> = text.lines().filter(|line| line.starts_with('#')).collect();
    assert!(footer[0].starts_with("#[Mean    = ") && footer[1].starts_with("#[Max     = "), "{footer:?}");
}

#[test]
fn every_format_of_a_report_is_what_the_bench_said() {
    let bench = bench();
    assert_eq!(printed(&dir(), &["."]).lines().collect::<Vec<_>>(), bench.out());
    assert_eq!(printed(&dir(), &[".", "--format", "json"]), file("report.json"));
    assert_eq!(printed(&dir(), &[".", "--format", "md"]), file("report.md"));
    assert!(printed(&dir(), &[".", "--format", "junit"]).contains("<testsuite "));
}

#[test]
fn every_chart_of_the_page_is_a_file_too() {
    let place = tempfile::tempdir().unwrap();
    let real = dir().display().to_string();
    printed(place.path(), &[&real, "--charts", "pictures"]);
    let page = file("report.html");
    let figures: Vec<_> =
        page.split("<figure id=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect();
    let written = std::fs::read_dir(place.path().join("pictures")).unwrap();
    let mut written: Vec<_> =
        written.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned()).collect();
    written.sort();
    let mut expected: Vec<_> = figures.iter().map(|id| format!("{id}.svg")).collect();
    expected.sort();
    assert!(expected.contains(&"latency.svg".to_owned()), "{expected:?}");
    assert_eq!(written, expected);
    // What is drawn there is drawn here.
    let svg = std::fs::read_to_string(place.path().join("pictures/latency.svg")).unwrap();
    let (_, drawing) = svg.split_once("<defs>").unwrap();
    assert!(page.contains(drawing.trim_end()), "{svg}");

    let dark = ["--charts", "slides", "--shape", "landscape", "--theme", "dark"];
    printed(place.path(), &[&[real.as_str()], &dark[..]].concat());
    let svg = std::fs::read_to_string(place.path().join("slides/latency.svg")).unwrap();
    assert!(svg.contains("fill=\"#161616\"") && !svg.contains("fill=\"#FFFFFF\""), "{svg}");
    let number = |name: &str| {
        let (_, rest) = svg.split_once(&format!(" {name}=\"")).unwrap();
        rest.split_once('"').unwrap().0.parse::<f64>().unwrap()
    };
    assert!((number("width") / number("height") - 16.0 / 9.0).abs() < 0.02, "{svg}");
    // Without charts there is nothing to shape.
    assert_eq!(report_in(place.path(), &[&real, "--shape", "landscape"]).status.code(), Some(2));

    let refused = report_in(place.path(), &[&real, &real, "--charts", "pictures"]);
    let said = String::from_utf8(refused.stderr).unwrap();
    assert_eq!(refused.status.code(), Some(2), "{said}");
    assert!(said.starts_with("error: --charts takes one report, and 2 are named\nhint: "), "{said}");
}
