//! `report.html` as a browser and a validator of other people see it: whole, alone, and with nothing empty.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a test may")]

use std::process::Command;
use std::sync::OnceLock;

use serde_json::{Value, json};

use crate::support::browser::Browser;
use crate::support::report::{Ended, conclusive, short};

/// What a figure draws beside its axes, each with its own little title: what hovering tells. And how much of it is
/// outside of the figure.
const FIGURES: &str = "return [...document.querySelectorAll('figure')].map(figure => {
  const svg = figure.querySelector('svg'), box = svg.getBoundingClientRect();
  const told = [...svg.querySelectorAll('title')].filter(title => title.parentNode !== svg);
  const drawn = [...svg.querySelectorAll('text, path, rect, circle, line, polyline')];
  // A text's box is a line high, and its letters are not. What stands in a pattern is drawn where that is used.
  const outside = drawn.filter(it => !it.closest('pattern')).filter(it => {
    const room = it.tagName === 'text' ? 8 : 2, at = it.getBoundingClientRect();
    return at.left < box.left - room || at.right > box.right + room || at.top < box.top - room || at.bottom > box.bottom + room;
  });
  return {id: figure.id, width: box.width, height: box.height, caption: figure.querySelector('figcaption').innerText,
    told: told.length, texts: svg.querySelectorAll('text').length, outside: outside.map(it => it.outerHTML.slice(0, 200))};
});";
/// Letters that are too small to be read, in pixels of the screen, and how wide the page is beyond the window.
const SMALL: &str = "const small = [...document.querySelectorAll('figure svg')].flatMap(svg => {
    const scale = svg.getBoundingClientRect().width / svg.viewBox.baseVal.width;
    return [...svg.querySelectorAll('text')].filter(text => parseFloat(getComputedStyle(text).fontSize) * scale < 9)
      .map(text => text.textContent);
  });
  return {small, beyond: document.documentElement.scrollWidth - innerWidth};";

/// A bench whose broker dies under Redis, while ZeroMQ has none.
fn ended() -> &'static Ended {
    static ENDED: OnceLock<Ended> = OnceLock::new();
    ENDED.get_or_init(|| {
        let fault = "[[fault]]\nat = \"1s\"\nfor = \"1s\"\nkill = \"broker\"\n";
        let faults = format!("{fault}[[fault]]\nat = \"1500ms\"\nfor = \"500ms\"\npause = \"node 1\"\n");
        let scenario = format!("patterns = [\"redis\"]\n{}", short(&faults));
        let ended = conclusive(&scenario, &["--runs", "2"]);
        assert_eq!(ended.code, Some(0), "{:?}", ended.everything());
        ended
    })
}

fn url() -> String {
    format!("file://{}", ended().place.path().join("out/report.html").display())
}

/// What the validator says of a file, nothing if it is content.
fn complaints(file: &std::path::Path) -> String {
    let output = Command::new("tidy").args(["-errors", "-quiet", "-utf8"]).arg(file).output();
    let output = output.expect("HTML is judged by tidy; see `make setup`");
    String::from_utf8_lossy(&[output.stdout, output.stderr].concat()).into_owned()
}

#[test]
fn it_is_valid() {
    let page = ended().place.path().join("out/report.html");
    assert_eq!(complaints(&page), "", "{}", page.display());
    // And what is not would be found.
    let wrong = ended().place.path().join("wrong.html");
    let text = std::fs::read_to_string(&page).unwrap();
    std::fs::write(&wrong, text.replacen("</section>", "</div>", 1)).unwrap();
    assert_ne!(complaints(&wrong), "");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_browser_shows_every_chart_without_a_word_and_without_a_request() {
    let browser = Browser::start().await;
    let window = browser.open(&url()).await;
    let fetched = "return performance.getEntriesByType('resource').map(entry => entry.name)";
    assert_eq!(window.run(fetched).await, json!([]));
    let figures = window.run(FIGURES).await;
    let ids: Vec<&str> = figures.as_array().unwrap().iter().map(|it| it["id"].as_str().unwrap()).collect();
    for id in ["latency", "debts", "online", "percentiles", "fan-out", "losses"] {
        assert!(ids.contains(&id), "{id} is not among {ids:?}");
    }
    for story in ["first_lost", "slowest", "ordinary"] {
        assert!(
            ids.iter().any(|id| id.starts_with("story-") && id.replace('-', "_").contains(story)),
            "{ids:?}"
        );
    }
    for figure in figures.as_array().unwrap() {
        let number = |key: &str| figure[key].as_f64().unwrap();
        assert!(number("width") > 200.0 && number("height") > 80.0, "{figure}");
        assert!(number("told") >= 2.0 && number("texts") >= 4.0, "{figure}");
        assert_ne!(figure["caption"], "", "{figure}");
        assert_eq!(figure["outside"], json!([]), "{figure}");
    }
    assert_eq!(browser.console().await, Vec::<Value>::new());
    assert_eq!(browser.end(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_a_phone_it_is_no_wider_than_the_screen_and_can_be_read() {
    let browser = Browser::start().await;
    let window = browser.open(&url()).await;
    window.resize(400, 800).await;
    let seen = window.run(SMALL).await;
    assert_eq!(seen["small"], json!([]), "{seen}");
    assert!(seen["beyond"].as_f64().unwrap() <= 0.0, "{seen}");
    assert_eq!(browser.end(), []);
}

/// The table is another way to say the report: each number stands in both.
#[tokio::test(flavor = "multi_thread")]
async fn its_table_says_what_the_json_says() {
    let browser = Browser::start().await;
    let window = browser.open(&url()).await;
    let rows = "return Object.fromEntries([...document.querySelector('table').querySelectorAll('tbody tr')]
        .map(row => [...row.children].map(cell => cell.innerText)).map(([name, ...cells]) => [name, cells]))";
    let rows = window.run(rows).await;
    let report = ended().place.report();
    let runs = report.json()["runs"].as_array().unwrap();
    assert_eq!(runs.len(), 2);
    for (column, run) in runs.iter().enumerate() {
        let told = |name: &str| rows[name][column].as_str().unwrap().replace(',', "");
        for (name, key) in
            [("sent", "sent"), ("acked", "acked"), ("refused", "refused"), ("unknown", "unknown")]
        {
            assert_eq!(told(name), run["messages"][key].to_string(), "{name}");
        }
        for name in ["owed", "delivered", "recovered", "lost"] {
            assert_eq!(told(name), run["debts"][name].to_string(), "{name}");
        }
        assert_eq!((told("verdict").as_str(), &run["verdict"]), ("no expectations", &json!("valid")));
        assert_eq!(told("impact (ms)"), run["impact_ms"].to_string());
    }
    assert_eq!(browser.end(), []);
}
