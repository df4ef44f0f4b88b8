//! The grid as a page: one file that needs nothing else, for a screen of any size, for print, light and dark.

use maud::{DOCTYPE, Markup, html};

use super::harm::rules;
use super::text::marks;
use super::{Cell, Harm, Overview, Row};
use crate::page::{figure, head};

/// What the grid's page has beside the style of every page.
const OWN_STYLE: &str = include_str!("page.css");

pub(super) fn page(overview: &Overview) -> String {
    html! {
        (DOCTYPE)
        html lang="en" {
            (head("Which one?", None, &(OWN_STYLE.to_owned() + &rules()), "pubsub-lab: which one?"))
            body.grid {
                header {
                    p.eyebrow { "pubsub-lab" }
                    h1 { "Which one?" }
                    p.said {
                        "A row for each scenario, a column for each subject. A cell says what became of the deliveries, the "
                        "worst first; its colour and its mark are those of its worst harm."
                    }
                }
                main {
                    section id="table" { (table(overview)) (legend(overview)) }
                    (list("follows", "What follows", &overview.advice))
                    (list("promises", "What each promised, and what it kept", &overview.promises))
                    @for picture in &overview.pictures { (figure(picture)) }
                    (watch(overview))
                    (list("machines", "Where it was measured", &overview.machines))
                }
                footer {
                    p {
                        "Every number on this page stands in " code { "overview.json" } " beside it, and with all others in "
                        "the reports that the cells lead to."
                    }
                }
            }
        }
    }
    .into_string()
}

fn table(overview: &Overview) -> Markup {
    html! {
        div.wide {
            table.harms {
                thead {
                    tr {
                        th scope="col" { "scenario" }
                        @for subject in &overview.subjects { th scope="col" { (subject) } }
                    }
                }
                tbody { @for row in &overview.rows { (line(row, &overview.subjects)) } }
            }
        }
    }
}

fn line(row: &Row, subjects: &[String]) -> Markup {
    html! {
        tr {
            th scope="row" { (row.name) span.soft { (row.title) } }
            @for subject in subjects {
                @match row.cell(subject) {
                    None => td.none { "" },
                    Some(cell) => (shown(cell)),
                }
            }
        }
    }
}

fn shown(cell: &Cell) -> Markup {
    let words = html! {
        @for (i, line) in cell.lines().iter().enumerate() {
            span.line { @if i == 0 { b.mark { (cell.harm.mark()) } " " } (line) }
        }
        @if let Some(latency) = cell.latency().filter(|_| cell.sought.is_none()) { span.line.quiet { (latency) } }
    };
    html! {
        td class=(cell.harm.look().class) title=(cell.details()) {
            @match cell.page.as_ref().filter(|_| cell.harm != Harm::NotRun) {
                Some(page) => a href=(page) { (words) },
                None => (words),
            }
        }
    }
}

fn legend(overview: &Overview) -> Markup {
    html! {
        p.soft {
            @for (i, harm) in marks(overview).enumerate() {
                @if i > 0 { "; " }
                (harm.mark()) " " (harm.meaning())
            }
            ". Told: the subscriber learnt, by a notice or by its own absence, that something may be missing. Late: live, more "
            "than a second after the intended send time. p50: the median latency while nothing was broken."
        }
    }
}

fn list(id: &str, title: &str, sentences: &[String]) -> Markup {
    html! {
        @if !sentences.is_empty() {
            section id=(id) {
                h2 { (title) }
                ul { @for sentence in sentences { li { (coded(sentence)) } } }
            }
        }
    }
}

/// A sentence in which names stand between backticks.
fn coded(sentence: &str) -> Markup {
    html! {
        @for (i, part) in sentence.split('`').enumerate() {
            @if i % 2 == 1 { code { (part) } } @else { (part) }
        }
    }
}

fn watch(overview: &Overview) -> Markup {
    let said = || overview.rows.iter().filter_map(|row| Some((&row.name, row.watch.as_ref()?)));
    html! {
        @if said().next().is_some() {
            section id="watch" {
                h2 { "What to watch for" }
                dl { @for (name, watch) in said() { dt { (name) } dd { (watch) } } }
            }
        }
    }
}
