//! `[matrix]`: one scenario over several values.

use super::{check, refused, succeeded};

#[test]
fn every_value_is_judged() {
    refused(
        "[matrix]\nrate = [10, ¦0]\n",
        "`rate` must be more than 0 and at most 1000000 messages a second",
        "write it like rate = [500, 1000, 2000]",
    );
    refused(
        "[matrix]\nrate = ¦[]\n",
        "`rate` has no value to take",
        "write it like rate = [500, 1000, 2000]",
    );
    refused(
        "[matrix]\nrate = ¦100\n",
        "`rate` must be a list, not a whole number",
        "write it like rate = [500, 1000, 2000]",
    );
    refused(
        "[matrix]\npayload = [¦\"64\"]\n",
        "`payload` must be a number, not text",
        "write it like payload = [64, 1024]",
    );
    refused(
        "[matrix]\n¦duration = [\"1s\"]\n",
        "[matrix] has no key `duration`",
        "known are `rate`, `payload`, `nodes`, `subscribers`, `publishers`, `rooms` and `until`",
    );
    // A fault that one of the variations has no target for.
    refused(
        "[matrix]\nnodes = [3, 1]\n[[fault]]\nat = \"1s\"\nkill = ¦\"node 2\"\n",
        "`kill node 2` names a node that is not there: of 1, the last is node 0",
        "nodes count from 0",
    );
}

#[test]
fn a_search_goes_along_one_line() {
    refused(
        "[matrix]\nrate = [1]\n¦until = \"violated\"\nnodes = [1]\n",
        "`until` needs one field to vary, not several",
        "a search goes along one line: leave the other fields to [load]",
    );
    refused(
        "[matrix]\nrate = [1]\nuntil = ¦\"lost\"\n",
        "`until` cannot be `lost`",
        "until = \"violated\" ends a pattern's runs at the first that fails",
    );
    let hint = "let `rate` rise from value to value, or leave `until` out for all of them";
    for (values, what) in [
        ("200, ¦50, 100, 400", "a search goes upwards, and 50 comes after 200"),
        ("5, ¦5", "a search goes upwards, and 5 comes after 5"),
        ("1, 2, ¦1.5", "a search goes upwards, and 1.5 comes after 2"),
    ] {
        refused(&format!("[matrix]\nrate = [{values}]\nuntil = \"violated\"\n"), what, hint);
    }
    succeeded(&check("[matrix]\nrate = [200, 50, 100, 400]\n"));
    let summary = succeeded(&check("[matrix]\nrate = [10, 20]\nuntil = \"violated\"\n"));
    assert!(summary.contains("  matrix    rate = 10, 20 (until an expectation is violated)\n"), "{summary}");
    let summary = succeeded(&check("[matrix]\nnodes = [1, 2]\nrate = [0.5, 20]\n"));
    assert!(summary.contains("  matrix    nodes = 1, 2\n  matrix    rate = 0.5, 20\n"), "{summary}");
}
