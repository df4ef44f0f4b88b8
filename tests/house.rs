//! Who may import whom: the rooms of the house and the one direction of every door between them. And that what is
//! named or written is there: files for the README, and in `tests` a program for each file.

#![allow(clippy::expect_used, clippy::panic, clippy::unwrap_used, reason = "a test fails by panicking")]

use std::path::{Path, PathBuf};

/// Each room, and the rooms that it may import.
const DOORS: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("trace", &[]),
    ("scenario", &[]),
    ("ledger", &["scenario"]),
    ("fault", &["scenario"]),
    ("bus", &["wire"]),
    ("node", &["bus", "trace", "wire"]),
    ("history", &["bus", "trace", "wire"]),
    // The instrument shares no code with what it measures.
    ("load", &["ledger", "scenario"]),
    ("report", &["ledger", "scenario"]),
    ("lab", &["load", "fault", "ledger", "report", "scenario"]),
    ("cli", &["lab", "node", "history", "report", "scenario", "bus", "trace"]),
];

#[test]
fn every_import_goes_through_a_door() {
    let mut wrong = Vec::new();
    let mut found = Vec::new();
    for (room, file, text) in sources() {
        let Some(allowed) = doors_of(&room) else { panic!("the room `{room}` has no line in DOORS") };
        for import in imports(&room, depth(&file), &text) {
            if !allowed.contains(&import.as_str()) {
                wrong.push(format!(
                    "{} imports `{import}`, but `{room}` may import {allowed:?}",
                    file.display()
                ));
            }
            found.push((room.clone(), import));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
    assert!(
        found.contains(&("bus".into(), "wire".into())),
        "the scan finds what is known to be there: {found:?}"
    );
}

#[test]
fn the_ledger_is_pure() {
    for (room, file, text) in sources() {
        if room == "ledger" {
            for impure in ["tokio", "Instant", "SystemTime", "std::net", "std::fs", "std::thread"] {
                assert!(!code(&text).contains(impure), "{} names {impure}", file.display());
            }
        }
    }
}

/// These panic where nobody takes what they say: a pipe that was closed, a full disk.
#[test]
fn no_word_is_said_by_a_macro_that_panics() {
    for (_, file, text) in sources() {
        for macro_name in ["println!", "eprintln!", "print!", "eprint!", "dbg!"] {
            let said = code(&text).lines().any(|line| line.trim_start().starts_with(macro_name));
            assert!(!said, "{} uses {macro_name}", file.display());
        }
    }
}

#[test]
fn control_a_forbidden_import_is_found_however_it_is_written() {
    let bus = |text: &str| imports("bus", 2, text);
    assert_eq!(bus("use crate::node::Session;"), ["node"]);
    assert_eq!(bus("pub(crate) use crate::{wire::{Room, load}, node::{self}, bus::Bus};"), ["wire", "node"]);
    assert_eq!(bus("use crate::{\n    lab,\n    wire as w,\n};"), ["lab", "wire"]);
    assert_eq!(bus("fn f() { let _ = crate::node::f(); }"), ["node"]);
    assert_eq!(bus("use super::super::node::Session;"), ["node"]);
    assert_eq!(bus("mod tests { use super::super::super::cli; }"), ["cli"]);
    assert_eq!(imports("bus", 1, "use super::node;"), ["node"]);
    assert_eq!(bus("let url = \"//\"; use crate::node;"), ["node"]);
}

#[test]
fn control_what_is_no_import_is_not_found() {
    let bus = |text: &str| imports("bus", 2, text);
    assert_eq!(bus("/// See [`crate::node`].\n//! crate::lab\n/* crate::cli */"), [""; 0]);
    assert_eq!(bus("let text = \"use crate::node\"; let raw = r#\"crate::\"node\"#;"), [""; 0]);
    assert_eq!(bus("use super::redis; use crate::bus::Bus; use crate::Thing; x::crate_node();"), [""; 0]);
    assert_eq!(bus("let quote = '\"'; f::<'a>(); let c = '\\''; // crate::node"), [""; 0]);
}

fn doors_of(room: &str) -> Option<&'static [&'static str]> {
    DOORS.iter().find(|(name, _)| *name == room).map(|(_, doors)| *doors)
}

/// Every source file within a room: the room, the path below `src`, the text.
fn sources() -> Vec<(String, PathBuf, String)> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut files = Vec::new();
    for path in rust_files(&src) {
        let file = path.strip_prefix(&src).unwrap().to_path_buf();
        let first = file.iter().next().unwrap().to_string_lossy();
        let room = first.trim_end_matches(".rs").to_owned();
        if room != "lib" && room != "main" {
            files.push((room, file, std::fs::read_to_string(path).unwrap()));
        }
    }
    assert!(files.len() > DOORS.len() / 2, "the sources are where they are sought");
    files
}

/// Every file of Rust in this folder or below it.
fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let (mut folders, mut files) = (vec![folder.to_path_buf()], Vec::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                files.push(path);
            }
        }
    }
    files
}

/// How many `super::` lead from a file's module to the crate.
fn depth(file: &Path) -> usize {
    file.iter().count() - usize::from(file.ends_with("mod.rs"))
}

/// The other rooms that a text of `room` names by `crate::` or by climbing out with `super::`.
fn imports(room: &str, depth: usize, text: &str) -> Vec<String> {
    let code = code(text);
    let mut found: Vec<String> = Vec::new();
    let mut note = |name: &str| {
        if name != room && doors_of(name).is_some() && !found.iter().any(|known| known == name) {
            found.push(name.into());
        }
    };
    for (at, _) in code.match_indices("crate::") {
        if !code[..at].ends_with(|before: char| is_word(before) || before == '$') {
            heads(&code[at + "crate::".len()..]).for_each(&mut note);
        }
    }
    for (at, _) in code.match_indices("super::") {
        if code[..at].ends_with("super::") {
            continue;
        }
        let after = code[at..].trim_start_matches("super::");
        let climbed = (code.len() - at - after.len()) / "super::".len();
        // A submodule may have the name of another room; from within the room one climbs less than this.
        if climbed >= depth && !owns(room, heads(after).next().unwrap_or_default()) {
            heads(after).for_each(&mut note);
        }
    }
    found
}

/// Whether a room has a submodule of this name.
fn owns(room: &str, name: &str) -> bool {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src").join(room);
    folder.join(format!("{name}.rs")).exists() || folder.join(name).is_dir()
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// The first names of the paths that begin here: one, or those of a `{...}` group.
fn heads(text: &str) -> impl Iterator<Item = &str> {
    let group = text.strip_prefix('{').map(|inside| {
        let mut nested = 0;
        let end = inside.find(|c| {
            nested += i32::from(c == '{') - i32::from(c == '}');
            nested < 0
        });
        &inside[..end.unwrap_or(inside.len())]
    });
    let mut nested = 0;
    let split = move |c: char| {
        nested += i32::from(c == '{') - i32::from(c == '}');
        nested == 0 && c == ',' && group.is_some()
    };
    group.unwrap_or(text).split(split).map(|path| {
        let path = path.trim_start();
        &path[..path.find(|c| !is_word(c)).unwrap_or(path.len())]
    })
}

/// A text without comments and without what is in quotes.
fn code(text: &str) -> String {
    let mut code = String::new();
    let mut rest = text;
    while let Some(c) = rest.chars().next() {
        let skip = if rest.starts_with("//") {
            rest.find('\n').unwrap_or(rest.len())
        } else if rest.starts_with("/*") {
            rest.find("*/").map_or(rest.len(), |end| end + 2)
        } else if c == '"' {
            quoted(rest)
        } else if c == 'r' && !code.ends_with(is_word) && rest[1..].trim_start_matches('#').starts_with('"') {
            raw(rest)
        } else if rest.starts_with("'\\") {
            3 + rest[3..].find('\'').map_or(0, |end| end + 1)
        } else if c == '\'' && rest.chars().nth(2) == Some('\'') {
            rest.char_indices().nth(3).map_or(rest.len(), |(end, _)| end)
        } else {
            code.push(c);
            c.len_utf8()
        };
        rest = &rest[skip..];
    }
    code
}

/// The length of the string that begins here.
fn quoted(text: &str) -> usize {
    let mut escaped = false;
    let end = text[1..].find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    end.map_or(text.len(), |end| end + 2)
}

/// The length of the raw string that begins here.
fn raw(text: &str) -> usize {
    let hashes = text[1..].find('"').unwrap_or(0);
    let close = format!("\"{}", "#".repeat(hashes));
    let open = 2 + hashes;
    text[open..].find(&close).map_or(text.len(), |end| open + end + close.len())
}

#[test]
fn the_readme_names_files_that_exist_and_leaves_nothing_to_fill_in() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let readme = std::fs::read_to_string(root.join("README.md")).unwrap();
    assert!(!readme.contains("@@"), "something is left to fill in");
    // Between back-quotes, and not in a block of code.
    let named: Vec<_> = readme
        .split('`')
        .filter(|word| ["src/", "tests/", "scenarios/", "deploy/"].iter().any(|room| word.starts_with(room)))
        .collect();
    assert!(named.len() >= 3, "the scan finds what is known to be there: {named:?}");
    for file in named {
        assert!(root.join(file).exists(), "README.md names {file}");
    }
}

#[test]
fn every_file_of_tests_is_part_of_a_program() {
    let tests = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests");
    let mut found = 0;
    for file in rust_files(&tests) {
        let module = if file.ends_with("mod.rs") { file.parent().unwrap() } else { &file };
        let (name, beside) = (module.file_stem().unwrap().to_str().unwrap(), module.parent().unwrap());
        // Cargo finds what is right in `tests`, and a `main.rs` in a folder there.
        if beside == tests || name == "main" && beside.parent() == Some(&tests) {
            continue;
        }
        let root =
            ["main.rs", "mod.rs"].iter().find_map(|root| std::fs::read_to_string(beside.join(root)).ok());
        let line = format!("mod {name};");
        let root = root.unwrap_or_default();
        let named = root.lines().any(|it| it.strip_prefix("pub ").unwrap_or(it) == line);
        assert!(named, "{} is never run: nobody beside it says `{line}`", file.display());
        found += 1;
    }
    assert!(found > 50, "the scan finds what is known to be there: {found}");
}
