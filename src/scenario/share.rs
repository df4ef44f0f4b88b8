//! A share of the subscribers, as `leave` and `join` write it: `"50%"`.

/// Reads a whole percentage from 1 to 100.
pub(super) fn parse(text: &str) -> Option<u8> {
    let digits = text.trim().strip_suffix('%')?.trim_end();
    // `+5` parses as a number too, and is refused here.
    let number = digits.bytes().all(|byte| byte.is_ascii_digit()).then(|| digits.parse().ok())??;
    (1..=100).contains(&number).then_some(number)
}

/// Number of subscribers that a percentage of all subscribers is, rounded down.
pub fn share_of(percent: u8, subscribers: usize) -> usize {
    subscribers * usize::from(percent) / 100
}

/// The smallest percentage of this number of subscribers that is at least one subscriber.
pub(super) fn smallest(subscribers: usize) -> usize {
    100_usize.div_ceil(subscribers.max(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_share_is_a_whole_percentage() {
        assert_eq!(["1%", "50 %", " 100% "].map(parse), [Some(1), Some(50), Some(100)]);
        for wrong in ["", "%", "0%", "101%", "300%", "half", "50", "+5%", "-5%", "5.5%", "5%%", "5 0%"] {
            assert_eq!(parse(wrong), None, "{wrong:?}");
        }
    }

    #[test]
    fn a_share_is_rounded_down_and_the_smallest_is_somebody() {
        assert_eq!([share_of(50, 3), share_of(33, 3), share_of(34, 3), share_of(100, 7)], [1, 0, 1, 7]);
        for subscribers in [1, 3, 7, 30, 99, 100, 101, 50_000] {
            let smallest = smallest(subscribers);
            assert!(share_of(smallest as u8, subscribers) >= 1, "{subscribers}");
            assert!(smallest == 1 || share_of(smallest as u8 - 1, subscribers) == 0, "{subscribers}");
        }
    }
}
