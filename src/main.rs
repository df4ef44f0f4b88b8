//! Parse, run, exit code.

fn main() -> std::process::ExitCode {
    cli::main()
}
