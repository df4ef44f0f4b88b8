//! Which bytes wait in a queue, when they are due, and how many there may be.

use super::*;

const MS: fn(u64) -> Duration = Duration::from_millis;

/// The first bytes of a queue, as they would be written.
fn front(queue: &Queue, len: usize) -> Vec<u8> {
    queue.front(len).iter().flat_map(|part| part.to_vec()).collect()
}

#[test]
fn each_chunk_is_due_so_long_after_its_arrival_and_not_before_the_one_ahead() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    assert!(queue.is_empty());
    assert_eq!((queue.next_due(), queue.due(begin)), (None, 0));
    queue.push(b"abc", begin, MS(100));
    queue.push(b"de", begin + MS(1), MS(200));
    queue.push(b"f", begin + MS(2), MS(50));
    assert!(!queue.is_empty());
    assert_eq!(queue.next_due(), Some(begin + MS(100)));
    assert_eq!(queue.due(begin + MS(99)), 0);
    assert_eq!(queue.due(begin + MS(100)), 3);
    assert_eq!(queue.next_due(), Some(begin + MS(201)));
    assert_eq!(queue.due(begin + MS(200)), 3);
    assert_eq!(queue.due(begin + MS(201)), 6, "the last overtakes nobody");
    assert_eq!(queue.next_due(), None);
    assert_eq!(front(&queue, 4), b"abcd");
    queue.passed(4);
    assert_eq!(queue.due(begin), 2, "what was due stays due");
    assert_eq!(front(&queue, 2), b"ef");
    queue.passed(2);
    assert!(queue.is_empty());
}

#[test]
fn a_delay_beyond_all_time_is_none() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    queue.push(b"a", begin, Duration::MAX);
    assert_eq!(queue.due(begin), 1);
}

#[test]
fn the_end_comes_after_all_bytes_and_when_it_is_due() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    assert!(!queue.has_end());
    queue.push(b"ab", begin, MS(10));
    queue.push_end(QueueEnd::Finished, begin, MS(20));
    assert!(queue.has_end() && !queue.is_empty());
    assert_eq!(queue.next_due(), Some(begin + MS(10)));
    assert_eq!(queue.due(begin + MS(30)), 2);
    assert_eq!(queue.end_due(begin + MS(30)), None, "bytes wait");
    assert_eq!(queue.next_due(), Some(begin + MS(20)));
    queue.passed(2);
    assert!(!queue.is_empty(), "the end waits");
    assert_eq!(queue.end_due(begin + MS(19)), None);
    assert_eq!(queue.end_due(begin + MS(20)), Some(QueueEnd::Finished));
    queue.push_end(QueueEnd::Reset, begin, MS(5));
    assert_eq!(queue.end_due(begin + MS(19)), None, "not before the end that it replaces");
    assert_eq!(queue.end_due(begin + MS(20)), Some(QueueEnd::Reset));
}

#[test]
fn when_a_delay_is_healed_nothing_waits_longer_than_those_that_stay() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    queue.push(b"a", begin, MS(10));
    queue.push(b"b", begin + MS(1), MS(500));
    queue.push_end(QueueEnd::Finished, begin + MS(2), MS(600));
    queue.hasten(MS(100));
    assert_eq!(queue.due(begin + MS(10)), 1, "what is due sooner stays so");
    assert_eq!(queue.due(begin + MS(100)), 1);
    assert_eq!(queue.due(begin + MS(101)), 2);
    queue.passed(2);
    assert_eq!(queue.end_due(begin + MS(101)), None);
    assert_eq!(queue.end_due(begin + MS(102)), Some(QueueEnd::Finished));
    queue.hasten(Duration::ZERO);
    assert_eq!(queue.end_due(begin + MS(2)), Some(QueueEnd::Finished));
}

#[test]
fn what_comes_after_a_healed_delay_waits_for_no_more_than_is_ahead() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    queue.push(b"a", begin, MS(500));
    queue.hasten(MS(100));
    queue.push(b"b", begin, Duration::ZERO);
    assert_eq!(queue.due(begin + MS(99)), 0);
    assert_eq!(queue.due(begin + MS(100)), 2, "both");
    // All chunks were due, so a new chunk has nothing ahead of it to wait for.
    queue.hasten(Duration::ZERO);
    queue.push(b"c", begin, Duration::ZERO);
    assert_eq!(queue.next_due(), Some(begin));
    // The next end does not overtake an end that waits alone either.
    let mut queue = Queue::default();
    queue.push_end(QueueEnd::Finished, begin, MS(500));
    queue.hasten(MS(100));
    queue.push_end(QueueEnd::Reset, begin, Duration::ZERO);
    assert_eq!(queue.next_due(), Some(begin + MS(100)));
}

#[test]
fn it_is_full_with_eight_mebibytes_on_their_way() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    assert!(!queue.is_full());
    queue.push(&vec![0; 8_388_607], begin, MS(10));
    assert!(!queue.is_full());
    queue.push(b"a", begin, MS(10));
    assert!(queue.is_full());
}

#[test]
fn it_is_full_with_so_many_chunks_on_their_way() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    for _ in 0..65_535 {
        queue.push(b"a", begin, MS(10));
    }
    assert!(!queue.is_full());
    queue.push(b"a", begin, MS(10));
    assert!(queue.is_full());
}

#[test]
fn it_is_full_with_sixty_four_kibibytes_that_are_due_and_stand() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    queue.push(&[0; 65_535], begin, Duration::ZERO);
    queue.push(b"a", begin, MS(10));
    assert_eq!(queue.due(begin), 65_535);
    assert!(!queue.is_full());
    assert_eq!(queue.due(begin + MS(10)), 65_536);
    assert!(queue.is_full());
    queue.passed(1);
    assert!(!queue.is_full());
}

#[test]
fn bytes_that_lie_in_two_places_are_both_at_the_front() {
    let (mut queue, begin) = (Queue::default(), Instant::now());
    queue.push(&[0; 64], begin, Duration::ZERO);
    let room = queue.bytes.capacity();
    queue.push(&vec![0; room - 64], begin, Duration::ZERO);
    queue.due(begin);
    // All bytes but the last two are gone, and three more begin where the first stood.
    queue.passed(room - 2);
    queue.push(&[1, 2, 3], begin, Duration::ZERO);
    assert_eq!(queue.bytes.capacity(), room);
    let lengths = |len| queue.front(len).map(|part| part.len());
    assert_eq!([0, 1, 2, 3, 5, 9].map(lengths), [[0, 0], [1, 0], [2, 0], [2, 1], [2, 3], [2, 3]]);
    assert_eq!(front(&queue, 5), [0, 0, 1, 2, 3]);
}

#[test]
fn an_idle_connection_keeps_sixty_four_kibibytes_at_most() {
    let begin = Instant::now();
    let kept = |len: usize, first: usize| {
        let mut queue = Queue { bytes: VecDeque::with_capacity(len), ..Queue::default() };
        queue.push(&vec![0; len], begin, Duration::ZERO);
        queue.due(begin);
        queue.passed(first);
        assert_eq!(queue.bytes.len(), len - first);
        queue.bytes.capacity()
    };
    assert_eq!(kept(65_536, 65_536), 65_536);
    assert_eq!(kept(10, 10), 10);
    assert_eq!(kept(65_537, 65_537), 0);
    assert_eq!(kept(65_537, 65_536), 65_537, "what is not empty stays");
}
