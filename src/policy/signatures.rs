//! How the signatures of tokens are checked: HMAC by the crate with which nodes sign sessions, Ed25519 by the one that
//! TLS uses. What jsonwebtoken brings along would also have RSA and two curves, in 30 more crates.

use hmac::{Hmac, KeyInit, Mac};
use jsonwebtoken::crypto::{CryptoProvider, JwtVerifier, KeyUtils};
use jsonwebtoken::errors::{Error, ErrorKind};
use jsonwebtoken::{Algorithm, DecodingKey};
use ring::signature::{ED25519, UnparsedPublicKey};
use rustls_pki_types::SubjectPublicKeyInfoDer;
use rustls_pki_types::pem::PemObject;
use sha2::Sha256;
use signature::Verifier;

/// What stands before the 32 bytes of a public key of Ed25519 in DER (RFC 8410, 4 and 10.1).
const ED25519_PREFIX: [u8; 12] = [0x30, 0x2a, 0x30, 0x05, 0x06, 0x03, 0x2b, 0x65, 0x70, 0x03, 0x21, 0x00];

static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |_, _| Err(ErrorKind::InvalidAlgorithm.into()),
    verifier_factory: verifier,
    key_utils: KeyUtils::new_unimplemented(),
};

/// Has tokens checked by what is here, from now on.
pub(super) fn install() {
    // An error means that it is installed already.
    let _ = PROVIDER.install_default();
}

/// A secret as a key.
pub(super) fn hs256(secret: &[u8]) -> Option<DecodingKey> {
    DecodingKey::from_secret(secret).ok()
}

/// A public key in PEM. `None` if it is none of Ed25519.
pub(super) fn ed25519(pem: &[u8]) -> Option<DecodingKey> {
    let der = SubjectPublicKeyInfoDer::from_pem_slice(pem).ok()?;
    let key = der.strip_prefix(&ED25519_PREFIX).filter(|key| key.len() == 32)?;
    Some(DecodingKey::from_ed_der(key))
}

fn verifier(algorithm: &Algorithm, key: &DecodingKey) -> Result<Box<dyn JwtVerifier>, Error> {
    let key = key.try_get_as_bytes()?.to_vec();
    match algorithm {
        Algorithm::HS256 => Ok(Box::new(Hs256(key))),
        Algorithm::EdDSA => Ok(Box::new(Ed25519(key))),
        _ => Err(ErrorKind::InvalidAlgorithm.into()),
    }
}

struct Hs256(Vec<u8>);

impl JwtVerifier for Hs256 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::HS256
    }
}

impl Verifier<Vec<u8>> for Hs256 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let mut mac = Hmac::<Sha256>::new_from_slice(&self.0).map_err(|_| signature::Error::new())?;
        mac.update(message);
        mac.verify_slice(signature).map_err(|_| signature::Error::new())
    }
}

struct Ed25519(Vec<u8>);

impl JwtVerifier for Ed25519 {
    fn algorithm(&self) -> Algorithm {
        Algorithm::EdDSA
    }
}

impl Verifier<Vec<u8>> for Ed25519 {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), signature::Error> {
        let key = UnparsedPublicKey::new(&ED25519, &self.0);
        key.verify(message, signature).map_err(|_| signature::Error::new())
    }
}
