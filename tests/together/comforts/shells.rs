//! What is made for shells and for `man`.

use std::process::{Command, Stdio};

use super::{SUBCOMMANDS, run, succeeded};

#[test]
fn every_shell_gets_a_script() {
    for shell in ["bash", "zsh", "fish", "elvish", "powershell"] {
        let script = succeeded(&run(&["completions", shell]));
        for word in SUBCOMMANDS.iter().copied().chain(["scenario", "verbose"]) {
            assert!(script.contains(word), "{shell} does not know {word}");
        }
        assert!(!script.contains("warden"), "{shell} shows what is hidden");
    }
}

#[test]
fn scenarios_and_patterns_are_words() {
    for shell in ["bash", "zsh", "fish"] {
        let script = succeeded(&run(&["completions", shell]));
        assert!(script.contains("broker-down") && script.contains("zeromq"), "{shell}");
    }
}

#[test]
fn bash_takes_its_script_and_completes() {
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("pubsub-lab.bash");
    std::fs::write(&file, succeeded(&run(&["completions", "bash"]))).unwrap();
    let status = Command::new("bash").arg("-n").arg(&file).status().expect("bash is there");
    assert!(status.success());

    let completed = |words: &[&str]| {
        let words: Vec<String> = words.iter().map(|word| format!("'{word}'")).collect();
        let (count, words) = (words.len() - 1, words.join(" "));
        let line = format!(
            "source {}; COMP_WORDS=({words}); COMP_CWORD={count}; \
             f=$(complete -p pubsub-lab); f=${{f##*-F }}; ${{f%% *}} pubsub-lab \"${{COMP_WORDS[-1]}}\" \"${{COMP_WORDS[-2]}}\"; echo \"${{COMPREPLY[*]}}\"",
            file.display()
        );
        let output =
            Command::new("bash").args(["--norc", "-c", &line]).stdin(Stdio::null()).output().unwrap();
        super::text(&output.stdout).trim().to_owned()
    };
    assert_eq!(completed(&["pubsub-lab", "bench", "--scenario", "broker-d"]), "broker-down");
    assert_eq!(completed(&["pubsub-lab", "bench", "--pattern", "z"]), "zeromq");
    assert_eq!(completed(&["pubsub-lab", "scenarios", "show", "steady"]), "steady");
    assert_eq!(completed(&["pubsub-lab", "run", "am"]), "amqp");
    assert_eq!(completed(&["pubsub-lab", "doc"]), "doctor");
}

#[test]
fn the_manual_page_names_every_subcommand() {
    let page = succeeded(&run(&["man"]));
    let first = page.lines().next().unwrap();
    assert!(first.starts_with(".ie") || first.starts_with(".TH"), "{first}");
    assert!(page.contains(".TH pubsub-lab 1"), "{page}");
    for name in SUBCOMMANDS {
        assert!(page.contains(&format!("pubsub\\-lab\\-{name}(1)")), "{name}: {page}");
    }
    assert!(!page.contains("warden"));
}

#[test]
fn every_subcommand_has_a_page_of_its_own() {
    let dir = tempfile::tempdir().unwrap();
    let out = dir.path().join("new/man1");
    succeeded(&run(&["man", "--out", out.to_str().unwrap()]));
    for name in SUBCOMMANDS {
        let page = std::fs::read_to_string(out.join(format!("pubsub-lab-{name}.1"))).unwrap();
        assert!(page.contains("Examples:"), "{page}");
    }
    assert!(out.join("pubsub-lab.1").exists());

    let file = out.join("pubsub-lab.1").join("below");
    let output = run(&["man", "--out", file.to_str().unwrap()]);
    assert_eq!(output.status.code(), Some(4));
    assert!(super::text(&output.stderr).contains("\nhint: "));
}
