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
mod heat;
mod latency;
mod layout;
mod legend;
pub(crate) mod lettering;
mod lines;
mod losses;
mod matrix;
mod online;
mod palette;
mod panel;
mod percentiles;
mod picture;
mod shape;
mod sheet;
mod slices;
mod story;
mod theme;
mod titles;
pub(super) mod together;
mod window;

#[cfg(test)]
mod sample;
#[cfg(test)]
mod svg;

pub use palette::COLOURS;
pub use picture::Picture;
pub use shape::Shape;
pub use theme::Theme;

use super::{Report, label};

/// All pictures that the data allow, each of this shape, in the order of a page. A report without figures has none.
pub fn pictures(report: &Report, shape: Shape) -> Vec<Picture> {
    let over_all = [
        latency::picture,
        debts::picture,
        heat::picture,
        online::picture,
        percentiles::picture,
        fan_out::picture,
        losses::picture,
    ];
    let over_all = over_all.into_iter().filter_map(|picture| picture(report, shape));
    let names = label::Names::of_all(report);
    let stories = layout::shown(&report.runs).iter().flat_map(|run| story::pictures(run, names, shape));
    matrix::pictures(report, shape).into_iter().chain(over_all).chain(stories).collect()
}

#[cfg(test)]
mod tests;
