//! Reads `[connect]` of a policy.

use std::collections::HashSet;
use std::path::Path;

use jsonwebtoken::{Algorithm, DecodingKey, Validation};
use scenario::{InputError, Section};

use super::connect::{Connect, LEEWAY};
use super::signatures::{ed25519, hs256, install};

/// The keys of `[connect]`.
pub(super) const KEYS: [&str; 6] =
    ["jwt", "secret_env", "secret_file", "public_key_file", "issuer", "audience"];

/// The fewest bytes of a secret with which tokens are signed (RFC 7518, 3.2).
const SHORTEST_KEY: usize = 32;
/// The fewest bytes of a secret that clients bring themselves.
const SHORTEST_SECRET: usize = 12;

pub(super) fn connect(table: &Section<'_>, folder: &Path) -> Result<Connect, InputError> {
    let algorithm = table.text("jwt")?;
    let (algorithm, key) = match algorithm {
        None => {
            for key in ["public_key_file", "issuer", "audience"] {
                if let Some(value) = table.get(key) {
                    let error = value.error(format!("`{key}` is for tokens, and `jwt` is not there"));
                    return Err(error.with_hint("jwt = \"HS256\" or \"EdDSA\""));
                }
            }
            return Ok(Connect::secret(&secret(table, folder, SHORTEST_SECRET)?));
        }
        Some((_, "HS256")) => {
            let key = hs256(&secret(table, folder, SHORTEST_KEY)?).ok_or_else(|| {
                let error = table.error("this secret signs no token");
                error.with_hint("openssl rand -hex 32 makes one that does")
            })?;
            (Algorithm::HS256, key)
        }
        Some((_, "EdDSA")) => (Algorithm::EdDSA, public_key(table, folder)?),
        Some((value, other)) => {
            let error = value.error(format!("`jwt` is \"HS256\" or \"EdDSA\", not \"{other}\""));
            return Err(error.with_hint("HS256 has a secret that both sides know, EdDSA a public key"));
        }
    };
    install();
    let mut validation = Validation::new(algorithm);
    validation.leeway = LEEWAY.as_secs();
    validation.validate_nbf = true;
    validation.required_spec_claims = HashSet::from(["exp".to_owned(), "sub".to_owned()]);
    match table.text("audience")? {
        Some((_, audience)) => {
            validation.set_audience(&[audience]);
            validation.required_spec_claims.insert("aud".into());
        }
        None => validation.validate_aud = false,
    }
    if let Some((_, issuer)) = table.text("issuer")? {
        validation.set_issuer(&[issuer]);
        validation.required_spec_claims.insert("iss".into());
    }
    Ok(Connect::Jwt { key: Box::new(key), validation: Box::new(validation) })
}

/// The secret that an environment variable or a file has.
fn secret(table: &Section<'_>, folder: &Path, shortest: usize) -> Result<Vec<u8>, InputError> {
    let (value, secret, whence) = match (table.text("secret_env")?, table.text("secret_file")?) {
        (Some((value, variable)), None) => match std::env::var(variable) {
            Ok(secret) => (value, secret.into_bytes(), format!("the variable {variable}")),
            Err(_) => {
                let error = value.error(format!("the environment variable {variable} is not set"));
                return Err(error.with_hint("set it to the secret, for every node of the cluster"));
            }
        },
        (None, Some((value, file))) => match std::fs::read_to_string(folder.join(file)) {
            Ok(secret) => (value, secret.trim_end().as_bytes().to_vec(), format!("the file {file}")),
            Err(error) => {
                let error = value.error(format!("cannot read {file}: {error}"));
                return Err(error.with_hint("a path is looked for beside the policy's file"));
            }
        },
        (Some((value, _)), Some(_)) => {
            let error = value.error("the secret cannot be in two places");
            return Err(error.with_hint("leave `secret_env` or `secret_file` out"));
        }
        (None, None) => {
            let error = table.error("[connect] does not say where the secret is");
            return Err(error.with_hint("secret_env = \"CHAT_SECRET\", or secret_file = \"secret.txt\""));
        }
    };
    if secret.len() < shortest {
        let error = value.error(format!("{whence} has {} bytes, too few for a secret", secret.len()));
        return Err(error.with_hint(format!("it needs at least {shortest}: openssl rand -hex 32")));
    }
    Ok(secret)
}

fn public_key(table: &Section<'_>, folder: &Path) -> Result<DecodingKey, InputError> {
    let Some((value, file)) = table.text("public_key_file")? else {
        let error = table.error("EdDSA needs `public_key_file`");
        return Err(error.with_hint("openssl pkey -in private.pem -pubout -out public.pem"));
    };
    let pem = std::fs::read(folder.join(file)).map_err(|error| {
        let error = value.error(format!("cannot read {file}: {error}"));
        error.with_hint("a path is looked for beside the policy's file")
    })?;
    ed25519(&pem).ok_or_else(|| {
        let error = value.error(format!("{file} is no public key of Ed25519 in PEM"));
        error.with_hint("openssl genpkey -algorithm ed25519 -out private.pem; openssl pkey -in private.pem -pubout -out public.pem")
    })
}
