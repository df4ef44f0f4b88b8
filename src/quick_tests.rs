//! `make check` runs every test but those in modules of one name, and is to be quick and never to fail for a reason
//! outside the code.

use std::path::{Path, PathBuf};

use crate::house_tests::rust_files;

/// The name of a module whose tests may touch the machine.
const OF_THE_MACHINE: &str = "tests_of_the_machine";

/// By which words a test touches a socket, a process or the time that passes.
const WORDS: &[&str] = &[
    "TcpListener",
    "TcpSocket",
    "TcpStream",
    "UdpSocket",
    "UnixListener",
    "UnixStream",
    "Command::new",
    "SystemTime::now",
    ".elapsed()",
    "sleep(",
];

/// A test may begin to count from some moment, since an `Instant` cannot be had otherwise. If it asks for another
/// one, it measures.
const MOMENT: &str = "Instant::now";

#[test]
fn quick_tests_touch_nothing_of_the_machine() {
    let src = Path::new(env!("CARGO_MANIFEST_DIR")).join("src");
    let mut found = 0;
    for file in rust_files(&src) {
        let path = file.strip_prefix(&src).unwrap();
        // This file names the words that it looks for.
        if path == Path::new("quick_tests.rs") {
            continue;
        }
        let text = std::fs::read_to_string(&file).unwrap();
        let parts: Vec<_> = path.iter().map(|part| part.to_string_lossy()).collect();
        let quick = if parts.iter().any(|part| part.trim_end_matches(".rs") == OF_THE_MACHINE) {
            Vec::new()
        } else if parts.iter().any(|part| part.contains("tests")) {
            vec![text]
        } else {
            let files = declared(&text).into_iter().filter_map(|name| file_of(&file, &name));
            inline(&text).into_iter().chain(files.map(|it| std::fs::read_to_string(it).unwrap())).collect()
        };
        for module in quick {
            let touched = touched(&module);
            assert!(
                touched.is_empty(),
                "a quick test in {} has {touched:?}: such a test is in a module `{OF_THE_MACHINE}`",
                path.display()
            );
            found += 1;
        }
    }
    assert!(found > 100, "the scan finds what is known to be there: {found}");
}

/// The modules that are compiled for tests alone and stand in this file, without those of the machine.
fn inline(text: &str) -> Vec<String> {
    let mut modules = Vec::new();
    let lines: Vec<_> = text.lines().collect();
    for (at, name, line) in for_tests(&lines) {
        if name == OF_THE_MACHINE || !line.ends_with('{') {
            continue;
        }
        // As `cargo fmt` has it, the first brace that stands where the module's line begins ends it.
        let indent = &line[..line.len() - line.trim_start().len()];
        let body = lines[at..].iter().take_while(|line| **line != format!("{indent}}}"));
        modules.push(body.copied().collect::<Vec<_>>().join("\n"));
    }
    modules
}

/// The names of those that stand in a file of their own.
fn declared(text: &str) -> Vec<String> {
    let lines: Vec<_> = text.lines().collect();
    let others =
        for_tests(&lines).into_iter().filter(|(_, name, line)| name != OF_THE_MACHINE && line.ends_with(';'));
    others.map(|(_, name, _)| name).collect()
}

/// Where each module begins that is compiled for tests alone, its name, and its first line.
fn for_tests<'a>(lines: &[&'a str]) -> Vec<(usize, String, &'a str)> {
    let mut found = Vec::new();
    for (at, pair) in lines.windows(2).enumerate() {
        if let [attribute, line] = pair
            && attribute.trim() == "#[cfg(test)]"
            && let Some((_, rest)) = format!(" {line}").split_once(" mod ")
        {
            let name = rest.split([' ', ';', '{']).next().unwrap_or_default().to_owned();
            found.push((at + 1, name, *line));
        }
    }
    found
}

/// The file of a module that another file declares. One whose name has `tests` in it is read anyway.
fn file_of(parent: &Path, name: &str) -> Option<PathBuf> {
    if name.contains("tests") {
        return None;
    }
    let folder = parent.parent().unwrap();
    let is_root = ["lib.rs", "mod.rs"].iter().any(|root| parent.ends_with(root));
    let folder = if is_root { folder.to_path_buf() } else { parent.with_extension("") };
    let file = [folder.join(format!("{name}.rs")), folder.join(name).join("mod.rs")]
        .into_iter()
        .find(|it| it.exists());
    Some(file.unwrap_or_else(|| panic!("{} declares `{name}`, and there is no such file", parent.display())))
}

/// By which words a module touches the machine.
fn touched(module: &str) -> Vec<&'static str> {
    let code: Vec<_> = module.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
    let code = code.join("\n");
    let mut touched: Vec<_> = WORDS.iter().copied().filter(|word| code.contains(word)).collect();
    if code.split("fn ").any(|function| function.matches(MOMENT).count() > 1) {
        touched.push(MOMENT);
    }
    touched
}

#[test]
fn control_every_word_is_found_in_a_quick_test_and_nowhere_else() {
    let module = |name: &str, code: &str| {
        format!(
            "fn a() {{ {code} }}\n\n#[cfg(test)]\nmod {name} {{\n    fn b() {{\n        {code}\n    }}\n}}\n"
        )
    };
    for word in WORDS {
        let quick = inline(&module("tests", word));
        assert_eq!(quick.iter().flat_map(|it| touched(it)).collect::<Vec<_>>(), [*word]);
        assert!(inline(&module(OF_THE_MACHINE, word)).is_empty());
        assert!(touched(&format!("    // {word}")).is_empty());
        let after = format!("#[cfg(test)]\nmod tests {{\n}}\nfn a() {{ {word} }}\n");
        assert!(inline(&after).iter().all(|it| touched(it).is_empty()));
    }
}

#[test]
fn control_one_moment_is_a_beginning_and_two_are_a_measurement() {
    let test = |code: &str| format!("fn a_test() {{\n    {code}\n}}\n");
    let moment = test("let now = Instant::now();");
    assert!(touched(&[moment.clone(), moment].concat()).is_empty());
    assert_eq!(
        touched(&test("let began = Instant::now(); work(); assert!(Instant::now() < began + LIMIT);")),
        [MOMENT]
    );
}

#[test]
fn control_a_module_in_a_file_of_its_own_is_found() {
    let text = "#[cfg(test)]\nmod samples;\n#[cfg(test)]\npub(crate) mod meter;\n#[cfg(test)]\nmod tests_of_the_machine;\nmod other;\n";
    assert_eq!(declared(text), ["samples", "meter"]);
    let bus = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bus/lib.rs");
    assert!(file_of(&bus, "samples").is_some_and(|file| file.ends_with("src/bus/samples.rs")));
}
