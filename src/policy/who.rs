//! Who is meant by a list of people.

use glob::Pattern;
use node::Visitor;
use serde_json::Value;

/// One entry of a list of people.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Who {
    /// Everybody whose name matches.
    Named(Pattern),
    /// Everybody whose token has this claim: as this value, or as a list that has it.
    Claim { claim: String, is: Value },
}

impl Who {
    /// Whether this client is meant.
    pub(super) fn means(&self, visitor: &Visitor<'_>) -> bool {
        match self {
            Self::Named(pattern) => pattern.matches(visitor.name),
            Self::Claim { claim, is } => match visitor.pass.claims.get(claim) {
                Some(Value::Array(values)) => values.contains(is),
                Some(value) => value == is,
                None => false,
            },
        }
    }

    /// Whether everybody is meant, whatever the name.
    pub(super) fn is_everybody(&self) -> bool {
        matches!(self, Self::Named(pattern) if pattern.as_str() == "*")
    }
}

#[cfg(test)]
mod tests {
    use node::Pass;
    use serde_json::json;

    use super::*;

    #[test]
    fn people_are_meant_by_name_or_by_what_their_token_claims() {
        let claims = json!({ "role": "teacher", "groups": ["math", "art"], "level": 3 });
        let pass = Pass { claims: claims.as_object().unwrap().clone(), ..Pass::default() };
        let ada = Visitor { id: "1", name: "Ada", pass: &pass };
        let named = |pattern| Who::Named(Pattern::new(pattern).unwrap()).means(&ada);
        assert_eq!(
            [named("Ada"), named("A*"), named("*"), named("ada"), named("B*")],
            [true, true, true, false, false]
        );
        let claim = |claim: &str, is| Who::Claim { claim: claim.into(), is }.means(&ada);
        assert!(claim("role", json!("teacher")) && claim("groups", json!("art")) && claim("level", json!(3)));
        assert!(!claim("role", json!("pupil")) && !claim("groups", json!("ar")) && !claim("x", json!(null)));
    }
}
