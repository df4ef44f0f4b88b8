//! From the first to the last moment at which something happened.

/// From the first to the last moment at which something happened, in nanoseconds; nothing if it never did.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Span(Option<(u64, u64)>);

impl Span {
    /// It happened at this moment, too.
    pub(super) fn include(&mut self, at: u64) {
        self.cover(at, at);
    }

    /// It lasted from a moment to another, too.
    pub(super) fn cover(&mut self, from: u64, to: u64) {
        let (first, last) = self.0.unwrap_or((from, to));
        self.0 = Some((first.min(from), last.max(to)));
    }

    /// One or the other happened.
    pub(super) fn or(mut self, other: Span) -> Span {
        if let Some((from, to)) = other.0 {
            self.cover(from, to);
        }
        self
    }

    /// The same, counted from a later zero; what was before it is at zero.
    pub(super) fn since(self, zero: u64) -> Span {
        Span(self.0.map(|(first, last)| (first.saturating_sub(zero), last.saturating_sub(zero))))
    }

    /// The first and the last moment.
    pub(super) fn ends(self) -> Option<(u64, u64)> {
        self.0
    }
}

/// The moment of the greatest of many values.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Peak(Option<(u64, u64)>);

impl Peak {
    /// A value, and its moment.
    pub(super) fn include(&mut self, value: u64, at: u64) {
        if self.0.is_none_or(|(greatest, _)| value > greatest) {
            self.0 = Some((value, at));
        }
    }

    /// When the greatest was.
    pub(super) fn span(self) -> Span {
        Span(self.0.map(|(_, at)| (at, at)))
    }
}
