//! What a run that ends before its time still has to heal: the user's command broke it, and only the user's can mend it.

use crate::observer::{Note, Observer};
use crate::shell::Shell;
use ledger::Harness;

/// Sees to the commands that are to heal something. Dropped before they were run, it says which they are.
pub(super) struct Unhealed<'a> {
    pub(super) shell: Option<&'a Shell>,
    pub(super) observer: &'a dyn Observer,
}

impl Unhealed<'_> {
    /// Runs them, and says so. Nothing in a run that came to its end.
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

/// What became of them, a clause each.
#[derive(Default)]
pub(super) struct Healed {
    notes: Vec<String>,
    problems: Vec<String>,
}

impl Healed {
    /// Puts it into the report.
    pub(super) fn tell(self, harness: &mut Harness) {
        harness.notes.extend(self.notes);
        harness.problems.extend(self.problems);
    }
}
