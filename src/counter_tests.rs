//! Whatever a node counts is described, and stands at zero before it happens first.

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
