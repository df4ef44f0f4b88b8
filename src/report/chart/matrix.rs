//! The curves of a matrix: the figures of its runs against the value that was varied.

use plotters::style::RGBColor;

use super::axis::{Axis, exact, place};
use super::frame::Frame;
use super::gapped;
use super::layout::{Layout, MOST_RUNS, Part, limited};
use super::legend::{Key, Look};
use super::lettering::width_of;
use super::palette::{DELIVERED, INK, MUTED};
use super::panel::{LEFT, Panel, RIGHT};
use super::picture::Picture;
use super::shape::{Shape, WIDTH};
use super::sheet::Sheet;
use crate::curve::{Curve, Curves};
use crate::numbers::percent;
use crate::{Quantiles, Report, RunReport};

/// How near to a point one has to point, in the picture's units.
const NEAR: i32 = 9;

/// A line's name, its look and its figure.
type QuantileLine = (&'static str, (RGBColor, u32), fn(&Quantiles) -> u64);

/// Both pictures of a matrix: how fast the runs were, and how much came in time. A report of no matrix has none.
pub(super) fn pictures(report: &Report, shape: Shape) -> Vec<Picture> {
    let mut curves = Curves::of(report).map(|curves| curves.all()).unwrap_or_default();
    curves.truncate(MOST_RUNS);
    let Some(moving) = curves.first().map(|curve| curve.moving) else { return Vec::new() };
    // An axis can show one varied parameter only, so the other curves are left out.
    curves.retain(|curve| curve.moving == moving);
    [latency(report, &curves, shape), on_time(&curves, shape)].into_iter().flatten().collect()
}

fn latency(report: &Report, curves: &[Curve], shape: Shape) -> Option<Picture> {
    let quantiles = || curves.iter().flat_map(|curve| &curve.runs).filter_map(|run| run.latency_us);
    let least = quantiles().map(|latency| latency.p50).min()?;
    let most = quantiles().map(|latency| latency.max).max()?;
    let lines: [QuantileLine; 3] = [
        ("longest", (MUTED, 4), |latency| latency.max),
        ("99th percentile", (INK, 2), |latency| latency.p99),
        ("median", (DELIVERED, 4), |latency| latency.p50),
    ];
    let keys =
        lines.iter().map(|(name, (colour, width), _)| (Look::Line(*colour, *width), (*name).to_owned()));
    let layout = layout(curves, Axis::latency("latency (ms)", least, most), keys.collect(), (220, shape));
    let caption = format!(
        "Latency of what was delivered live, against the {}. The scale of latency is logarithmic.{}",
        of(curves),
        limited(report)
    );
    layout.picture("curve", "Latency by what was varied", caption, |sheet, panel, curve| {
        let all = places(curves);
        for (_, look, figure) in lines {
            let points = curve
                .runs
                .iter()
                .map(|run| (all.at(curve, run), run.latency_us.map(|us| place(figure(&us)))));
            gapped::draw(sheet, panel, points, look)?;
        }
        for run in &curve.runs {
            if let Some(us) = run.latency_us {
                let figures = format!("p50 {}, p99 {}, max {}", exact(us.p50), exact(us.p99), exact(us.max));
                tell(sheet, panel, curve, run, (all.at(curve, run), place(us.p99)), &figures);
            }
        }
        Ok(())
    })
}

fn on_time(curves: &[Curve], shape: Shape) -> Option<Picture> {
    let share = |run: &RunReport| run.debts.and_then(|debts| debts.on_time_share());
    curves.iter().flat_map(|curve| &curve.runs).find_map(|run| share(run))?;
    let keys = vec![(Look::Line(DELIVERED, 3), "delivered within a second".into())];
    let layout = layout(curves, Axis::linear("on time (%)", 100.0, 4), keys, (150, shape));
    let caption = format!("The share of all deliveries owed that came on time, against the {}.", of(curves));
    layout.picture("curve-on-time", "On time by what was varied", caption, |sheet, panel, curve| {
        let all = places(curves);
        let points = curve.runs.iter().map(|run| (all.at(curve, run), share(run).map(|share| share * 100.0)));
        gapped::draw(sheet, panel, points, (DELIVERED, 3))?;
        for run in &curve.runs {
            if let Some(share) = share(run) {
                let figures = format!("{} on time", percent(share));
                tell(sheet, panel, curve, run, (all.at(curve, run), share * 100.0), &figures);
            }
        }
        Ok(())
    })
}

/// The name of the parameter that is varied.
fn of<'a>(curves: &[Curve<'a>]) -> &'a str {
    curves.first().map_or("", |curve| curve.moving)
}

fn layout<'r, 'a>(
    curves: &'r [Curve<'a>],
    y: Axis,
    keys: Vec<Key>,
    (plot, shape): (i32, Shape),
) -> Layout<'r, Curve<'a>> {
    let part = |curve: &'r Curve<'a>| Part { name: curve.name.clone(), of: curve, words: None, faults: &[] };
    Layout {
        parts: curves.iter().map(part).collect(),
        x: places(curves).axis(of(curves)),
        y,
        keys,
        plot,
        shape,
    }
}

fn tell(sheet: &mut Sheet, panel: &Panel, curve: &Curve, run: &RunReport, (x, y): (f64, f64), figures: &str) {
    let (x, y) = panel.at(x, y);
    let frame = Frame { left: x - NEAR, top: y - NEAR, right: x + NEAR, bottom: y + NEAR };
    sheet.hit(frame, &format!("{}: {figures}", curve.words(run)));
}

/// Where the varied values lie: as numbers, as their logarithms if they grow fast, or one after the other.
struct Places {
    words: Vec<String>,
    numbers: Vec<f64>,
}

fn places(curves: &[Curve]) -> Places {
    let mut words: Vec<String> = Vec::new();
    let mut numbers = Vec::new();
    for (curve, run) in curves.iter().flat_map(|curve| curve.runs.iter().map(move |run| (curve, run))) {
        let word = curve.value(run);
        if !words.contains(&word) {
            words.push(word);
            numbers.extend(run.params.get(curve.moving).and_then(serde_json::Value::as_f64));
        }
    }
    let least = numbers.iter().copied().fold(f64::INFINITY, f64::min);
    let most = numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if numbers.len() != words.len() {
        numbers = (0..words.len()).map(|i| i as f64).collect();
    } else if least > 0.0 && most / least >= 8.0 {
        numbers.iter_mut().for_each(|number| *number = number.log10());
    }
    Places { words, numbers }
}

impl Places {
    fn at(&self, curve: &Curve, run: &RunReport) -> f64 {
        let word = curve.value(run);
        let place = self.words.iter().position(|known| *known == word).and_then(|at| self.numbers.get(at));
        place.copied().unwrap_or(0.0)
    }

    fn axis(&self, moving: &str) -> Axis {
        let least = self.numbers.iter().copied().fold(f64::INFINITY, f64::min);
        let most = self.numbers.iter().copied().fold(f64::NEG_INFINITY, f64::max);
        let room = if most > least { (most - least) * 0.06 } else { 1.0 };
        let (low, high) = (least - room, most + room);
        let mut marks: Vec<_> = self.numbers.iter().copied().zip(self.words.iter().cloned()).collect();
        marks.sort_by(|(one, _), (other, _)| one.total_cmp(other));
        let pixel = |at: f64| ((at - low) / (high - low) * f64::from(WIDTH - LEFT - RIGHT)) as i32;
        let mut free = i32::MIN;
        marks.retain(|(at, word)| {
            let (left, right) = (pixel(*at) - width_of(word) / 2, pixel(*at) + width_of(word) / 2);
            let fits = left > free;
            free = if fits { right + 8 } else { free };
            fits
        });
        let title = match moving {
            "rate" => "messages a second, all publishers together".to_owned(),
            "payload" => "bytes of text a message".to_owned(),
            "nodes" | "subscribers" | "publishers" | "rooms" => format!("number of {moving}"),
            other => other.to_owned(),
        };
        Axis { title, low, high, marks }
    }
}
