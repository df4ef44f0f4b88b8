//! What a policy says, for people.

use std::fmt::{self, Display};

use super::connect::Connect;
use super::policy::Policy;
use super::rule::Rule;
use super::who::Who;

impl Display for Policy {
    /// One line for each thing that the policy says.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let who = match &self.connect {
            None => "everybody",
            Some(Connect::Secret(_)) => "who brings the shared secret",
            Some(Connect::Jwt { .. }) => {
                "who brings a token that is signed with the key; its `sub` is the name"
            }
        };
        writeln!(f, "  connect   {who}")?;
        for rule in &self.rules {
            writeln!(f, "  rule      {}: {}", rule.name, described(rule))?;
        }
        let others = if self.closed { "closed" } else { "open to everybody" };
        writeln!(f, "  default   rooms that no rule names are {others}")?;
        writeln!(f, "  always    a room whose name begins with @ is open to the person of that name alone")
    }
}

impl Policy {
    /// What the policy says that its author may not mean.
    pub fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if self.trusts_chosen_names() {
            warnings.push(
                "rules name people, but every client chooses its own name: only `jwt` in [connect] says who somebody is"
                    .to_owned(),
            );
        }
        warnings
    }
}

fn described(rule: &Rule) -> String {
    let rooms: Vec<_> = rule.rooms.iter().map(|pattern| format!("`{}`", pattern.as_str())).collect();
    let mut text = format!("in {}", rooms.join(", "));
    let mut say = |words: String| text += &format!("; {words}");
    if let Some(read) = &rule.read {
        say(format!("read by {}", people(read)));
    }
    if let Some(write) = &rule.write {
        say(format!("written by {}", people(write)));
    }
    if let Some(rate) = rule.rate {
        say(format!("at most {rate} messages a second in each room, on each node"));
    }
    if let Some(rate) = rule.rate_per_person {
        say(format!("at most {rate} a second by one person"));
    }
    if let Some(longest) = rule.longest_text {
        say(format!("at most {longest} characters"));
    }
    match rule.mask.len() {
        0 => {}
        1 => say("one word is masked".into()),
        count => say(format!("{count} words are masked")),
    }
    text
}

fn people(whos: &[Who]) -> String {
    if whos.is_empty() {
        return "nobody".into();
    }
    let names: Vec<_> = whos
        .iter()
        .map(|who| match who {
            Who::Named(_) if who.is_everybody() => "everybody".into(),
            Who::Named(pattern) => format!("`{}`", pattern.as_str()),
            Who::Claim { claim, is } => format!("whose `{claim}` is {is}"),
        })
        .collect();
    names.join(", ")
}
