//! The profile `observe`. Grafana is no package of Debian's, so its dashboard is held against what nodes really count.

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Instant;

use serde_json::Value;

use super::project::{PATIENCE, PAUSE, Project, docker, get_at};

/// The port of Prometheus.
const PROMETHEUS: u16 = 9090;

/// The names of our metrics in a text.
fn metrics(text: &str) -> BTreeSet<String> {
    let word = |c: char| !(c.is_ascii_alphanumeric() || c == '_');
    text.split(word).filter(|it| it.starts_with("pubsub_lab_")).map(str::to_owned).collect()
}

/// What Prometheus answers to a query: the labels and the value of each series.
async fn query(expression: &str) -> Vec<Value> {
    let answer = get_at(PROMETHEUS, &format!("/api/v1/query?query={expression}")).await;
    let Some(at) = answer.find("{\"status\"") else { return Vec::new() };
    // The answer comes in chunks, the last of which is followed by its end.
    let json = answer[at..].rsplit_once('}').map(|(json, _)| format!("{json}}}")).unwrap_or_default();
    let value: Value = serde_json::from_str(&json).unwrap_or_default();
    value["data"]["result"].as_array().cloned().unwrap_or_default()
}

#[tokio::test]
async fn prometheus_finds_every_node_and_the_dashboard_asks_for_what_there_is() {
    let project = Project::new("observe", &["amqp", "observe"]);
    project.start(&["balancer", "rabbitmq", "history", "node-amqp", "prometheus"]).await;
    let deadline = Instant::now() + PATIENCE;
    let up = async |job| query(&format!("up%7Bjob=%22{job}%22%7D==1")).await.len();
    while (up("node").await, up("history").await) != (4, 1) {
        assert!(Instant::now() < deadline, "{:?}", query("up").await);
        tokio::time::sleep(PAUSE).await;
    }
    let prometheus = project.container("prometheus");
    docker(&["exec", &prometheus, "promtool", "check", "config", "/observe/prometheus.yml"]);

    let names = query("%7B__name__=~%22pubsub_lab_.%2B%22%7D").await;
    let counted: BTreeSet<String> =
        names.iter().filter_map(|series| series["metric"]["__name__"].as_str().map(str::to_owned)).collect();
    let here = Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy/observe");
    for file in ["alerts.yml", "grafana/dashboards/pubsub-lab.json"] {
        let asked = metrics(&std::fs::read_to_string(here.join(file)).unwrap());
        assert!(asked.len() > 3, "{file}: {asked:?}");
        let unknown: Vec<_> = asked.difference(&counted).collect();
        assert!(unknown.is_empty(), "{file} asks for what nobody counts: {unknown:?}");
    }
    let dashboard = std::fs::read_to_string(here.join("grafana/dashboards/pubsub-lab.json")).unwrap();
    let dashboard: Value = serde_json::from_str(&dashboard).unwrap();
    assert!(
        dashboard["panels"]
            .as_array()
            .unwrap()
            .iter()
            .all(|panel| panel["datasource"]["uid"] == "prometheus")
    );
}
