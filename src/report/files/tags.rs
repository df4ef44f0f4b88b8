//! The names of runs in a file whose names may hold neither commas nor white space.

use super::super::RunReport;
use super::super::label::label;

/// A tag for each run: its label and parameters, as in `redis` and `redis_rate=100`. Repetitions share one, so that a
/// log processor adds them up; two names that only differ in what a tag cannot hold are told apart by the run's id.
pub(super) fn tags(runs: &[RunReport]) -> Vec<String> {
    let mut taken: Vec<(String, String)> = Vec::new();
    for run in runs {
        let name = label(run);
        let mut tag = plain(&name);
        if taken.iter().any(|(other, used)| *used == tag && *other != name) {
            tag = format!("{tag}_{}", plain(&run.id));
        }
        taken.push((name, tag));
    }
    taken.into_iter().map(|(_, tag)| tag).collect()
}

/// The text with `_` for everything that a tag, or a file's name, cannot hold.
pub(super) fn plain(text: &str) -> String {
    let odd = |c: char| c.is_whitespace() || c.is_control() || ",/\\\"'#".contains(c);
    text.chars().map(|c| if odd(c) { '_' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    use super::super::super::sample::run_with;
    use super::*;

    #[test]
    fn a_tag_is_one_word_and_its_run_s_own() {
        let run =
            |label: &str, id: &str| run_with(|run| (run.label, run.id) = (label.to_owned(), id.to_owned()));
        let runs = [
            run("a b", "1"),
            run("a b", "2"),
            run("a,b", "3"),
            run("x\ny\u{85}z\u{2028}", "4"),
            run("ü", "5"),
        ];
        assert_eq!(tags(&runs), ["a_b", "a_b", "a_b_3", "x_y_z_", "ü"]);
        let varied = run_with(|run| run.params = [("rate".into(), 100.into())].into());
        assert_eq!(tags(&[varied]), ["redis_rate=100"]);
    }
}
