//! Whether a stream gets colours: a terminal does, unless `NO_COLOR` is set to anything.

/// Whether standard output gets colours.
pub fn on_stdout() -> bool {
    wanted() && console::colors_enabled()
}

/// Whether standard error gets colours.
pub fn on_stderr() -> bool {
    wanted() && console::colors_enabled_stderr()
}

/// Whether the environment allows colours. `CLICOLOR_FORCE` would win in the library, and must not.
fn wanted() -> bool {
    std::env::var_os("NO_COLOR").is_none_or(|set| set.is_empty())
}
