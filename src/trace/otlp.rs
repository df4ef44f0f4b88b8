//! Spans as OpenTelemetry's collectors take them: the body of a request to `/v1/traces`, in OTLP's JSON
//! (<https://opentelemetry.io/docs/specs/otlp/#json-protobuf-encoding>). Attributes bear the names of the semantic
//! conventions for messaging where these have one.

use serde_json::{Value, json};

use super::spans::{Operation, Span};

/// The process that the spans come from.
#[derive(Debug, Clone)]
pub struct Source {
    /// The name of the process, unique among those that export to the same collector.
    pub process: String,
    /// The pattern over which the processes reach each other, such as `redis`.
    pub system: &'static str,
}

/// A span whose end is a wait for somebody else: `SPAN_KIND_PRODUCER`.
const PRODUCER: u8 = 4;
/// A span that follows from another process's: `SPAN_KIND_CONSUMER`.
const CONSUMER: u8 = 5;
/// `STATUS_CODE_ERROR`.
const ERROR: u8 = 2;

/// The body of a request that brings these spans.
pub(super) fn body(source: &Source, spans: &[Span]) -> Value {
    let resource = [
        text("service.name", "pubsub-lab"),
        text("service.instance.id", &source.process),
        text("service.version", env!("CARGO_PKG_VERSION")),
    ];
    let spans: Vec<_> = spans.iter().map(|one| span(source, one)).collect();
    json!({ "resourceSpans": [{
        "resource": { "attributes": resource },
        "scopeSpans": [{ "scope": { "name": "pubsub-lab" }, "spans": spans }],
    }] })
}

fn span(source: &Source, span: &Span) -> Value {
    let Span { operation, id, room, from_us, until_us, bus_out_us, clients, why, error } = span;
    let (kind, messaging) = match operation {
        Operation::Publish => (PRODUCER, "send"),
        Operation::Deliver | Operation::Store | Operation::Replay => (CONSUMER, "process"),
    };
    let mut attributes = vec![
        text("messaging.system", source.system),
        text("messaging.operation.name", operation.name()),
        text("messaging.operation.type", messaging),
        text("messaging.message.id", id),
    ];
    attributes.extend(room.as_deref().map(|room| text("messaging.destination.name", room)));
    attributes.extend(clients.map(|clients| number("pubsub_lab.clients", clients)));
    attributes.extend(why.as_deref().map(|why| text("pubsub_lab.note", why)));
    attributes.extend(error.as_deref().map(|code| text("error.type", code)));
    let name = match room {
        Some(room) => format!("{} {room}", operation.name()),
        None => operation.name().to_owned(),
    };
    let mut json = json!({
        "traceId": span.trace_id(),
        "spanId": span.span_id(&source.process),
        "name": name,
        "kind": kind,
        "startTimeUnixNano": nanos(*from_us),
        "endTimeUnixNano": nanos(*until_us),
        "attributes": attributes,
    });
    if *operation != Operation::Publish {
        json["parentSpanId"] = span.root_id().into();
    }
    if let Some(at) = bus_out_us {
        json["events"] = json!([{ "timeUnixNano": nanos(*at), "name": "handed to the bus" }]);
    }
    if let Some(code) = error {
        json["status"] = json!({ "code": ERROR, "message": code });
    }
    json
}

/// A time as OTLP's JSON has 64-bit numbers: in words, for JavaScript would round it.
fn nanos(us: u64) -> String {
    us.saturating_mul(1_000).to_string()
}

fn text(key: &str, value: &str) -> Value {
    json!({ "key": key, "value": { "stringValue": value } })
}

fn number(key: &str, value: usize) -> Value {
    json!({ "key": key, "value": { "intValue": value.to_string() } })
}
