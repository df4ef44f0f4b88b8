//! The pictures of a report, as SVG: the same for the page, the book and whatever comes later.
//!
//! Each picture has a file of its own. All show all runs side by side, with the same axes, and only numbers that stand
//! in the report.

mod alone;
mod axis;
mod cross;
mod debts;
mod fan_out;
mod frame;
mod gapped;
mod hatch;
mod latency;
mod layout;
mod legend;
mod lettering;
mod losses;
mod matrix;
mod online;
mod palette;
mod panel;
mod percentiles;
mod picture;
mod sheet;
mod slices;
mod story;
mod window;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod svg;

pub use palette::COLOURS;
pub use picture::Picture;

use super::{Report, label};

/// All pictures that the data allow, in the order of a page. A report without figures has none.
pub fn pictures(report: &Report) -> Vec<Picture> {
    let over_all = [
        latency::picture,
        debts::picture,
        online::picture,
        percentiles::picture,
        fan_out::picture,
        losses::picture,
    ];
    let over_all = over_all.into_iter().filter_map(|picture| picture(report));
    let names = label::Names::of_all(report);
    let stories = layout::shown(&report.runs).iter().flat_map(|run| story::pictures(run, names));
    matrix::pictures(report).into_iter().chain(over_all).chain(stories).collect()
}

#[cfg(test)]
mod tests;
