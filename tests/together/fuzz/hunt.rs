//! Tries changed inputs for a while, each with a seed of its own.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::{Duration, Instant};

use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

/// How long one kind of input is tried, if nothing else is asked for.
const USUALLY: Duration = Duration::from_millis(1_200);
/// How long one input may take. Each takes some milliseconds, and this machine may be busy.
const HANGS: Duration = Duration::from_secs(60);

/// Makes an input of each seed and has it read. Fails with the seed and the input if that panics or hangs. Every kind is
/// tried with a few inputs at least, however slow the machine is. Gives the number of inputs that were taken as valid.
pub fn hunt<I: Send + 'static>(
    make: impl Fn(&mut ChaCha8Rng) -> I + Send + 'static,
    show: impl Fn(&I) -> String + Send + 'static,
    read: impl Fn(I) -> bool + Send + 'static,
) -> usize {
    let first = number("PUBSUB_LAB_FUZZ_SEED");
    let seconds = number("PUBSUB_LAB_FUZZ_SECONDS");
    let (begins, begun) = channel();
    let worker = thread::spawn(move || {
        let until = Instant::now() + seconds.map_or(USUALLY, Duration::from_secs);
        let (mut tried, mut valid) = (0_usize, 0);
        let mut seeds = rand::rng();
        while tried < 20 || Instant::now() < until {
            // A seed that is given is tried alone.
            let seed = first.unwrap_or_else(|| seeds.random());
            let input = make(&mut ChaCha8Rng::seed_from_u64(seed));
            let shown = show(&input);
            let _ = begins.send(seed);
            match catch_unwind(AssertUnwindSafe(|| read(input))) {
                Ok(is_valid) => valid += usize::from(is_valid),
                Err(_) => panic!("PUBSUB_LAB_FUZZ_SEED={seed} panics; the input:\n{shown}"),
            }
            tried += 1;
            if first.is_some() {
                break;
            }
        }
        println!("{tried} inputs, {valid} of them valid");
        valid
    });
    let mut last = None;
    loop {
        match begun.recv_timeout(HANGS) {
            Ok(seed) => last = Some(seed),
            Err(RecvTimeoutError::Disconnected) => break,
            Err(RecvTimeoutError::Timeout) => panic!("PUBSUB_LAB_FUZZ_SEED={last:?} hangs"),
        }
    }
    match worker.join() {
        Ok(valid) => valid,
        Err(panicked) => std::panic::resume_unwind(panicked),
    }
}

fn number(name: &str) -> Option<u64> {
    std::env::var(name)
        .ok()
        .map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number: {text}")))
}
