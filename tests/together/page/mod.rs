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
  const cut = [...document.querySelectorAll('figure svg')].filter(svg => {
    const box = svg.getBoundingClientRect(), room = svg.parentElement;
    return box.left < 0 || box.right > innerWidth || room.scrollWidth > room.clientWidth;
  });
  return {small, cut: cut.length, beyond: document.documentElement.scrollWidth - innerWidth};";
/// The sums of the counts in the map of all deliveries, by the word for the row; of the latencies, one sum.
const HEAT: &str = "const sums = {live: 0, replay: 0, never: 0, again: 0};
  for (const title of document.querySelectorAll('#heat rect title')) {
    const cell = title.textContent.match(/, (never|by replay|again|.* ms to .* ms): ([\\d,]+)$/);
    if (!cell) continue;
    const row = {'never': 'never', 'again': 'again', 'by replay': 'replay'}[cell[1]] ?? 'live';
    sums[row] += Number(cell[2].replaceAll(',', ''));
  }
  return sums;";

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
    for id in ["latency", "debts", "heat", "percentiles", "losses"] {
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
    assert_eq!(seen["cut"], 0, "{seen}");
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

/// Every debt is in one cell of the map: what was delivered in the rows of its latency, and what was lost on top.
#[tokio::test(flavor = "multi_thread")]
async fn the_cells_of_the_map_are_the_debts_of_the_report() {
    let browser = Browser::start().await;
    let window = browser.open(&url()).await;
    let sums = window.run(HEAT).await;
    let report = ended().place.report();
    let runs = report.json()["runs"].as_array().unwrap();
    let sum = |of: &str| runs.iter().map(|run| run["debts"][of].as_u64().unwrap()).sum::<u64>();
    let duplicates: u64 = runs.iter().map(|run| run["duplicates"].as_u64().unwrap()).sum();
    let expected = json!({"live": sum("delivered"), "replay": sum("recovered"), "never": sum("lost"), "again": duplicates});
    assert_eq!(sums, expected);
    assert!(sum("delivered") > 0 && sum("lost") > 0);
    // And the slices tell how much was late.
    for run in runs {
        let late: u64 =
            run["timeline"].as_array().unwrap().iter().map(|it| it["late"].as_u64().unwrap()).sum();
        let debts = |of: &str| run["debts"][of].as_u64().unwrap();
        assert_eq!(late, debts("delivered") - debts("on_time_debts"));
    }
    assert_eq!(browser.end(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn its_contents_lead_to_every_part_and_what_few_read_is_folded() {
    let browser = Browser::start().await;
    let window = browser.open(&url()).await;
    let dead = "return [...document.querySelectorAll('nav a')].map(a => a.getAttribute('href'))
        .filter(href => !document.querySelector(href))";
    assert_eq!(window.run(dead).await, json!([]));
    let links = window.run("return [...document.querySelectorAll('nav a')].map(a => a.innerText)").await;
    for name in ["What happened", "Figures", "Late and lost", "Map", "Stories", "Faults", "Scenario"] {
        assert!(links.as_array().unwrap().contains(&json!(name)), "{name}: {links}");
    }
    let folded = "return [...document.querySelectorAll('details')].map(it => [it.id, it.open])";
    assert_eq!(
        window.run(folded).await,
        json!([["cost", false], ["harness", false], ["repeat", false], ["scenario", false]])
    );
    assert_eq!(browser.end(), []);
}

#[tokio::test(flavor = "multi_thread")]
async fn on_paper_two_pictures_share_a_sheet_and_each_sheet_has_its_name_and_number() {
    let browser = Browser::start().await;
    let window = browser.open(&url()).await;
    // A browser keeps only the rules that it knows.
    let rules = "return [...document.styleSheets].flatMap(sheet => [...sheet.cssRules])
        .filter(rule => rule instanceof CSSPageRule).map(rule => rule.cssText).join()";
    let rules = window.run(rules).await;
    let rules = rules.as_str().unwrap();
    assert!(rules.contains("@top-left") && rules.contains("A short one"), "{rules}");
    assert!(rules.contains("@bottom-right") && rules.contains("counter(page)"), "{rules}");
    let all = window.sheets().await;
    let figures = "const all = [...document.querySelectorAll('figure')], tall = all.filter(it => it.className === 'tall');
        all.forEach(it => it.remove());
        return [all.length, tall.length]";
    let figures = window.run(figures).await;
    let [figures, tall] = [0, 1].map(|i| figures[i].as_u64().unwrap() as usize);
    let without = window.sheets().await;
    assert!(figures > 6 && without > 1, "{figures} {without}");
    // The first of them may find no room below the figures, and a tall one ends a sheet.
    let most = tall + (figures - tall).div_ceil(2) + 1 + tall;
    assert!(all <= without + most, "{all} sheets, {without} without {figures} pictures, {tall} of them tall");
    assert_eq!(browser.end(), []);
}
