//! Parse, run, exit code.

fn main() -> std::process::ExitCode {
    pubsub_lab::cli::main()
}
