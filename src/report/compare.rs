//! Two reports or more, side by side: which figure went which way, and what of it is more than noise.
//!
//! A side is one report or several of the same thing; the first side is the baseline. Runs are matched by label and
//! parameters. A side's latencies are read off the sum of its runs' whole distributions, never averaged from quantiles;
//! its share on time is of all its debts; every other figure is the median of its runs.
//!
//! What counts as more than noise is said in `noise.rs`.

mod comparison;
mod differences;
mod groups;
mod markdown;
mod noise;
mod pool;
mod text;
mod unit;
mod words;

pub use comparison::{Comparison, Side};
pub use noise::MARKED_BELOW;

pub(super) use differences::differences;
pub(super) use pool::merged;

/// Compares sides with the first of them.
pub fn compare(sides: &[Side]) -> Comparison {
    let mut warnings = differences::warnings(sides);
    let groups: Vec<_> =
        groups::keys(sides).iter().map(|key| groups::group(key, sides, &mut warnings)).collect();
    Comparison {
        sides: sides.iter().map(|side| side.name.clone()).collect(),
        marked_at: MARKED_BELOW,
        warnings,
        groups,
    }
}

impl Comparison {
    /// The comparison for a terminal, in plain text.
    pub fn to_text(&self) -> String {
        text::text(self)
    }

    /// The comparison for a pull request, in Markdown.
    pub fn to_markdown(&self) -> String {
        markdown::markdown(self)
    }

    /// The comparison for a program, in JSON.
    pub fn to_json(&self) -> std::io::Result<String> {
        Ok(serde_json::to_string_pretty(self)? + "\n")
    }
}

#[cfg(test)]
#[path = "compare_tests.rs"]
mod tests;
