//! What the page says. That a browser shows it is tested from outside.

use super::super::sample::{amqp, local, not_applicable, redis, report, run_with};
use super::*;
use crate::FaultReport;

fn text(report: &Report) -> String {
    page(report, Path::new("runs/one"))
}

#[test]
fn every_run_has_its_verdict_its_sentence_and_its_column() {
    let report = report(vec![redis(), amqp(), local(), not_applicable()]);
    let page = text(&report);
    for run in &report.runs {
        let column = format!("<th scope=\"col\">{}</th>", Names::of_all(&report).whole(run));
        assert!(page.contains(&column), "{column} in {page}");
    }
    assert!(page.contains("class=\"verdict not-applicable\">not run<"), "{page}");
    assert!(page.contains("class=\"verdict neutral\">no expectations<"), "{page}");
    assert!(page.contains("<td>15,090</td>"), "{page}");
    assert!(page.contains("pubsub-lab bench --scenario broker-down --seed 42"), "{page}");
}

#[test]
fn the_text_says_once_why_a_run_was_not_made() {
    let report = report(vec![redis(), not_applicable()]);
    let page = text(&report);
    // Pictures have words of their own.
    let texts: String =
        page.split("<figure").map(|part| part.rsplit("</figure>").next().unwrap_or(part)).collect();
    assert_eq!(texts.matches("zeromq has no broker").count(), 1, "{texts}");
}

#[test]
fn nothing_that_a_user_wrote_is_markup() {
    let mean = "<script>alert(1)</script>";
    let mut report = report(vec![run_with(|run| {
        run.label = mean.into();
        run.why = vec![mean.into()];
        run.faults = vec![FaultReport {
            what: mean.into(),
            begin_ms: 1,
            heal_begin_ms: None,
            healed_ms: None,
            planned: None,
        }];
    })]);
    report.scenario = serde_json::json!({"name": mean, "title": mean});
    report.versions.insert(mean.into(), mean.into());
    let page = text(&report);
    assert!(page.contains("&lt;script&gt;"), "{page}");
    assert!(!page.contains("<script"), "{page}");
}

#[test]
fn nothing_is_fetched() {
    let page = text(&report(vec![redis()]));
    for word in ["http://", "https://", "url(", "@import", " src=", "<link"] {
        // The name space of SVG is a name, and nobody fetches it.
        let page = page.replace("http://www.w3.org/2000/svg", "");
        assert!(!page.contains(word), "{word} in {page}");
    }
}
