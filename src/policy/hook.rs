//! A policy as a hook of a node.

use std::borrow::Cow;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Instant;

use node::{Decision, Hook, Knock, Pass, Refusal, Visitor};

use super::policy::Policy;
use super::rates::Rates;
use super::rule::Rule;

/// A policy that a node obeys. It can be replaced while the node serves. Cheap to clone.
#[derive(Clone)]
pub struct PolicyHook(Arc<Mutex<Arc<State>>>);

#[derive(Default)]
struct State {
    policy: Policy,
    rates: Rates,
}

impl fmt::Debug for PolicyHook {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("PolicyHook").field(&self.state().policy).finish()
    }
}

impl PolicyHook {
    /// A hook that obeys this policy.
    pub fn new(policy: Policy) -> Self {
        Self(Arc::new(Mutex::new(Arc::new(State { policy, rates: Rates::default() }))))
    }

    /// Obeys this policy from now on. Whoever is connected stays so, and keeps what its token said.
    pub fn replace(&self, policy: Policy) {
        *self.lock() = Arc::new(State { policy, rates: Rates::default() });
    }

    fn state(&self) -> Arc<State> {
        self.lock().clone()
    }

    fn lock(&self) -> MutexGuard<'_, Arc<State>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Hook for PolicyHook {
    fn connect(&self, knock: &Knock<'_>, pass: &mut Pass) -> Decision {
        match &self.state().policy.connect {
            Some(connect) => match connect.judge(knock.token().as_deref(), pass) {
                Ok(()) => Decision::Allow,
                Err(reason) => Decision::refuse(reason),
            },
            None => Decision::Allow,
        }
    }

    fn subscribe(&self, visitor: &Visitor<'_>, room: &str) -> Decision {
        let policy = &self.state().policy;
        if room.strip_prefix('@').is_some_and(|owner| owner != visitor.name) {
            return Decision::refuse("a room that begins with @ is one person's own");
        }
        let (mut named, mut refused) = (false, None);
        for (_, rule) in policy.rules_of(room) {
            named = true;
            if !rule.lets_read(visitor) {
                refused = refused.or_else(|| Some(refusal(rule, "you may not be in this room")));
            }
        }
        match refused {
            Some(refused) => refused,
            None if policy.closed && !named && !room.starts_with('@') => unnamed(),
            None => Decision::Allow,
        }
    }

    /// What is said to one person is held to the rules of that person's own room.
    fn whisper(&self, visitor: &Visitor<'_>, to: &str, text: &mut Cow<'_, str>) -> Decision {
        self.publish_in(visitor, &format!("@{to}"), text)
    }

    fn publish_in(&self, visitor: &Visitor<'_>, room: &str, text: &mut Cow<'_, str>) -> Decision {
        let state = self.state();
        let (mut named, length, now) = (false, text.chars().count(), Instant::now());
        for (number, rule) in state.policy.rules_of(room) {
            named = true;
            if !rule.lets_write(visitor) {
                return refusal(rule, "you may not write in this room");
            }
            if let Some(longest) = rule.longest_text.filter(|longest| length > *longest) {
                return bound(
                    rule,
                    format!("a text may have {longest} characters here, this one has {length}"),
                );
            }
            let rates = [(rule.rate_per_person, Some(visitor.id)), (rule.rate, None)];
            for (rate, person) in rates {
                if let Some(rate) = rate
                    && !state.rates.take(number, room, person, rate, now)
                {
                    let whose = if person.is_some() { "of yours " } else { "" };
                    return bound(rule, format!("{rate} messages {whose}a second may be said in this room"));
                }
            }
        }
        if state.policy.closed && !named {
            return unnamed();
        }
        for (_, rule) in state.policy.rules_of(room) {
            rule.mask.apply(text);
        }
        Decision::Allow
    }
}

/// The refusal of a rule that is not for this client, in its own words if it has any.
fn refusal(rule: &Rule, otherwise: &str) -> Decision {
    bound(rule, rule.reason.clone().unwrap_or_else(|| otherwise.to_owned()))
}

/// The refusal of a rule whose bound is crossed.
fn bound(rule: &Rule, reason: String) -> Decision {
    Decision::Refuse(Refusal { reason, rule: Some(rule.name.clone()) })
}

/// The refusal of a room that no rule names.
fn unnamed() -> Decision {
    Decision::refuse("no rule opens this room")
}
