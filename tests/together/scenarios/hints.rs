//! No error is without a hint, and none of them says only that it is wrong.

use super::{check, text};

#[test]
fn every_error_has_a_hint() {
    let fault = |lines: &str| format!("[[fault]]\nat = \"1s\"\nfor = \"1s\"\n{lines}\n");
    let cut = "cut = \"node 0 <-> broker\"";
    for file in [
        fault(&format!("every = \"0s\"\n{cut}")),
        fault(&format!("every = \"2s\"\ntimes = 0\n{cut}")),
        fault("throttle = \"node 0 <-> broker\"\nbytes_per_second = 0"),
        fault("limit = \"node 0 <-> broker\"\nbytes = -1"),
        fault("partition = 5"),
        "fault = \"x\"\n".into(),
        "[matrix]\nrate = [\"a\"]\n".into(),
        "[matrix]\npayload = [10, 100]\n".into(),
        "[matrix]\nnodes = [0, 3]\n".into(),
        "[expect]\nlost = \"< nan\"\n".into(),
        "[expect]\nlost = []\n".into(),
        "[expect]\nlost = 99999999999999999999\n".into(),
        "title = \n".into(),
        "[load\n".into(),
        "[load]\n[load]\n".into(),
        "a = 1 b = 2\n".into(),
        "\u{0}".into(),
    ] {
        let said = text(&check(&file).stderr);
        let lines: Vec<_> = said.lines().collect();
        assert!(
            matches!(lines[..], [error, hint]
            if error.starts_with("error: s.toml:") && hint.starts_with("hint: ") && hint.len() > 12),
            "{file}: {said}"
        );
    }
}
