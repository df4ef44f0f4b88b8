//! Whatever a node counts is described, and stands at zero before it happens first.

use std::collections::BTreeSet;
use std::path::Path;

use crate::house_tests::rust_files;

#[test]
fn whatever_is_counted_is_described() {
    let node = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/node");
    let described = std::fs::read_to_string(node.join("counters.rs")).unwrap();
    let mut counted = 0;
    for file in rust_files(&node) {
        let source = std::fs::read_to_string(&file).unwrap();
        for mark in ["metrics::counter!(\"", "metrics::gauge!(\""] {
            for name in source.split(mark).skip(1).filter_map(|rest| rest.split('"').next()) {
                counted += 1;
                assert!(described.contains(&format!("\"{name}\"")), "{name} in {}", file.display());
            }
        }
    }
    assert!(counted > 20, "{counted}");
}

/// A metric that nobody can look up is a riddle, and one that is looked up in vain is worse.
#[test]
fn the_book_lists_every_metric_and_no_other() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR"));
    let names = |text: &str, quote: char| -> BTreeSet<String> {
        text.split(quote)
            .filter_map(|word| word.strip_prefix("pubsub_lab_"))
            .map(|name| name.split('{').next().unwrap_or(name))
            .filter(|name| name.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_'))
            .filter(|name| !name.is_empty() && !name.ends_with('_') && *name != "x_total")
            .map(str::to_owned)
            .collect()
    };
    let mut counted = BTreeSet::new();
    for room in ["bus", "node", "history", "trace", "door", "policy", "cli"] {
        for file in rust_files(&root.join("src").join(room)) {
            counted.extend(names(&std::fs::read_to_string(file).unwrap(), '"'));
        }
    }
    let page = std::fs::read_to_string(root.join("book/src/reference/metrics.md")).unwrap();
    let listed: String =
        page.lines().filter(|line| line.starts_with("| `pubsub_lab_")).collect::<Vec<_>>().concat();
    assert_eq!(names(&listed, '`'), counted);
    assert!(counted.len() > 40, "{counted:?}");
}
