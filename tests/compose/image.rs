//! The image of a node.

use super::project::docker;

#[test]
fn it_is_small_runs_as_nobody_in_particular_and_holds_no_secret() {
    let image = std::env::var("PUBSUB_LAB_IMAGE").unwrap();
    let of = |format: &str| docker(&["image", "inspect", "--format", format, &image]);
    let bytes: u64 = of("{{.Size}}").parse().unwrap();
    println!("the image has {:.1} MB", bytes as f64 / 1e6);
    assert!(bytes < 40_000_000, "{bytes}");
    assert_eq!(of("{{.Config.User}}"), "10001:10001");
    assert_eq!(of("{{.Config.StopSignal}}"), "SIGTERM");
    assert!(of("{{.Config.Healthcheck.Test}}").contains("/healthz"));
    let labels = of("{{json .Config.Labels}}");
    for label in ["title", "description", "licenses", "version", "revision"] {
        assert!(labels.contains(&format!("org.opencontainers.image.{label}")), "{label}: {labels}");
    }
    assert!(!of("{{.Config.Env}}").contains("SECRET"));
    let version = docker(&["run", "--rm", "--network", "none", &image, "--version"]);
    assert_eq!(version, concat!("pubsub-lab ", env!("CARGO_PKG_VERSION")));
}
