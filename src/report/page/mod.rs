//! `report.html`: one file that needs nothing else, for a screen of any size, for print, light and dark.
//!
//! Everything that it shows stands in `report.json`, too. Whatever came from a user (labels, titles, reasons) is
//! escaped by the template.

mod contents;
mod facts;
mod paint;
mod print;
mod rows;

use std::path::Path;

use maud::{DOCTYPE, Markup, PreEscaped, html};

use super::chart::{self, Picture, Shape};
use super::interrupted;
use super::label::Names;
use super::phrases::sentence_case;
use super::run_words::sentence;
use super::sentences::sentences;
use super::verdict_words::{class, phrase};
use super::{Report, RunReport};

/// The style sheet; the page adds the colours of its charts.
const STYLE: &str = include_str!("page.css");

/// From which height on a picture is tall, in its own units: its letters would be too small on half a sheet.
const TALL: i32 = 1_000;

/// The page of a report that lies in this directory.
pub fn page(report: &Report, dir: &Path) -> String {
    let title = title(report);
    let pictures = chart::pictures(report, Shape::Page);
    html! {
        (DOCTYPE)
        html lang="en" {
            (head(&title, Some(&generator(report)), "", &on_paper(report, &title)))
            body {
                header { (heading(report, &title)) (contents::line(&pictures, &facts::contents(report))) }
                main {
                    (verdicts(report))
                    section id="figures" {
                        h2 { "The figures" }
                        (rows::table(report))
                    }
                    @for picture in &pictures { (figure(picture)) }
                    (facts::sections(report, dir))
                }
                footer {
                    p { "Every number on this page stands in " code { "report.json" } " beside it." }
                }
            }
        }
    }
    .into_string()
}

/// The head of a page: its title, the program that made it, its style and what it has of style beside every page's, and what
/// stands on each sheet of paper.
pub(super) fn head(title: &str, generator: Option<&str>, style: &str, on_paper: &str) -> Markup {
    html! {
        head {
            meta charset="utf-8";
            meta name="viewport" content="width=device-width, initial-scale=1";
            @if let Some(generator) = generator { meta name="generator" content=(generator); }
            meta name="color-scheme" content="light dark";
            title { (title) " · pubsub-lab" }
            style {
                (PreEscaped(STYLE)) (PreEscaped(style)) (PreEscaped(paint::rules(chart::COLOURS)))
                (PreEscaped(print::rule(on_paper)))
            }
        }
    }
}

fn title(report: &Report) -> String {
    let word = |key: &str| report.scenario[key].as_str().filter(|text| !text.is_empty());
    word("title").or(word("name")).unwrap_or("A bench").to_owned()
}

/// What the head of each sheet of paper says: which bench this is, and when it ran.
fn on_paper(report: &Report, title: &str) -> String {
    let began = report.runs.iter().filter_map(|run| run.began_unix_ms).min();
    let day = began.map_or_else(String::new, |began| format!(" · {}", facts::day(began)));
    format!("{title}{day} · seed {}", report.seed)
}

fn generator(report: &Report) -> String {
    match report.versions.get("pubsub-lab") {
        Some(version) => format!("pubsub-lab {version}"),
        None => "pubsub-lab".into(),
    }
}

fn heading(report: &Report, title: &str) -> Markup {
    let began = report.runs.iter().filter_map(|run| run.began_unix_ms).min();
    html! {
        p.eyebrow { "pubsub-lab · " (report.scenario["name"].as_str().unwrap_or("scenario")) }
        h1 { (title) }
        p.soft {
            @if let Some(began) = began { time datetime=(facts::moment(began)) { (facts::day(began)) } " · " }
            "seed " (report.seed)
        }
        @if let Some(watch) = report.scenario["watch"].as_str() { p.said { (watch) } }
    }
}

/// The verdict and a sentence for each run; for a matrix a sentence for each curve.
fn verdicts(report: &Report) -> Markup {
    let of_curves = report.runs.iter().any(|run| !run.params.is_empty());
    let names = Names::of_all(report);
    html! {
        section id="happened" {
            h2 { "What happened" }
            @if let Some(text) = interrupted::of_report(report) { p.said { strong { (text) } } }
            @if of_curves {
                @for text in sentences(report).iter().skip(usize::from(report.interrupted)) { p.said { (text) } }
            } @else {
                @for run in &report.runs { (verdict_of(run, names)) }
            }
        }
    }
}

fn verdict_of(run: &RunReport, names: Names) -> Markup {
    let said = sentence(run, names);
    // The label stands before the sentence, set apart, so it is cut off here.
    let said = said.strip_prefix(&format!("{}: ", names.whole(run))).unwrap_or(&said);
    html! {
        article.run {
            h3 {
                (names.whole(run)) " "
                span class=(format!("verdict {}", class(run))) { (phrase(run)) }
            }
            p.said { (sentence_case(said)) }
        }
    }
}

pub(super) fn figure(picture: &Picture) -> Markup {
    // On paper two pictures share a sheet, but one that is far higher than wide has a sheet of its own.
    let tall = picture.height() > TALL;
    html! {
        figure id=(picture.id) class=[tall.then_some("tall")] {
            h2 { (picture.title) }
            div.chart { (PreEscaped(&picture.svg)) }
            figcaption { (picture.caption) }
        }
    }
}

#[cfg(test)]
mod tests;
