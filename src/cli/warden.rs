//! `pubsub-lab warden`: a hidden subcommand that the lab starts. It reads what the lab writes down on standard input,
//! and ends all of it when that closes.

/// Keeps watch until standard input closes. Gives the exit code, which is 0 when nothing is left.
pub fn run() -> u8 {
    lab::warden::keep_watch(std::io::stdin().lock())
}
