//! Opens a report's page in the browser.

use std::path::Path;
use std::time::Duration;

use crate::failure::{ENVIRONMENT, Failure, USAGE};
use report::HTML_FILE;

/// How long a launcher is given to fail: one that has not failed by then has found a browser, and some stay until it is
/// closed.
const PATIENCE: Duration = Duration::from_secs(3);

/// Opens the page in a report's directory.
pub(super) fn open(dir: &Path) -> Result<(), Failure> {
    let page = dir.join(HTML_FILE);
    if !page.is_file() {
        let message = format!("there is no page {}", page.display());
        return Err(Failure::new(USAGE, message, "write it: `pubsub-lab report DIR --write`"));
    }
    // A browser has another working directory, so the path must be absolute.
    let page = page.canonicalize().unwrap_or(page);
    let failed = |why: String| {
        let message = format!("{} cannot be opened: {why}", page.display());
        Failure::new(
            ENVIRONMENT,
            message,
            "open it in a browser yourself, or copy it to a machine that has one",
        )
    };
    if !has_display() {
        return Err(failed("there is no display".into()));
    }
    open::that_detached_with_timeout(&page, PATIENCE).map_err(|error| failed(error.to_string()))
}

/// Whether there is a display. Without one, a launcher may fall back to a browser in this terminal.
fn has_display() -> bool {
    let places = ["DISPLAY", "WAYLAND_DISPLAY", "BROWSER", "WSL_DISTRO_NAME"];
    cfg!(target_os = "macos")
        || places.iter().any(|name| std::env::var_os(name).is_some_and(|value| !value.is_empty()))
}
