//! The title of a story's picture, and what happened in it, in words.

use crate::RunReport;
use crate::chart::axis::{exact, seconds};
use crate::numbers::{counted, span};
use crate::story::{Arrow, Carries, Choice, LaneKind, Story};
use ledger::grouped;
use scenario::listed;

/// The most ends on the way that are named.
const MOST_ENDS: usize = 2;

/// The reason why a message was chosen, as a part of an id.
pub(super) fn choice(choice: Choice) -> &'static str {
    match choice {
        Choice::FirstLost => "first-lost",
        Choice::Slowest => "slowest",
        Choice::Ordinary => "ordinary",
    }
}

/// The title of a story: why it is told, and its end.
pub(super) fn title(story: &Story) -> String {
    let subscribers = |many: u64| counted(many, "subscriber", "subscribers");
    match (story.choice, longest_us(story)) {
        (Choice::FirstLost, _) if story.received == 0 && story.lost > 0 => {
            "the first message that somebody lost reached nobody".into()
        }
        (Choice::FirstLost, _) if story.lost > 0 => {
            let (lost, owed) = (grouped(story.lost), subscribers(story.owed));
            format!("the first message that somebody lost was missed by {lost} of {owed}")
        }
        (Choice::FirstLost, _) => "the first message that somebody lost".into(),
        (Choice::Slowest, Some(us)) => format!("the slowest receipt took {}", span(us)),
        (Choice::Slowest, None) => "the message with the slowest receipt".into(),
        (Choice::Ordinary, Some(us)) if story.lost == 0 => {
            format!("an ordinary message reached everyone in {}", span(us))
        }
        (Choice::Ordinary, _) => "an ordinary message".into(),
    }
}

/// The longest time from the intended send time to a receipt, in microseconds; `None` if nobody received the message.
fn longest_us(story: &Story) -> Option<u64> {
    let subscriber =
        |lane: usize| story.lanes.get(lane).is_some_and(|lane| lane.kind == LaneKind::Subscriber);
    let came = story.arrows.iter().filter(|arrow| subscriber(arrow.to)).filter_map(|arrow| arrow.arrives_us);
    came.max().map(|us| us.abs_diff(story.due_us))
}

/// What happened to a message: who had it, and where it ended.
pub(super) fn caption(story: &Story) -> String {
    let due = seconds(u64::try_from(story.due_us / 1_000).unwrap_or(0));
    let message =
        format!("Message {} of publisher {}, due at {due},", grouped(story.number), story.publisher);
    let fate = fate(story);
    let mut clauses = vec![sent(story)];
    clauses.extend(reached(story));
    clauses.extend(ended(story));
    clauses.extend(story.answer.as_ref().map(|answer| format!("was answered with “{answer}”")));
    let mut caption = format!("{message} {}; {fate}.", listed(&clauses));
    if story.arrows.iter().any(|arrow| !arrow.traced) {
        caption += " Dashed arrows were not seen, but follow from what was.";
    }
    caption
}

/// What a reader must know of a choice: messages whose receipts were not kept could not be chosen.
pub(super) fn unwitnessed(run: &RunReport, story: &Story) -> String {
    match run.unwitnessed {
        Some(many @ 1..) if story.choice != Choice::FirstLost => {
            format!(
                " {} could not be chosen: their receipts were not kept.",
                counted(many, "message", "messages")
            )
        }
        _ => String::new(),
    }
}

fn sent(story: &Story) -> String {
    let Some(sent) = story.sent_us else { return "was never sent".into() };
    match sent.abs_diff(story.due_us) {
        0..1_000 => "was sent at once".into(),
        late => format!("was sent {} late", exact(late)),
    }
}

/// The servers that had the message.
fn reached(story: &Story) -> Option<String> {
    let carried = |arrow: &&Arrow| matches!(arrow.carries, Carries::Message | Carries::Replay);
    let mut names: Vec<String> = Vec::new();
    for arrow in story.arrows.iter().filter(carried).filter(|arrow| arrow.arrives_us.is_some()) {
        if let Some(lane) = story.lanes.get(arrow.to)
            && !matches!(lane.kind, LaneKind::Publisher | LaneKind::Subscriber)
            && !names.contains(&lane.name)
        {
            names.push(lane.name.clone());
        }
    }
    (!names.is_empty()).then(|| format!("came to {}", listed(&names)))
}

/// The places where the message ended on the way.
fn ended(story: &Story) -> Option<String> {
    let name = |lane: usize| story.lanes.get(lane).map_or("?", |lane| lane.name.as_str());
    let lost =
        story.arrows.iter().filter(|arrow| arrow.arrives_us.is_none() && arrow.carries == Carries::Message);
    let ends: Vec<_> = lost
        .map(|arrow| {
            let note = arrow.note.as_ref().map_or_else(String::new, |note| format!(" ({note})"));
            format!("between {} and {}{note}", name(arrow.from), name(arrow.to))
        })
        .collect();
    let more = ends.len().saturating_sub(MOST_ENDS);
    let mut named = ends.into_iter().take(MOST_ENDS).collect::<Vec<_>>();
    match more {
        0 => {}
        1 => named.push("on one more way".into()),
        more => named.push(format!("on {more} more ways")),
    }
    (!named.is_empty()).then(|| format!("ended {}", listed(&named)))
}

/// The clause on whom the message reached.
fn fate(story: &Story) -> String {
    let owed = counted(story.owed, "subscriber", "subscribers");
    match (story.received, story.lost) {
        (_, 0) if story.owed == 1 => "its only subscriber received it".into(),
        (_, 0) => format!("all {owed} received it"),
        (0, lost) => format!("nobody received it: {} lost it", counted(lost, "subscriber", "subscribers")),
        (received, lost) => {
            format!("{} of {owed} received it, and {} lost it", grouped(received), grouped(lost))
        }
    }
}
