//! TLS where there is none, none where there is, and certificates that nobody vouches for.

use std::path::Path;
use std::process::Command;

use super::assert_refused;
use crate::support::process::{PATIENCE, Running, pubsub_lab};
use crate::support::redis::{Builder, RedisServer};

#[tokio::test]
async fn tls_and_plain_are_told_apart() {
    let plain = RedisServer::start();
    let url = plain.url().replacen("redis://", "rediss://", 1);
    assert_refused(&url, "it speaks no TLS there, and the URL does", &["redis:// instead of rediss://"])
        .await;
    let tls = RedisServer::builder().tls().start();
    let url = tls.url().replacen("rediss://", "redis://", 1);
    assert_refused(&url, "it speaks TLS there, and the URL does not", &["rediss:// instead of redis://"])
        .await;
}

#[tokio::test]
async fn an_authority_that_this_machine_does_not_know_is_told_with_where_to_name_it() {
    let redis = RedisServer::builder().tls().start();
    let why = "its certificate is by an authority that this machine does not know";
    assert_refused(&redis.url(), why, &["SSL_CERT_FILE", "#insecure"]).await;
    super::checked(&format!("{}#insecure", redis.url())).await.unwrap();
}

/// A server with a certificate that it has signed itself, made as `openssl` makes one by default or with `more`.
fn self_signed(dir: &Path, more: &[&str]) -> RedisServer {
    let (key, certificate) = (dir.join("own.key"), dir.join("own.crt"));
    let mut openssl = Command::new("openssl");
    openssl.args(["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]);
    openssl
        .args(["-days", "2", "-subj", "/CN=localhost", "-addext", "subjectAltName=IP:127.0.0.1"])
        .args(more);
    let done = openssl.arg("-keyout").arg(&key).arg("-out").arg(&certificate).output().unwrap();
    assert!(done.status.success(), "{}", String::from_utf8_lossy(&done.stderr));
    let path = |path: &Path| path.display().to_string();
    let builder: Builder = RedisServer::builder().tls();
    builder
        .directive("tls-cert-file", &[&path(&certificate)])
        .directive("tls-key-file", &[&path(&key)])
        .start()
}

#[tokio::test]
async fn a_certificate_that_is_its_own_authority_is_told_with_what_to_do() {
    let dir = tempfile::tempdir().unwrap();
    let redis = self_signed(dir.path(), &[]);
    let why = "its certificate is its own authority, which TLS does not allow";
    assert_refused(&redis.url(), why, &["basicConstraints=critical,CA:FALSE", "SSL_CERT_FILE", "#insecure"])
        .await;
}

#[test]
fn control_a_certificate_as_the_hint_wants_it_is_taken() {
    let dir = tempfile::tempdir().unwrap();
    let redis = self_signed(dir.path(), &["-addext", "basicConstraints=critical,CA:FALSE"]);
    let mut command = pubsub_lab(&["run", "redis", "--nodes", "1", "--port", "0", "--broker", &redis.url()]);
    command.env("SSL_CERT_FILE", dir.path().join("own.crt"));
    let mut running = Running::start(command);
    running.err_line("Ctrl-C stops everything");
    running.signal(nix::sys::signal::Signal::SIGINT);
    assert_eq!(running.ended_within(PATIENCE).code(), Some(0), "{}", running.everything());
}
