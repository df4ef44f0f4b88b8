//! What a run that ends before its time still has to heal: a command of the user's broke it, and only such a command
//! can mend it.

use crate::observer::{Note, Observer};
use crate::shell::Shell;
use ledger::Harness;

/// The `heal` commands that are still owed. If this is dropped before they were run, it reports which they are.
pub(super) struct Unhealed<'a> {
    pub(super) shell: Option<&'a Shell>,
    pub(super) observer: &'a dyn Observer,
}

impl Unhealed<'_> {
    /// Runs the commands and reports how each went. There are none in a run that came to its end.
    pub(super) async fn heal(&self) -> Healed {
        let mut done = Healed::default();
        let Some(shell) = self.shell else { return done };
        for (command, healed) in shell.heal_the_rest().await {
            let (said, to) = match healed {
                Ok(()) => (
                    format!("the run ended under a fault, and `{command}` was run to heal it"),
                    &mut done.notes,
                ),
                Err(why) => {
                    (format!("the run ended under a fault that is not healed: {why}"), &mut done.problems)
                }
            };
            self.observer.note(Note::Left(&said));
            to.push(said);
        }
        done
    }
}

impl Drop for Unhealed<'_> {
    fn drop(&mut self) {
        for command in self.shell.iter().flat_map(|shell| shell.owed()) {
            self.observer.note(Note::Left(&format!(
                "`{command}` was not run to its end, and its fault is not healed"
            )));
        }
    }
}

/// How the `heal` commands went, one clause each.
#[derive(Default)]
pub(super) struct Healed {
    notes: Vec<String>,
    problems: Vec<String>,
}

impl Healed {
    /// Puts the clauses into the report.
    pub(super) fn add_to(self, harness: &mut Harness) {
        harness.notes.extend(self.notes);
        harness.problems.extend(self.problems);
    }
}
