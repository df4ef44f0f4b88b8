//! What the seed chooses: when a fault strikes, and what it strikes.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

use super::*;

/// The random numbers that the plan of this number draws from a seed.
fn draws(seed: u64, plan: u64) -> ChaCha8Rng {
    // The stream is the third from last, and each plan has a seed of its own: they are 2^32 apart.
    let mut random = ChaCha8Rng::seed_from_u64(seed + plan * 4_294_967_296);
    random.set_stream(18_446_744_073_709_551_613);
    random
}

#[test]
fn a_moment_is_a_millisecond_of_the_window_drawn_anew_for_each_time() {
    let scenario = parsed(
        "[[fault]]\nbetween = [\"1s\", \"3s\"]\nevery = \"4s\"\ntimes = 3\nkill = \"broker\"\nfor = \"1s\"\n\
         [[fault]]\nbetween = [\"1s\", \"3s\"]\nevery = \"4s\"\ntimes = 3\nleave = \"10%\"\nfor = \"1s\"\n",
    );
    for seed in [0, 7, 1_000] {
        for (number, action) in [(0, Action::Kill), (1, Action::Leave)] {
            let mut random = draws(seed, number);
            let expected = [1_000, 5_000, 9_000].map(|from| {
                // From 1 s to 3 s there are 2,001 whole milliseconds.
                Duration::from_millis(from + random.next_u64() % 2_001)
            });
            let faults = scenario.schedule(Some(Pattern::Redis), seed);
            let drawn: Vec<_> =
                faults.iter().filter(|fault| fault.action == action).map(|fault| fault.at).collect();
            assert_eq!(drawn, expected, "{seed}");
        }
    }
}

#[test]
fn both_ends_of_a_window_are_drawn() {
    let scenario = parsed("[[fault]]\nbetween = [\"1s\", \"1001ms\"]\nkill = \"broker\"\n");
    let drawn: std::collections::BTreeSet<_> =
        (0..50).map(|seed| scenario.schedule(None, seed)[0].at).collect();
    assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [1_000, 1_001].map(Duration::from_millis));
}

#[test]
fn a_node_or_a_subscriber_is_drawn_of_all_that_there_are() {
    let scenario = parsed(
        "[cluster]\nnodes = 5\n[load]\nsubscribers = 7\n[[fault]]\nat = \"1s\"\nkill = \"node any\"\n\
         [[fault]]\nat = \"2s\"\nslow = \"subscriber any\"\nbytes_per_second = 1\n",
    );
    for seed in 0..20 {
        let (node, subscriber) = (draws(seed, 0).next_u64() % 5, draws(seed, 1).next_u64() % 7);
        let targets: Vec<_> = scenario.schedule(None, seed).into_iter().map(|fault| fault.target).collect();
        assert_eq!(targets, [Target::Node(node as usize), Target::Subscriber(subscriber as usize)]);
    }
}

#[test]
fn a_node_beside_another_is_drawn_of_the_rest_at_either_end() {
    for (words, named_first) in [("node 1 -> node any", true), ("node any -> node 1", false)] {
        let scenario =
            parsed(&format!("[cluster]\nnodes = 4\n[[fault]]\nat = \"1s\"\nblackhole = \"{words}\"\n"));
        for seed in 0..20 {
            let other = End::Node([0, 2, 3][(draws(seed, 0).next_u64() % 3) as usize]);
            let (from, to) = if named_first { (End::Node(1), other) } else { (other, End::Node(1)) };
            let struck = scenario.schedule(Some(Pattern::Zeromq), seed).remove(0);
            assert_eq!(struck.target, Target::Link(Link { from, to, one_way: true }), "{seed}");
        }
    }
}

#[test]
fn faults_come_in_the_order_of_their_moments_each_as_long_as_planned() {
    let scenario = parsed(
        "[[fault]]\nat = \"9s\"\nfor = \"2s\"\nkill = \"node 0\"\n\
         [[fault]]\nat = \"2s\"\nevery = \"5s\"\ntimes = 3\nstorm = \"node 1\"\npatterns = [\"redis\"]\n",
    );
    let at = |pattern| -> Vec<_> {
        scenario.schedule(pattern, 1).iter().map(|fault| (fault.at.as_secs(), fault.heals_at())).collect()
    };
    let (kill, storm) = ((9, Some(Duration::from_secs(11))), |at| (at, None));
    assert_eq!(at(Some(Pattern::Redis)), [storm(2), storm(7), kill, storm(12)]);
    assert_eq!(at(None), [storm(2), storm(7), kill, storm(12)]);
    assert_eq!(at(Some(Pattern::Amqp)), [kill]);
}

#[test]
fn a_node_that_is_drawn_for_a_link_is_not_its_other_end() {
    let scenario = parsed("[[fault]]\nat = \"1s\"\ncut = \"node any <-> node 1\"\n");
    let drawn = |seed| match scenario.schedule(Some(Pattern::Zeromq), seed)[0].target {
        Target::Link(link) => link.from,
        _ => End::Node(1),
    };
    let drawn: std::collections::BTreeSet<_> = (0..50).map(drawn).collect();
    assert_eq!(drawn.into_iter().collect::<Vec<_>>(), [End::Node(0), End::Node(2)]);
}

#[test]
fn the_seed_draws_the_schedule_and_nothing_else_does() {
    let text = "[[fault]]\nbetween = [\"1s\", \"3s\"]\nevery = \"4s\"\nfor = \"500ms\"\nkill = \"node any\"\n\
                [[fault]]\nbetween = [\"1s\", \"9s\"]\nslow = \"subscriber any\"\nbytes_per_second = 9\n\
                [[fault]]\nbetween = [\"1s\", \"9s\"]\ncut = \"node any <-> broker\"\npatterns = [\"redis\"]\n";
    let scenario = parsed(text);
    let drawn = |pattern, seed| scenario.schedule(Some(pattern), seed);
    let redis = drawn(Pattern::Redis, 7);
    assert_eq!(redis, drawn(Pattern::Redis, 7));
    assert_ne!(redis, drawn(Pattern::Redis, 8));
    assert_eq!(redis.len(), 5 + 1 + 1);
    assert!(redis.is_sorted_by_key(|fault| fault.at));
    // Another pattern has the same faults, except those that are not for it.
    let mut others = redis.clone();
    others.retain(|fault| !matches!(fault.target, Target::Link(_)));
    assert_eq!(drawn(Pattern::Zeromq, 7), others);
    for seed in 0..200 {
        let faults = drawn(Pattern::Zeromq, seed);
        let kills = faults.iter().filter(|fault| fault.action == Action::Kill).enumerate();
        for (n, fault) in kills {
            let window = Duration::from_secs(1 + 4 * n as u64)..=Duration::from_secs(3 + 4 * n as u64);
            assert!(window.contains(&fault.at), "{fault:?}");
            assert!(matches!(fault.target, Target::Node(0..3)), "{fault:?}");
        }
        assert!(faults.iter().any(|fault| matches!(fault.target, Target::Subscriber(0..30))));
    }
}
