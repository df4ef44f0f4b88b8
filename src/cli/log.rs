//! The log of a service in the foreground, on standard error.

use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::{color, verbosity};
use lab::logging::VARIABLE;

/// Begins to log. `PUBSUB_LAB_LOG` says what (`info`, `pubsub_lab::bus=debug,warn`), otherwise `-v` and `-q` do; there
/// are colours only on a terminal. If the variable is no filter, a line says so, and the flags hold.
pub fn begin() {
    let flags = verbosity::get().log_filter();
    let asked = std::env::var(VARIABLE).ok();
    let (filter, refused) = chosen(asked.as_deref(), flags);
    let lines = tracing_subscriber::fmt::layer().with_writer(std::io::stderr).with_ansi(color::on_stderr());
    // The logger would say on stderr that stderr takes nothing, and panic.
    let lines = lines.log_internal_errors(false);
    tracing_subscriber::registry().with(lines).with(filter).init();
    if let Some(why) = refused {
        tracing::warn!("{VARIABLE} is no filter, and the level is `{flags}`: {why}");
    }
}

/// The filter, and the reason why it is not the one that was asked for.
fn chosen(asked: Option<&str>, flags: &str) -> (Targets, Option<String>) {
    // The flags' words are levels.
    let by_flags = || flags.parse().unwrap_or_default();
    match asked.filter(|text| !text.trim().is_empty()).map(str::parse::<Targets>) {
        Some(Ok(filter)) => (filter, None),
        Some(Err(why)) => (by_flags(), Some(why.to_string())),
        None => (by_flags(), None),
    }
}

#[cfg(test)]
mod tests {
    use tracing::Level;

    use super::*;

    #[test]
    fn the_variable_wins_and_a_bad_one_is_named() {
        let on = |filter: &Targets, target: &str, level: Level| filter.would_enable(target, &level);
        for (asked, flags) in [(None, "info"), (Some(" "), "info"), (Some("info"), "warn")] {
            let (filter, refused) = chosen(asked, flags);
            let shown = [Level::INFO, Level::DEBUG].map(|level| on(&filter, "pubsub_lab::bus", level));
            assert_eq!((shown, refused), ([true, false], None), "{asked:?}");
        }
        let (filter, refused) = chosen(Some("pubsub_lab::bus=debug,warn"), "info");
        let shown =
            ["pubsub_lab::bus::redis", "pubsub_lab::node"].map(|target| on(&filter, target, Level::DEBUG));
        assert_eq!((shown, refused), ([true, false], None));
        let (filter, refused) = chosen(Some("pubsub_lab=loud"), "warn");
        assert!(refused.is_some() && on(&filter, "any", Level::WARN) && !on(&filter, "any", Level::INFO));
    }
}
