//! Checks what must hold of every picture's SVG, whatever it shows; and gives what it says, for tests that know.

use quick_xml::Reader;
use quick_xml::escape::unescape;
use quick_xml::events::{BytesStart, Event};

use super::{COLOURS, Picture};

/// The words of a picture: its texts, and what it tells when pointed at.
pub(super) struct Said {
    pub(super) texts: Vec<String>,
    pub(super) hits: Vec<String>,
}

/// Parses the SVG of a picture and checks what must hold of each.
pub(super) fn said(picture: &Picture) -> Said {
    let (id, svg) = (&picture.id, &picture.svg);
    let mut reader = Reader::from_str(svg);
    let mut open: Vec<String> = Vec::new();
    let (mut texts, mut hits, mut own) = (Vec::new(), Vec::new(), Vec::new());
    loop {
        match reader.read_event().unwrap_or_else(|error| panic!("{id}: {error}\n{svg}")) {
            Event::Start(element) => {
                let name = attributes(id, &element);
                if name == "title" || name == "text" {
                    let raw = reader.read_text(element.name()).unwrap().into_inner();
                    let raw = String::from_utf8(raw.to_vec()).unwrap();
                    let text = unescape(raw.trim()).unwrap().into_owned();
                    match (name.as_str(), open.len()) {
                        ("title", 1) => own.push(text),
                        ("title", _) => hits.push(text),
                        _ => texts.push(text),
                    }
                    continue;
                }
                open.push(name);
            }
            Event::Empty(element) => {
                attributes(id, &element);
            }
            Event::End(_) => assert!(open.pop().is_some(), "{id}"),
            Event::Eof => break,
            _ => {}
        }
    }
    assert!(open.is_empty(), "{id}: {open:?} is not closed");
    assert_eq!(own, [picture.title.as_str()], "{id} has one title of its own");
    assert!(!picture.caption.is_empty() && !picture.title.is_empty());
    Said { texts, hits }
}

/// Checks the attributes of an element, and gives its name.
fn attributes(id: &str, element: &BytesStart) -> String {
    let name = String::from_utf8(element.name().as_ref().to_vec()).unwrap();
    let mut keys = Vec::new();
    for attribute in element.attributes() {
        let attribute = attribute.unwrap();
        let key = String::from_utf8(attribute.key.as_ref().to_vec()).unwrap();
        let value = String::from_utf8(attribute.value.to_vec()).unwrap();
        let number = |text: &str| text.contains("NaN") || text.contains("inf");
        match key.as_str() {
            "fill" | "stroke" => assert!(is_listed(id, &value), "{id}: {key}=\"{value}\" in <{name}>"),
            "style" => panic!("{id}: no page could override style=\"{value}\""),
            "id" => assert!(value.starts_with(&format!("{id}-")), "{id}: {value} may stand twice on a page"),
            "font-size" => assert!(value.parse::<f64>().unwrap() >= 15.0, "{id}: {value}"),
            "width" | "height" if name == "rect" => {
                assert!(value.parse::<f64>().unwrap() >= 0.0, "{id}: {value}")
            }
            _ => assert!(!number(&value), "{id}: {key}=\"{value}\" in <{name}>"),
        }
        keys.push(key);
    }
    if name == "svg" {
        let has = |key: &str| keys.iter().any(|known| known == key);
        assert!(has("viewBox") && has("role") && !has("width") && !has("height"), "{id}: {keys:?}");
    }
    name
}

fn is_listed(id: &str, colour: &str) -> bool {
    let hatch = colour.starts_with(&format!("url(#{id}-"));
    hatch || ["none", "transparent"].contains(&colour) || COLOURS.iter().any(|(light, ..)| *light == colour)
}
