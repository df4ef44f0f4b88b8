//! `[matrix]`: its values, the order of its variations, and a search.

use super::*;

const LIKE: &str = "write it like rate = [500, 1000, 2000]";

#[test]
fn every_value_of_a_matrix_is_judged() {
    refused_at(
        "[matrix]\nrate = [¦0, 10]\n",
        "`rate` must be more than 0 and at most 1000000 messages a second",
        LIKE,
    );
    refused_at("[matrix]\nrate = ¦[]\n", "`rate` has no value to take", LIKE);
    refused_at("[matrix]\nrate = ¦100\n", "`rate` must be a list, not a whole number", LIKE);
    refused_at("[matrix]\nrate = [1, ¦99999999999999999999]\n", "`rate` is no such number", LIKE);
    refused_at(
        "[matrix]\npayload = [¦\"64\"]\n",
        "`payload` must be a number, not text",
        "write it like payload = [64, 1024]",
    );
    refused_at(
        "[matrix]\n¦duration = [\"1s\"]\n",
        "[matrix] has no key `duration`",
        "known are `rate`, `payload`, `nodes`, `subscribers`, `publishers`, `rooms` and `until`",
    );
}

/// Every variation of a matrix: its values, its rate and its number of nodes.
fn variations(matrix: &serde_json::Value, flags: &Overrides) -> Vec<(serde_json::Value, f64, usize)> {
    let file = ScenarioFile::of_report(&json!({ "name": "m", "matrix": matrix })).unwrap();
    let of = |one: Variation| (json!(one.params), one.scenario.load.rate, one.scenario.cluster.nodes);
    file.variations(flags).unwrap().into_iter().map(of).collect()
}

#[test]
fn the_last_field_of_the_file_varies_fastest() {
    let scenario = |variation| {
        let text = "[matrix]\nrate = [10, 20.5]\nnodes = [2, 3, 4]\npayload = [50, 60]\n";
        Scenario::parse_variation("s.toml", text, &Overrides::new(), variation).unwrap()
    };
    let taken = |variation| {
        let scenario = scenario(variation);
        (scenario.load.rate, scenario.cluster.nodes, scenario.load.payload)
    };
    let expected = [
        (10.0, 2, 50),
        (10.0, 2, 60),
        (10.0, 3, 50),
        (10.0, 3, 60),
        (10.0, 4, 50),
        (10.0, 4, 60),
        (20.5, 2, 50),
        (20.5, 2, 60),
        (20.5, 3, 50),
        (20.5, 3, 60),
        (20.5, 4, 50),
        (20.5, 4, 60),
    ];
    assert_eq!(std::array::from_fn(taken), expected);
    let matrix = scenario(0).matrix;
    assert_eq!(matrix.count(), 12);
    assert_eq!(json!(matrix.params(9)), json!({ "rate": 20.5, "nodes": 3, "payload": 60 }));
}

#[test]
fn a_file_without_a_matrix_has_one_variation_and_a_flag_takes_a_field_out() {
    assert_eq!(variations(&json!({}), &Overrides::new()), [(json!({}), 100.0, 3)]);
    let flag = Overrides::from([("nodes", "5".to_owned())]);
    assert_eq!(
        variations(&json!({ "nodes": [2, 3], "rate": [10, 20] }), &flag),
        [(json!({ "rate": 10 }), 10.0, 5), (json!({ "rate": 20 }), 20.0, 5)]
    );
}

#[test]
fn a_matrix_has_a_thousand_variations_at_most() {
    let list = |many: usize| format!("{:?}", (1..=many).collect::<Vec<_>>());
    let text = |nodes: usize| format!("[matrix]\nrate = {}\nnodes = {}\n", list(40), list(nodes));
    assert_eq!(parsed(&text(25)).matrix.count(), 1_000);
    let error = overridden(&text(26), &[]).unwrap_err();
    assert_eq!(error.to_string(), "s.toml:1:1: the matrix has more than 1000 variations");
    assert_eq!(error.hint(), "vary fewer fields, or over fewer values");
}

#[test]
fn a_search_goes_along_one_line_and_upwards() {
    refused_at(
        "[matrix]\nrate = [1]\n¦until = \"violated\"\nnodes = [1]\n",
        "`until` needs one field to vary, not several",
        "a search goes along one line: leave the other fields to [load]",
    );
    refused_at(
        "[matrix]\nrate = [1]\nuntil = ¦\"lost\"\n",
        "`until` cannot be `lost`",
        "until = \"violated\" ends a pattern's runs at the first that fails",
    );
    let hint = "let `rate` rise from value to value, or leave `until` out for all of them";
    for (values, what) in [
        ("200, ¦50, 100", "a search goes upwards, and 50 comes after 200"),
        ("5, ¦5", "a search goes upwards, and 5 comes after 5"),
        ("1, 2, ¦1.5", "a search goes upwards, and 1.5 comes after 2"),
    ] {
        refused_at(&format!("[matrix]\nrate = [{values}]\nuntil = \"violated\"\n"), what, hint);
    }
    let search = parsed("[matrix]\nrate = [1, 2, 2.5]\nuntil = \"violated\"\n").matrix;
    assert!(search.until_violated && search.count() == 3);
    let all = parsed("[matrix]\nrate = [5, 5, 1]\nnodes = [1, 2]\n").matrix;
    assert!(!all.until_violated && all.count() == 6);
}

#[test]
fn a_search_goes_upwards() {
    let search = "[matrix]\nrate = [200, 50]\nuntil = \"violated\"\n";
    refused(search, &[], "s.toml:2:14: a search goes upwards, and 50 comes after 200");
    // A field that a flag gives is not varied; without `until` every order of values is fine.
    assert!(overridden(search, &[("rate", "7")]).is_ok());
    assert_eq!(parsed("[matrix]\nrate = [200, 50]\n").matrix.count(), 2);
}
