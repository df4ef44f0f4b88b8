//! JSON Web Tokens, made by hand as somebody else's login service would make them.
#![allow(dead_code, reason = "every test target uses its own part")]
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::time::{SystemTime, UNIX_EPOCH};

use base64::Engine;
use base64::engine::general_purpose::{STANDARD, URL_SAFE_NO_PAD};
use hmac::{Hmac, KeyInit, Mac};
use ring::signature::{Ed25519KeyPair, KeyPair};
use serde_json::{Value, json};
use sha2::Sha256;

/// A token that is signed with a secret.
pub fn hs256(secret: &str, claims: &Value) -> String {
    let text = unsigned("HS256", claims);
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(text.as_bytes());
    format!("{text}.{}", URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// A key of Ed25519.
pub struct Ed25519(Ed25519KeyPair);

impl Ed25519 {
    /// A new key.
    pub fn new() -> Self {
        Self(Ed25519KeyPair::from_seed_unchecked(&rand::random::<[u8; 32]>()).unwrap())
    }

    /// A token that is signed with the key.
    pub fn sign(&self, claims: &Value) -> String {
        let text = unsigned("EdDSA", claims);
        format!("{text}.{}", URL_SAFE_NO_PAD.encode(self.0.sign(text.as_bytes())))
    }

    /// The public key in PEM, as `openssl pkey -pubout` writes it.
    pub fn public_pem(&self) -> String {
        let mut der = vec![0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];
        der.extend_from_slice(self.0.public_key().as_ref());
        format!("-----BEGIN PUBLIC KEY-----\n{}\n-----END PUBLIC KEY-----\n", STANDARD.encode(der))
    }
}

/// The claims of somebody whose token ends so many seconds from now.
pub fn claims(name: &str, ends_in: i64) -> Value {
    json!({ "sub": name, "exp": now() + ends_in })
}

/// The time, in seconds since 1970.
pub fn now() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs() as i64
}

fn unsigned(algorithm: &str, claims: &Value) -> String {
    let part = |value: &Value| URL_SAFE_NO_PAD.encode(value.to_string());
    format!("{}.{}", part(&json!({ "alg": algorithm, "typ": "JWT" })), part(claims))
}
