//! Whom a policy lets in.

use std::fmt;
use std::time::{Duration, SystemTime};

use jsonwebtoken::errors::ErrorKind;
use jsonwebtoken::{DecodingKey, Validation, decode};
use node::{Pass, is_valid_name};
use serde_json::{Map, Value};
use sha2::{Digest, Sha256};

/// How far the clock of who made a token may be ahead or behind.
pub(super) const LEEWAY: Duration = Duration::from_secs(5);

/// What somebody has to bring who wants to come in.
pub(super) enum Connect {
    /// A JSON Web Token that was signed with the key (RFC 7519). Its `sub` is the name under which the client appears.
    Jwt { key: Box<DecodingKey>, validation: Box<Validation> },
    /// A secret that all clients share, by its hash.
    Secret([u8; 32]),
}

impl fmt::Debug for Connect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Jwt { .. } => "Jwt",
            Self::Secret(_) => "Secret",
        })
    }
}

impl Connect {
    /// A secret that all clients share.
    pub(super) fn secret(secret: &[u8]) -> Self {
        Self::Secret(Sha256::digest(secret).into())
    }

    /// Whether it says who somebody is.
    pub(super) fn gives_names(&self) -> bool {
        matches!(self, Self::Jwt { .. })
    }

    /// Judges the token of a client that wants to come in. The error is a clause for people.
    pub(super) fn judge(&self, token: Option<&str>, pass: &mut Pass) -> Result<(), String> {
        let token = token.ok_or(match self {
            Self::Jwt { .. } => "a token is needed: `Authorization: Bearer TOKEN`, or `?access_token=TOKEN`",
            Self::Secret(_) => {
                "the secret is needed: `Authorization: Bearer SECRET`, or `?access_token=SECRET`"
            }
        })?;
        match self {
            // Hashes are compared, so how long it takes says nothing of the secret.
            Self::Secret(hash) if <[u8; 32]>::from(Sha256::digest(token)) == *hash => Ok(()),
            Self::Secret(_) => Err("this is not the secret".into()),
            Self::Jwt { key, validation } => {
                let data = decode::<Map<String, Value>>(token, key, validation)
                    .map_err(|error| why(error.kind()))?;
                let name = data.claims.get("sub").and_then(Value::as_str).unwrap_or_default();
                if !is_valid_name(name) {
                    return Err(
                        "the token's `sub` is no name: 1 to 32 characters, no control characters".into()
                    );
                }
                pass.name = Some(name.into());
                pass.until = data.claims.get("exp").and_then(Value::as_f64).map(moment);
                pass.claims = data.claims;
                Ok(())
            }
        }
    }
}

/// The moment of a `NumericDate`, plus the leeway.
fn moment(seconds: f64) -> SystemTime {
    // A date beyond the clock's end is none that anybody lives to see.
    let since = Duration::try_from_secs_f64(seconds).unwrap_or(Duration::from_secs(u32::MAX.into()));
    SystemTime::UNIX_EPOCH.checked_add(since + LEEWAY).unwrap_or_else(SystemTime::now)
}

fn why(kind: &ErrorKind) -> String {
    match kind {
        ErrorKind::ExpiredSignature => "the token has expired".into(),
        ErrorKind::ImmatureSignature => "the token is not valid yet".into(),
        ErrorKind::InvalidSignature => "the token was not signed with this node's key".into(),
        ErrorKind::InvalidAlgorithm | ErrorKind::InvalidAlgorithmName => {
            "the token is signed in another way".into()
        }
        ErrorKind::InvalidIssuer => "the token is somebody else's: its `iss` is another".into(),
        ErrorKind::InvalidAudience => "the token is for somebody else: its `aud` is another".into(),
        ErrorKind::MissingRequiredClaim(claim) => format!("the token has no `{claim}`"),
        _ => "this is no token".into(),
    }
}
