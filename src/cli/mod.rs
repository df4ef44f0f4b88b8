//! The command line: one file a subcommand.

/// Parses the arguments, runs the subcommand and gives its exit code.
pub fn main() -> std::process::ExitCode {
    std::process::ExitCode::from(2)
}
