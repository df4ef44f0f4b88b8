//! `report --charts DIR`: writes the charts as files.

use std::path::{Path, PathBuf};

use clap::{Args, ValueEnum};
use report::chart;

use super::places;
use super::unprinted::unwritten;
use crate::failure::{Failure, USAGE};
use crate::stderr::say;

/// How the charts look.
#[derive(Debug, Args)]
pub(super) struct Look {
    /// Shape of the charts: as high as each needs to be, or 16:9 for slides
    #[arg(long, value_enum, default_value_t, value_name = "SHAPE", requires = "charts")]
    shape: Shape,

    /// Colours of the charts
    #[arg(long, value_enum, default_value_t, value_name = "THEME", requires = "charts")]
    theme: Theme,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Shape {
    #[default]
    Page,
    Landscape,
}

#[derive(Debug, Clone, Copy, Default, ValueEnum)]
enum Theme {
    #[default]
    Light,
    Dark,
}

impl From<Shape> for chart::Shape {
    fn from(shape: Shape) -> Self {
        match shape {
            Shape::Page => Self::Page,
            Shape::Landscape => Self::Landscape,
        }
    }
}

impl From<Theme> for chart::Theme {
    fn from(theme: Theme) -> Self {
        match theme {
            Theme::Light => Self::Light,
            Theme::Dark => Self::Dark,
        }
    }
}

/// Writes the charts of one report.
pub(super) fn write(reports: &[PathBuf], dir: &Path, look: &Look, force: bool) -> Result<(), Failure> {
    let [only] = reports else {
        let message = format!("--charts takes one report, and {} are named", reports.len());
        return Err(Failure::new(
            USAGE,
            message,
            "write the charts of each report into a directory of its own",
        ));
    };
    let read = places::read(only)?;
    let files = read.write_charts(dir, look.shape.into(), look.theme.into(), force).map_err(|error| {
        let message = format!("the charts cannot be written to {}: {error}", dir.display());
        unwritten(&error, message, "choose another directory with `--charts`")
    })?;
    match &files[..] {
        [] => say(format_args!("there is no chart in {}: nothing was measured", only.display())),
        files => say(format_args!("{} charts in {}: {}", files.len(), dir.display(), files.join(", "))),
    }
    Ok(())
}
