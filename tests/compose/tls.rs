//! TLS ends at nginx: `deploy/tls.yml`.

use std::net::{SocketAddr, TcpListener};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::project::{Project, get, said, succeeded, wait_until};
use crate::support::browser::Browser;
use crate::support::chat_page::{MEMBERS, STATE, TEXTS, say};
use crate::support::client::Client;

/// Where TLS is spoken.
const ADDRESS: &str = "127.0.0.1:8443";

/// Writes a certificate for `localhost` with this serial number, and its key, into a folder that the balancer may read.
fn certify(folder: &Path, serial: &str) {
    let mut openssl = Command::new("openssl");
    openssl.current_dir(folder).args(["req", "-x509", "-nodes", "-days", "2", "-subj", "/CN=localhost"]);
    openssl.args(["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-set_serial", serial]);
    openssl.args(["-addext", "subjectAltName=DNS:localhost"]);
    openssl.args(["-keyout", "privkey.pem", "-out", "fullchain.pem"]);
    succeeded(openssl);
    for (path, mode) in [(folder.to_owned(), 0o755), (folder.join("privkey.pem"), 0o644)] {
        std::fs::set_permissions(path, PermissionsExt::from_mode(mode)).unwrap();
    }
}

/// `openssl` as a client that takes no certificate but one for `localhost` of this folder.
fn openssl(folder: &Path) -> Command {
    let mut command = Command::new("openssl");
    command.args(["s_client", "-connect", ADDRESS, "-servername", "localhost", "-verify_return_error"]);
    command.args(["-verify_hostname", "localhost", "-CAfile"]).arg(folder.join("fullchain.pem"));
    command
}

/// An address that leads one client through TLS, by `openssl`.
fn tunnel(folder: &Path) -> SocketAddr {
    let listener = TcpListener::bind(("127.0.0.1", 0)).unwrap();
    let address = listener.local_addr().unwrap();
    let mut command = openssl(folder);
    std::thread::spawn(move || {
        let (tcp, _) = listener.accept().unwrap();
        let end = || Stdio::from(OwnedFd::from(tcp.try_clone().unwrap()));
        command.arg("-quiet").stdin(end()).stdout(end()).stderr(Stdio::null());
        // It ends with the connection.
        command.spawn().unwrap().wait().unwrap();
    });
    address
}

/// Whether a client that knows the certificate of this folder gets through.
fn is_trusted(folder: &Path) -> bool {
    openssl(folder).stdin(Stdio::null()).output().unwrap().status.success()
}

#[tokio::test]
async fn a_chat_by_tls_ends_at_nginx_and_takes_a_renewed_certificate() {
    let folder = tempfile::tempdir().unwrap();
    certify(folder.path(), "1");
    let path = folder.path().to_str().unwrap();
    let project = Project::new("tls", &["redis"]).over("deploy/tls.yml").with("CERTIFICATES", path);
    project.compose(&["up", "--detach", "--no-build"]);
    project.balances(4);
    wait_until("nginx by TLS", || is_trusted(folder.path()));

    let mut ada = Client::v1_at(tunnel(folder.path())).await;
    ada.hello("Ada").await;
    ada.enter("lobby").await;
    let mut bob = Client::v1_at(tunnel(folder.path())).await;
    bob.hello("Bob").await;
    bob.enter("lobby").await;
    assert_eq!(ada.publish("lobby", "nobody reads this on the way").await["type"], "ack");
    bob.text_of_message("nobody reads this on the way").await;

    // Nothing of the chat is to be had without TLS.
    for path in ["/", "/chat/", "/ws", "/api/rooms/lobby/messages"] {
        let answer = get(path).await;
        assert!(answer.starts_with("HTTP/1.1 307"), "{path}: {answer}");
        let line = format!("Location: https://localhost:8443{path}\r\n");
        assert!(answer.contains(&line), "{answer}");
    }

    // A browser's page under the path prefix takes a socket by TLS, by itself.
    let browser = Browser::start_without_authorities().await;
    let window = browser.open("https://localhost:8443/chat/").await;
    window.until(STATE, "online").await;
    window.until(MEMBERS, "3 here").await;
    say(&window, "from a page").await;
    bob.text_of_message("from a page").await;
    assert_eq!(ada.publish("lobby", "to a page").await["type"], "ack");
    window.until(&format!("{TEXTS}.includes('to a page')"), true).await;
    let answered = "return fetch('api/rooms/lobby/messages').then((answer) => answer.status)";
    assert_eq!(window.run(answered).await, 200, "the API under the prefix");
    assert_eq!(browser.end(), []);

    let old = tempfile::tempdir().unwrap();
    std::fs::copy(folder.path().join("fullchain.pem"), old.path().join("fullchain.pem")).unwrap();
    certify(folder.path(), "2");
    wait_until("the renewed certificate", || is_trusted(folder.path()));
    assert!(!is_trusted(old.path()), "the old one is gone");
    // Nobody was cut off for it.
    assert_eq!(ada.publish("lobby", "still here").await["type"], "ack");
    bob.text_of_message("still here").await;
}

#[tokio::test]
async fn certificates_that_are_missing_are_named() {
    let folder = tempfile::tempdir().unwrap();
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let project = Project::new("untold", &["local"])
        .over("deploy/tls.yml")
        .with("CERTIFICATES", folder.path().to_str().unwrap());
    let output = project.command(&["config"]).env_remove("CERTIFICATES").output().unwrap();
    assert!(!output.status.success());
    assert!(said(&output).contains("name a folder with fullchain.pem and privkey.pem"), "{}", said(&output));
    project.compose(&["up", "--detach", "--no-build"]);
    wait_until("a sentence", || {
        let log = project.compose(&["logs", "balancer"]);
        log.contains("error: nginx cannot read fullchain.pem in the folder of certificates")
            && log.contains("hint: CERTIFICATES has to name a folder")
    });
}
