//! Which fences are committed, and which requests wait for one.

use std::collections::{HashMap, VecDeque};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::timeout;

/// Number of fences that are remembered. A node asks for its fence at once, so this is far more than are ever waited
/// for. An evicted fence reads as never committed: that replay fails after its two seconds, and the client is told
/// that nothing was recovered.
const REMEMBERED: usize = 10_000;

/// The committed fences that are remembered.
pub struct Fences {
    known: Mutex<Known>,
    /// Counts the batches of new fences, to wake the requests that wait.
    news: watch::Sender<u64>,
}

#[derive(Default)]
struct Known {
    seqs: HashMap<Arc<str>, i64>,
    oldest_first: VecDeque<Arc<str>>,
}

impl Fences {
    /// A memory without any fence.
    pub fn new() -> Self {
        Self { known: Mutex::default(), news: watch::Sender::new(0) }
    }

    /// Records that these fences are committed: everything before each of them has a sequence number up to the one
    /// beside it.
    pub fn note(&self, fences: Vec<(Arc<str>, i64)>) {
        if fences.is_empty() {
            return;
        }
        let mut known = self.known.lock().unwrap_or_else(PoisonError::into_inner);
        for (id, seq) in fences {
            // A fence that is delivered again counts as a new fence, further on.
            if known.seqs.insert(Arc::clone(&id), seq).is_none() {
                known.oldest_first.push_back(id);
            }
            if known.oldest_first.len() > REMEMBERED
                && let Some(forgotten) = known.oldest_first.pop_front()
            {
                known.seqs.remove(&forgotten);
            }
        }
        drop(known);
        self.news.send_modify(|times| *times = times.wrapping_add(1));
    }

    /// The sequence number of a fence. Waits for it at most `patience`.
    pub async fn wait(&self, id: &str, patience: Duration) -> Option<i64> {
        let mut news = self.news.subscribe();
        let waited = timeout(patience, async {
            loop {
                news.mark_unchanged();
                if let Some(seq) = self.get(id) {
                    return Some(seq);
                }
                if news.changed().await.is_err() {
                    return None;
                }
            }
        });
        waited.await.unwrap_or(None)
    }

    fn get(&self, id: &str) -> Option<i64> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner).seqs.get(id).copied()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn the_memory_is_bounded_and_forgets_the_oldest() {
        let fences = Fences::new();
        for n in 0..REMEMBERED + 2 {
            fences.note(vec![(n.to_string().into(), n as i64)]);
        }
        assert_eq!(fences.wait("1", Duration::ZERO).await, None);
        assert_eq!(fences.wait("2", Duration::ZERO).await, Some(2));
        let known = fences.known.lock().unwrap();
        assert_eq!((known.seqs.len(), known.oldest_first.len()), (REMEMBERED, REMEMBERED));
    }

    #[tokio::test]
    async fn who_waits_is_woken() {
        let fences = Arc::new(Fences::new());
        let waiting = fences.wait("late", Duration::from_secs(60));
        let noting = async {
            fences.note(vec![("other".into(), 1)]);
            tokio::task::yield_now().await;
            fences.note(vec![("late".into(), 7)]);
        };
        let (seq, ()) = tokio::join!(waiting, noting);
        assert_eq!(seq, Some(7));
    }
}
