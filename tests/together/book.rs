//! The book: its links lead somewhere, its reference names every key, field and column that the program knows, and what
//! it shows as a scenario is one.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use pubsub_lab::scenario::{ACTIONS, Figure, Whose};
use serde_json::{Value, json};

use crate::support::process::pubsub_lab;

/// The text of every page by its path below `src`, with `/` between its parts.
type Pages = BTreeMap<String, String>;

fn src() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("book/src")
}

/// Every page of the book.
fn pages() -> Pages {
    let (mut folders, mut pages) = (vec![src()], Pages::new());
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "md") {
                let name = path.strip_prefix(src()).unwrap().to_str().unwrap().replace('\\', "/");
                pages.insert(name, std::fs::read_to_string(&path).unwrap());
            }
        }
    }
    pages
}

/// The pages of the reference alone.
pub fn reference() -> Pages {
    pages().into_iter().filter(|(name, _)| name.starts_with("reference/")).collect()
}

/// The program's output, where it succeeds.
fn printed(args: &[&str]) -> String {
    let output = pubsub_lab(args).output().unwrap();
    assert!(output.status.success(), "{args:?}: {output:?}");
    String::from_utf8(output.stdout).unwrap()
}

fn schema(of: &str) -> Value {
    serde_json::from_str(&printed(&["schema", of])).unwrap()
}

// Markdown, as far as this book uses it.

/// The lines outside fenced blocks.
fn prose(page: &str) -> impl Iterator<Item = &str> {
    let mut fenced = false;
    page.lines().filter(move |line| {
        let fence = line.trim_start().starts_with("```");
        fenced ^= fence;
        !fence && !fenced
    })
}

/// The fenced blocks of a language.
pub fn blocks(page: &str, language: &str) -> Vec<String> {
    let (mut found, mut open) = (Vec::new(), None::<(bool, String)>);
    for line in page.lines() {
        open = match (line.trim_start().strip_prefix("```"), open) {
            (Some(_), Some((wanted, block))) => {
                found.extend(wanted.then_some(block));
                None
            }
            (Some(info), None) => Some((info.trim() == language, String::new())),
            (None, Some((wanted, block))) => Some((wanted, block + line + "\n")),
            (None, None) => None,
        };
    }
    assert!(open.is_none(), "a block has no end");
    found
}

/// What stands between back-quotes in this text.
fn marked(text: &str) -> Vec<&str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2)).collect()
}

/// The targets of the links in this text.
fn links(page: &str) -> Vec<&str> {
    let targets = prose(page).flat_map(|line| line.split("](").skip(1));
    targets.filter_map(|rest| rest.split_once(')')).map(|(target, _)| target).collect()
}

/// The ids that mdBook gives to the headings of a page.
fn anchors(page: &str) -> Vec<String> {
    let id = |heading: &str| {
        let kept = heading.trim_start_matches('#').trim().chars().filter_map(|c| match c {
            c if c.is_alphanumeric() || c == '_' || c == '-' => Some(c.to_ascii_lowercase()),
            c if c.is_whitespace() => Some('-'),
            _ => None,
        });
        kept.collect()
    };
    prose(page).filter(|line| line.starts_with('#')).map(id).collect()
}

/// The parts of all pages below such headings, each up to the next heading of any level.
fn below(pages: &Pages, wanted: impl Fn(&str) -> bool) -> String {
    let mut found = String::new();
    for page in pages.values() {
        let mut within = false;
        for line in prose(page) {
            if let Some(heading) = line.strip_prefix('#') {
                within = wanted(heading.trim_start_matches('#').trim());
            }
            if within {
                found += line;
                found.push('\n');
            }
        }
    }
    found
}

/// The parts below headings that have this word between back-quotes.
fn about(pages: &Pages, word: &str) -> String {
    below(pages, |heading| marked(heading).contains(&word))
}

// The detectors.

/// Each link of a page that leads to no page or file, or to no heading there.
fn broken_links(pages: &Pages) -> Vec<String> {
    let mut broken = Vec::new();
    for (name, page) in pages {
        let folder = Path::new(name).parent().unwrap();
        for target in links(page).into_iter().filter(|target| !target.contains("://")) {
            let (file, anchor) = target.split_once('#').unwrap_or((target, ""));
            let there = if file.is_empty() { name.clone() } else { joined(folder, file) };
            let found = match pages.get(&there) {
                Some(page) => anchor.is_empty() || anchors(page).iter().any(|id| id == anchor),
                // A picture, or a file beside the book.
                None => anchor.is_empty() && src().join(folder).join(file).is_file(),
            };
            if !found {
                broken.push(format!("{name}: {target}"));
            }
        }
    }
    broken
}

/// A relative path from a folder, without `..`.
fn joined(folder: &Path, file: &str) -> String {
    let mut parts: Vec<&str> = folder.iter().filter_map(|part| part.to_str()).collect();
    for part in file.split('/') {
        match part {
            ".." => drop(parts.pop()),
            "." => {}
            part => parts.push(part),
        }
    }
    parts.join("/")
}

/// The names that this text does not have between back-quotes.
fn undocumented<'a>(names: impl IntoIterator<Item = &'a str>, text: &str) -> Vec<&'a str> {
    let words = marked(text);
    names.into_iter().filter(|name| !words.contains(name)).collect()
}

/// The properties of an object's schema.
fn properties(schema: &Value) -> impl Iterator<Item = &str> {
    schema["properties"].as_object().into_iter().flatten().map(|(name, _)| name.as_str())
}

/// What the reference does not say of a scenario: `load: rate`. Each table and each action has a part of its own.
fn undocumented_keys(schema: &Value, pages: &Pages) -> Vec<String> {
    let keys = &schema["properties"];
    let mut missing = Vec::new();
    let mut look = |place: &str, names: Vec<&str>, text: &str| {
        missing.extend(undocumented(names, text).iter().map(|name| format!("{place}: {name}")));
    };
    look("the file", properties(schema).collect(), &below(pages, |heading| heading == "The file itself"));
    for table in ["cluster", "load", "matrix"] {
        look(table, properties(&keys[table]).collect(), &about(pages, &format!("[{table}]")));
    }
    let (tables, figures): (Vec<_>, Vec<_>) =
        properties(&keys["expect"]).partition(|name| Whose::named(name).is_some());
    // One form stands for the tables of all patterns; the introduction names the patterns.
    let form = |name| pubsub_lab::scenario::Pattern::named(name).map_or(name, |_| "PATTERN");
    let tables: BTreeSet<_> = tables.into_iter().map(|name| format!("[expect.{}]", form(name))).collect();
    let page = pages.get("reference/expect.md").map_or("", String::as_str);
    look("expect", figures, page);
    look("expect", tables.iter().map(String::as_str).collect(), page);
    let common = below(pages, |heading| heading == "Keys of every fault");
    for form in keys["fault"]["items"]["oneOf"].as_array().unwrap() {
        let action = form["title"].as_str().unwrap();
        look(action, properties(form).collect(), &(about(pages, action) + &common));
    }
    missing
}

/// The rows of tables whose default is not the schema's: `rate: 100`.
fn wrong_defaults(schema: &Value, pages: &Pages) -> Vec<String> {
    let mut wrong = Vec::new();
    for table in ["cluster", "load"] {
        let text = about(pages, &format!("[{table}]"));
        for (key, property) in schema["properties"][table]["properties"].as_object().unwrap() {
            let default = match &property["default"] {
                Value::String(text) => text.clone(),
                other => other.to_string(),
            };
            if !text.contains(&format!("| `{key}` | `{default}` |")) {
                wrong.push(format!("{key}: {default}"));
            }
        }
    }
    wrong
}

/// The rows of figures that a page does not have as the program would write them.
fn missing_figures(page: &str) -> Vec<String> {
    let row = |figure: Figure| {
        let cells: Vec<_> =
            figure.names().map(|name| format!("`{name}`")).chain([figure.meaning()]).collect();
        format!("| {} |", cells.join(" | "))
    };
    Figure::all().map(row).filter(|row| !page.lines().any(|line| line == row)).collect()
}

/// What the reference does not say of a report: `Debts: owed`. Each definition has a part of its own.
fn undocumented_fields(schema: &Value, pages: &Pages) -> Vec<String> {
    let whole: String = pages.values().flat_map(|page| [page.as_str(), "\n"]).collect();
    let mut missing = Vec::new();
    let definitions = schema["$defs"].as_object().unwrap();
    let root = ("Report".to_owned(), schema.clone());
    for (name, definition) in std::iter::once((&root.0, &root.1)).chain(definitions) {
        let fields: Vec<_> = properties(definition).collect();
        let own = about(pages, name);
        missing.extend(undocumented(fields, &own).iter().map(|field| format!("{name}: {field}")));
        let values = definition["oneOf"].as_array().into_iter().flatten();
        let values: Vec<_> = values.filter_map(|value| value["const"].as_str()).collect();
        missing.extend(undocumented(values, &whole).iter().map(|value| format!("{name}: {value}")));
    }
    missing
}

/// The header of `timeline.csv`, of a report in which something was lost on two nodes. Nodes count from 0.
fn columns() -> Vec<String> {
    let slice =
        json!({"at_ms": 0, "sent": 1, "delivered": 0, "received": 0, "lost": 1, "lost_by_node": [1, 0]});
    let run = json!({"id": "a-1", "label": "a", "pattern": "redis", "verdict": "valid", "why": [],
                     "timeline": [slice]});
    let host = json!({"cores": 1, "os": "linux", "arch": "x86_64"});
    let report = json!({"schema": 1, "scenario": {}, "seed": 1, "versions": {}, "host": host, "runs": [run]});
    let folder = tempfile::tempdir().unwrap();
    std::fs::write(folder.path().join("report.json"), report.to_string()).unwrap();
    let text = printed(&["report", folder.path().to_str().unwrap(), "--format", "csv"]);
    text.lines().next().unwrap().split(',').map(str::to_owned).collect()
}

/// What `scenarios check` says against a text; `None` if it takes it.
fn refused(scenario: &str) -> Option<String> {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("scenario.toml");
    std::fs::write(&file, scenario).unwrap();
    let output = pubsub_lab(&["scenarios", "check", file.to_str().unwrap()]).output().unwrap();
    match output.status.code() {
        Some(0) => None,
        _ => Some(String::from_utf8_lossy(&output.stderr).into_owned()),
    }
}

/// A block of TOML as a scenario: whole where its first line says so, else behind the head of one in which everything
/// that a fault may strike is there. `None` for a block that is neither.
fn as_scenario(block: &str) -> Option<String> {
    let first = block.lines().next().unwrap_or_default();
    if first == "# a whole scenario" || first.starts_with("#:schema ") {
        return Some(block.to_owned());
    }
    let head = "title = \"A fragment\"\n[cluster]\nnodes = 3\n[load]\nduration = \"30s\"\n";
    ["[[fault]]", "[expect]", "[matrix]"].contains(&first).then(|| format!("{head}{block}"))
}

/// What is wrong with the TOML of these pages.
fn wrong_scenarios(pages: &Pages) -> Vec<String> {
    // What stands there are policies, which `policy::command` judges.
    let scenarios = pages.iter().filter(|(name, _)| *name != "reference/policy.md");
    let blocks =
        scenarios.flat_map(|(name, page)| blocks(page, "toml").into_iter().map(move |block| (name, block)));
    let wrong = |(name, block): (&String, String)| {
        let why = match as_scenario(&block) {
            None => "neither a whole scenario nor a part of one".to_owned(),
            Some(scenario) => refused(&scenario)?,
        };
        Some(format!("{name}: {why}\n{block}"))
    };
    blocks.filter_map(wrong).collect()
}

/// What a page shows of `scenarios` and the program does not say: the lines behind `$ pubsub-lab scenarios ...`.
fn wrong_output(pages: &Pages) -> Vec<String> {
    let mut wrong = Vec::new();
    for block in pages.values().flat_map(|page| blocks(page, "console")) {
        let Some((command, shown)) = block.split_once('\n') else { continue };
        let Some(args) = command.strip_prefix("$ pubsub-lab scenarios ") else { continue };
        let args: Vec<_> = std::iter::once("scenarios").chain(args.split(' ')).collect();
        let said = printed(&args);
        if said != shown {
            wrong.push(format!("{command}\nshown:\n{shown}said:\n{said}"));
        }
    }
    wrong
}

const NONE: [&str; 0] = [];

fn page(name: &str, text: &str) -> Pages {
    Pages::from([(name.to_owned(), text.to_owned())])
}

#[test]
fn every_link_leads_somewhere() {
    let pages = pages();
    assert!(pages.len() > 5, "the scan finds what is known to be there: {:?}", pages.keys());
    assert_eq!(broken_links(&pages), NONE);
}

#[test]
fn every_page_is_in_the_summary() {
    let pages = pages();
    let named = links(&pages["SUMMARY.md"]);
    let forgotten = pages.keys().filter(|name| *name != "SUMMARY.md" && !named.contains(&name.as_str()));
    assert_eq!(forgotten.collect::<Vec<_>>(), NONE);
    let settings: toml::Table = std::fs::read_to_string(src().join("../book.toml")).unwrap().parse().unwrap();
    assert_eq!(settings["book"]["src"].as_str(), Some("src"));
}

#[test]
fn control_a_broken_link_is_found() {
    let mut pages =
        page("a/one.md", "[x](two.md) [y](../b.md) [z](#here-it_is)\n## Here: `it_is`\n[w](https://x.y)");
    pages.insert("a/two.md".into(), "[up](./one.md#here-it_is)".into());
    pages.insert("b.md".into(), "```toml\n[no](link.md)\n```".into());
    assert_eq!(broken_links(&pages), NONE);
    pages.insert("b.md".into(), "[a](two.md) and [b](a/one.md#there)".into());
    assert_eq!(broken_links(&pages), ["b.md: two.md", "b.md: a/one.md#there"]);
}

#[test]
fn every_key_of_a_scenario_is_documented() {
    let (schema, pages) = (schema("scenario"), reference());
    assert_eq!(undocumented_keys(&schema, &pages), NONE);
    assert_eq!(wrong_defaults(&schema, &pages), NONE);
}

#[test]
fn control_a_key_without_documentation_is_found() {
    let (mut schema, pages) = (schema("scenario"), reference());
    for place in ["/properties", "/properties/load/properties", "/properties/matrix/properties"] {
        // A key that stands elsewhere in the reference, and one that stands nowhere.
        schema.pointer_mut(place).unwrap()["p99_us"] = json!({ "default": 7 });
        schema.pointer_mut(place).unwrap()["colour"] = json!({ "default": "red" });
    }
    schema.pointer_mut("/properties/expect/properties").unwrap()["weather"] = json!({});
    schema.pointer_mut("/properties/fault/items/oneOf/0/properties").unwrap()["gap"] = json!({});
    let missing = undocumented_keys(&schema, &pages);
    let expected = [
        "the file: colour",
        "the file: p99_us",
        "load: colour",
        "load: p99_us",
        "matrix: colour",
        "matrix: p99_us",
        "expect: weather",
        "kill: gap",
    ];
    assert_eq!(missing, expected);
    assert_eq!(wrong_defaults(&schema, &pages), ["colour: red", "p99_us: 7"]);
    assert_eq!(undocumented(["rate"], "rate and `the rate`, `bit` rate `it`"), ["rate"]);
}

#[test]
fn every_figure_has_its_row() {
    let page = &reference()["reference/expect.md"];
    assert_eq!(missing_figures(page), NONE);
    let other = page.replace("`p99_ms`", "`p99`").replace("Debts received live.", "Received live.");
    let missing = missing_figures(&other);
    assert!(missing.len() == 2 && missing[0].starts_with("| `delivered` | Debts"), "{missing:?}");
}

#[test]
fn every_field_of_a_report_is_documented() {
    assert_eq!(undocumented_fields(&schema("report"), &reference()), NONE);
}

#[test]
fn control_a_field_without_documentation_is_found() {
    let mut schema = schema("report");
    schema["properties"]["weather"] = json!({});
    // A name that another definition has.
    schema["$defs"]["Quantiles"]["properties"]["owed"] = json!({});
    schema["$defs"]["Weather"] = json!({ "properties": { "rain": {} } });
    schema["$defs"]["Verdict"]["oneOf"].as_array_mut().unwrap().push(json!({ "const": "sunny" }));
    let missing = undocumented_fields(&schema, &reference());
    assert_eq!(missing, ["Report: weather", "Quantiles: owed", "Verdict: sunny", "Weather: rain"]);
}

#[test]
fn every_column_of_the_timeline_is_documented() {
    let columns = columns();
    assert!(columns.contains(&"at_ms".into()) && columns.contains(&"lost_node_1".into()), "{columns:?}");
    let text = about(&reference(), "timeline.csv");
    let names = || columns.iter().map(String::as_str);
    assert_eq!(undocumented(names(), &text), NONE);
    assert_eq!(undocumented(names().chain(["weather"]), &text), ["weather"]);
}

#[test]
fn every_scenario_of_the_reference_is_one() {
    let pages = reference();
    let all: Vec<_> = pages.values().flat_map(|page| blocks(page, "toml")).collect();
    let faults = all.iter().filter(|block| block.starts_with("[[fault]]"));
    assert!(faults.count() > 12, "the scan finds what is known to be there: {all:?}");
    let wrong = wrong_scenarios(&pages);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    let wrong = wrong_output(&pages);
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn every_action_has_an_example() {
    let pages = reference();
    let all: String = pages.values().flat_map(|page| blocks(page, "toml")).collect();
    let has = |action: &&str| all.lines().any(|line| line.starts_with(&format!("{action} = ")));
    // Those of the processes share one.
    let without = ACTIONS.into_iter().filter(|action| !has(action));
    assert_eq!(without.collect::<Vec<_>>(), ["stop"]);
}

#[test]
fn control_a_wrong_scenario_is_found() {
    let wrong = |block: &str| wrong_scenarios(&page("x.md", &format!("```toml\n{block}\n```")));
    for (block, part) in [
        ("# a whole scenario\n[load]\nspeed = 1", "has no key `speed`"),
        ("#:schema ./x.json\nnodes = 3", "has no key `nodes`"),
        ("[[fault]]\nat = \"5s\"\nkill = \"node 7\"", "not there"),
        ("[expect]\np95 = \"< 2s\"", "no figure `p95`"),
        ("[matrix]\nrate = []", "no value to take"),
        ("[load]\nrate = 5", "neither a whole scenario"),
    ] {
        let found = wrong(block);
        assert!(found.len() == 1 && found[0].contains(part), "{block}: {found:?}");
    }
    assert_eq!(wrong("[[fault]]\nat = \"5s\"\nkill = \"history\""), NONE);
    let shown = "```console\n$ pubsub-lab scenarios check steady\nsteady: fine\n```";
    assert_eq!(wrong_output(&page("x.md", shown)).len(), 1);
}
