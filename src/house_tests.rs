//! Who may import whom: the rooms of the house and the one direction of every door between them. And that what is
//! named or written is there: files for the README, and in `tests` a program for each file.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use toml::{Table, Value};

/// Each room, and the rooms that it may import.
const DOORS: &[(&str, &[&str])] = &[
    ("wire", &[]),
    ("address", &[]),
    ("door", &[]),
    ("trace", &[]),
    ("scenario", &[]),
    ("ledger", &["scenario"]),
    ("fault", &["scenario"]),
    ("part", &["ledger"]),
    ("join", &["ledger", "part"]),
    ("bus", &["address", "wire"]),
    ("node", &["bus", "door", "trace", "wire"]),
    ("policy", &["node", "scenario"]),
    ("history", &["bus", "door", "trace", "wire"]),
    // The instrument shares no code with what it measures.
    ("load", &["address", "ledger", "part", "scenario"]),
    ("report", &["ledger", "scenario"]),
    ("lab", &["address", "fault", "join", "ledger", "load", "part", "report", "scenario"]),
    (
        "cli",
        &[
            "address", "bus", "door", "history", "lab", "ledger", "node", "part", "policy", "report",
            "scenario", "trace",
        ],
    ),
];

/// The compiler lets a room import what its manifest names. So the manifests are what is held to the table.
#[test]
fn every_room_imports_what_it_may() {
    let rooms: BTreeMap<&str, &[&str]> = DOORS.iter().copied().collect();
    let manifests = manifests();
    assert_eq!(
        manifests.keys().collect::<Vec<_>>(),
        rooms.keys().collect::<Vec<_>>(),
        "a line for each room"
    );
    for (room, manifest) in &manifests {
        let imported: Vec<_> =
            dependencies(manifest).into_iter().filter(|name| rooms.contains_key(name.as_str())).collect();
        assert_eq!(imported, rooms[room.as_str()], "what src/{room}/Cargo.toml names of the house, in order");
    }
}

/// Its sources are kept pure by the lint that `src/ledger/clippy.toml` configures; what it depends on, here.
#[test]
fn the_ledger_is_pure() {
    let pure = ["hdrhistogram", "proptest", "scenario", "schemars", "serde"];
    assert_eq!(dependencies(&manifests()["ledger"]), pure);
}

#[test]
fn every_room_has_the_lints_of_the_house_and_says_what_it_is() {
    for (room, manifest) in manifests() {
        assert_eq!(manifest["lints"]["workspace"], Value::Boolean(true), "{room}");
        assert!(manifest["package"]["description"].as_str().is_some_and(|it| it.len() > 10), "{room}");
    }
}

/// The compiler does not keep a bus away from another: they are modules of one room.
#[test]
fn no_bus_takes_anything_from_another() {
    let room = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bus");
    for pattern in scenario::Pattern::ALL {
        let (file, folder) = (room.join(format!("{pattern}.rs")), room.join(pattern.name()));
        let files = if folder.is_dir() { rust_files(&folder) } else { vec![file] };
        for file in files {
            let source = std::fs::read_to_string(&file).unwrap();
            for other in scenario::Pattern::ALL.into_iter().filter(|other| *other != pattern) {
                let mut ways = ["crate::", "super::"].map(|way| format!("{way}{other}::")).into_iter();
                let taken = ways.find(|way| source.contains(way.as_str()));
                assert_eq!(taken, None, "{} takes something from its sibling", file.display());
            }
        }
    }
}

/// The manifest of every room.
fn manifests() -> BTreeMap<String, Table> {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let folders = std::fs::read_dir(src).unwrap().map(|it| it.unwrap().path()).filter(|it| it.is_dir());
    folders
        .map(|folder| {
            let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).unwrap();
            (folder.file_name().unwrap().to_str().unwrap().into(), manifest.parse().unwrap())
        })
        .collect()
}

/// What a manifest depends on, for whatever purpose and on whatever system, in the order of names.
fn dependencies(manifest: &Table) -> Vec<String> {
    let mut found = Vec::new();
    for (key, value) in manifest {
        let Some(table) = value.as_table() else { continue };
        if key.ends_with("dependencies") {
            found.extend(table.keys().cloned());
        } else if key == "target" {
            found.extend(table.values().filter_map(Value::as_table).flat_map(dependencies));
        }
    }
    found.sort();
    found
}

#[test]
fn control_a_dependency_is_found_wherever_it_stands() {
    let manifest = "[dependencies]\nwire.workspace = true\n[dev-dependencies]\nbus = { path = \"x\" }\n\
                    [build-dependencies]\ncli = \"1\"\n[target.'cfg(unix)'.dependencies]\nlab = \"1\"\n";
    assert_eq!(dependencies(&manifest.parse().unwrap()), ["bus", "cli", "lab", "wire"]);
}

/// Every file of Rust in this folder or below it.
pub(crate) fn rust_files(folder: &Path) -> Vec<PathBuf> {
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
fn the_tables_for_newcomers_have_every_pattern_and_every_request() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let read = |file: &str| std::fs::read_to_string(root.join(file)).unwrap();
    let (readme, introduction) = (read("README.md"), read("book/src/introduction.md"));
    let columns = readme.lines().find(|line| line.starts_with("| | `local` |")).unwrap();
    for pattern in scenario::Pattern::ALL {
        assert!(columns.contains(&format!("| `{pattern}` |")), "README.md has no column for `{pattern}`");
        let row = format!("\n| `{pattern}` |");
        assert!(introduction.contains(&row), "book/src/introduction.md has no row for `{pattern}`");
    }
    for request in wire::Request::TYPES.split(", ").flat_map(|types| types.split(" or ")) {
        let row = format!("\n| `{{\"type\":\"{request}\"");
        assert!(readme.contains(&row), "README.md has no row for the request `{request}`");
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
