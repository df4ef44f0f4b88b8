//! The line of contents at the top of the page.

use maud::{Markup, html};

use crate::chart::Picture;

/// A link for each kind of picture and for each of these sections, given by id and name.
pub(super) fn line(pictures: &[Picture], sections: &[(&'static str, &'static str)]) -> Markup {
    let mut links: Vec<(&str, &str)> = vec![("happened", "What happened"), ("figures", "Figures")];
    for picture in pictures {
        let name = name(&picture.id);
        // All stories have one link, which leads to the first.
        if links.iter().all(|(_, known)| *known != name) {
            links.push((&picture.id, name));
        }
    }
    links.extend(sections);
    html! {
        nav aria-label="Contents" {
            @for (id, name) in links { a href=(format!("#{id}")) { (name) } " " }
        }
    }
}

/// What a picture is called where there is room for a word or two.
fn name(id: &str) -> &'static str {
    match id {
        "latency" => "Latency",
        "debts" => "Late and lost",
        "heat" => "Map",
        "online" => "Online",
        "percentiles" => "Percentiles",
        "fan-out" => "Fan-out",
        "losses" => "Losses by node",
        "curve" => "Latency curve",
        "curve-on-time" => "On-time curve",
        _ => "Stories",
    }
}
