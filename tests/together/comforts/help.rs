//! Every help has examples, and colours obey `NO_COLOR`.

use super::{SUBCOMMANDS, pubsub_lab, run, succeeded, text};

#[test]
fn every_visible_subcommand_is_known_here_and_shows_examples() {
    let main = succeeded(&run(&["--help"]));
    let (_, listed) = main.split_once("Commands:\n").unwrap();
    let (listed, _) = listed.split_once("\n\n").unwrap();
    let indented = listed.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    let names: Vec<_> = indented.filter_map(|line| line.split_whitespace().next()).collect();
    assert_eq!(names, [&SUBCOMMANDS[..], &["help"]].concat());

    let below = [["scenarios", "list"], ["scenarios", "show"], ["scenarios", "check"], ["policy", "check"]];
    let all = SUBCOMMANDS.iter().map(|name| vec![*name]).chain(below.map(Vec::from)).chain([vec![]]);
    for path in all {
        let help = succeeded(&run(&[&path[..], &["--help"]].concat()));
        let (_, examples) = help.split_once("Examples:\n").unwrap_or_else(|| panic!("{path:?}: {help}"));
        let command = ["pubsub-lab"].iter().chain(&path).copied().collect::<Vec<_>>().join(" ");
        assert!(examples.contains(&command), "{examples}");
        for line in help.lines() {
            assert!(line.chars().count() <= 100, "{path:?}: {line}");
        }
    }
}

#[test]
fn no_color_is_stronger_than_a_wish_for_colours() {
    for args in [&["--help"][..], &["bench", "--help"], &["doctor"], &["no-such-thing"]] {
        let output =
            pubsub_lab(args).env("CLICOLOR_FORCE", "1").env("NO_COLOR", "1").output().expect("it runs");
        let said = text(&output.stdout) + &text(&output.stderr);
        assert!(!said.contains('\u{1b}'), "{args:?}: {said:?}");
    }
}

#[test]
fn control_without_it_there_are_colours() {
    for args in [&["--help"][..], &["doctor"]] {
        let output = pubsub_lab(args).env("CLICOLOR_FORCE", "1").output().expect("it runs");
        assert!(text(&output.stdout).contains('\u{1b}'), "{args:?}");
    }
}
