//! The blanks of `--server`, and a check for mistyped ones.

use crate::failure::{Failure, USAGE};
use lab::Product;

/// The words that stand in a command for a value of the node; for the URL of a broker, its scheme.
fn blanks() -> impl Iterator<Item = &'static str> {
    ["port", "node", "peers"].into_iter().chain(Product::ALL.map(Product::scheme))
}

/// Refuses a command with a word in braces that is nearly a blank: it would stay as it is, and the server would
/// listen elsewhere. Other braces are the shell's, or somebody's JSON.
pub(super) fn check(command: &str) -> Result<(), Failure> {
    let Some((word, near)) = words(command).find_map(|word| Some((word, near(word)?))) else {
        return Ok(());
    };
    let message = format!("--server: there is no {{{word}}}");
    let hint = format!("did you mean {{{near}}}? With a space, {{ {word}}}, it stays as it is");
    Err(Failure::new(USAGE, message, hint))
}

/// The words that stand alone in braces, except `${x}` of the shell and `{{x}}` of templates.
fn words(command: &str) -> impl Iterator<Item = &str> {
    command.match_indices('{').filter_map(|(at, _)| {
        let word = command[at + 1..].split('}').next()?;
        let alone = command[at + 1 + word.len()..].starts_with('}')
            && !command[..at].ends_with(['$', '{'])
            && word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
        alone.then_some(word)
    })
}

/// The blank that is nearest to a word; `None` if the word is a blank, or if none is near.
fn near(word: &str) -> Option<&'static str> {
    let lower = word.to_ascii_lowercase();
    let distance = |blank: &str| strsim::damerau_levenshtein(&lower, blank);
    let nearest = blanks().min_by_key(|blank| distance(blank))?;
    (blanks().all(|blank| blank != word) && distance(nearest) <= 2).then_some(nearest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mistyped_blank_is_named() {
        for (command, word, near) in [
            ("node app.js {prot}", "{prot}", "{port}"),
            ("node app.js {port} {peer}", "{peer}", "{peers}"),
            ("run {PORT}", "{PORT}", "{port}"),
            ("run {port} --redis {reids}", "{reids}", "{redis}"),
            ("run '{\"port\":{ports}}'", "{ports}", "{port}"),
        ] {
            let said = check(command).unwrap_err().to_string();
            let expected = format!("error: --server: there is no {word}\nhint: did you mean {near}?");
            assert!(said.starts_with(&expected), "{command}: {said}");
        }
    }

    #[test]
    fn control_braces_of_the_shell_and_of_json_are_left_alone() {
        for command in [
            "node app.js {port} {node} {peers} {redis}",
            "cd ${prot} && x {port}",
            "cp {a,b} /tmp; echo {1..3} {port}",
            "app '{\"port\":{port},\"nodes\":[]}' | awk '{print}' | awk '{ prot }'",
            "docker ps --format '{{ports}}' {}",
            "f() { node app.js {port}; }; f",
            "{",
            "ü{",
        ] {
            assert!(check(command).is_ok(), "{command}");
        }
    }
}
