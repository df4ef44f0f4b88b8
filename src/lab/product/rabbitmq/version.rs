//! Finds out the version of an installed RabbitMQ.
//!
//! The server has no flag that says its version, and `rabbitmqctl version` starts an epmd that stays. But the server's
//! own application stands in its installation, under a name with its version.

use std::path::Path;

/// The version of the installation that a start script belongs to, if it can be told.
pub(super) fn version(server: &Path) -> Option<String> {
    // The script stands at HOME/sbin/rabbitmq-server. It finds HOME through symbolic links, so the lab does too.
    let script = std::fs::canonicalize(server).ok()?;
    let plugins = script.parent()?.parent()?.join("plugins");
    let names = std::fs::read_dir(plugins).ok()?.flatten().map(|entry| entry.file_name());
    names.filter_map(|name| of_application(&name.to_string_lossy())).max()
}

/// The version in the name of an application: `rabbit-3.10.8`, or `rabbit-3.10.8.ez`.
fn of_application(name: &str) -> Option<String> {
    let version = name.strip_prefix("rabbit-")?;
    let version = version.strip_suffix(".ez").unwrap_or(version);
    version.starts_with(|c: char| c.is_ascii_digit()).then(|| version.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::fs;

    #[test]
    fn it_is_told_by_the_installation_through_links() {
        let home = tempfile::tempdir().unwrap();
        let server = home.path().join("rabbitmq/sbin/rabbitmq-server");
        fs::create_dir_all(server.parent().unwrap()).unwrap();
        fs::write(&server, "").unwrap();
        let link = home.path().join("rabbitmq-server");
        std::os::unix::fs::symlink(&server, &link).unwrap();
        assert_eq!(version(&link), None);
        for plugin in ["rabbit-4.0.5", "rabbit_common-4.0.6", "rabbit-none"] {
            fs::create_dir_all(home.path().join("rabbitmq/plugins").join(plugin)).unwrap();
        }
        assert_eq!(version(&link).as_deref(), Some("4.0.5"));
        assert_eq!(of_application("rabbit-3.8.2.ez").as_deref(), Some("3.8.2"));
    }
}
