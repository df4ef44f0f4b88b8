//! From the first to the last moment at which something happened.

/// The time from the first to the last moment at which something happened, in nanoseconds; empty if it never did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span(Option<(u64, u64)>);

impl Span {
    /// Widens the span so that it holds this moment, too.
    pub(super) fn include(&mut self, at: u64) {
        self.cover(at, at);
    }

    /// Widens the span so that it holds the time from one moment to another, too.
    pub(super) fn cover(&mut self, from: u64, to: u64) {
        let (first, last) = self.0.unwrap_or((from, to));
        self.0 = Some((first.min(from), last.max(to)));
    }

    /// The span of two things: it holds the moments of both.
    pub(super) fn or(mut self, other: Span) -> Span {
        if let Some((from, to)) = other.0 {
            self.cover(from, to);
        }
        self
    }

    /// The span counted from a later zero; what was before that zero is at it.
    pub(super) fn since(self, zero: u64) -> Span {
        Span(self.0.map(|(first, last)| (first.saturating_sub(zero), last.saturating_sub(zero))))
    }

    /// The first and the last moment; `None` if nothing happened.
    pub(super) fn ends(self) -> Option<(u64, u64)> {
        self.0
    }
}

/// The moment of the greatest of many values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Peak(Option<(u64, u64)>);

impl Peak {
    /// Takes a value and its moment into account.
    pub(super) fn include(&mut self, value: u64, at: u64) {
        if self.0.is_none_or(|(greatest, _)| value > greatest) {
            self.0 = Some((value, at));
        }
    }

    /// The moment of the greatest value, as a span; of equal values, the first.
    pub(super) fn span(self) -> Span {
        Span(self.0.map(|(_, at)| (at, at)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_reaches_from_the_first_to_the_last_moment() {
        let mut span = Span::default();
        assert_eq!(span.ends(), None);
        span.include(50);
        assert_eq!(span.ends(), Some((50, 50)));
        span.include(20);
        span.cover(40, 70);
        assert_eq!(span.ends(), Some((20, 70)));
        assert_eq!(span.since(30).ends(), Some((0, 40)), "what was before the zero is at it");
        assert_eq!(Span::default().since(30).ends(), None);
    }

    #[test]
    fn of_two_spans_the_whole_is_kept_and_nothing_adds_nothing() {
        let mut early = Span::default();
        early.cover(10, 20);
        let mut late = Span::default();
        late.cover(40, 60);
        assert_eq!([early.or(late), late.or(early)].map(Span::ends), [Some((10, 60)); 2]);
        assert_eq!([early.or(Span::default()), Span::default().or(early)], [early; 2]);
    }

    #[test]
    fn a_peak_is_where_the_greatest_was_first() {
        let mut peak = Peak::default();
        assert_eq!(peak.span().ends(), None);
        [(5, 10), (9, 20), (9, 30), (2, 40)].into_iter().for_each(|(value, at)| peak.include(value, at));
        assert_eq!(peak.span().ends(), Some((20, 20)));
    }
}
