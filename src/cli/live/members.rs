//! The line on the members: how nodes, broker and history are.

use super::scene::{Course, Scene, State};
use super::styled_line::{StyledLine, Tone};
use lab::Member;
use scenario::{Action, End, Target};

/// The width of the longest state, in columns: a member that changes its state moves no other.
const STATE_WIDTH: usize = 7;

/// The line of every member with its state, in columns; where there is no room, nodes that are well are only counted.
pub(super) fn line(scene: &Scene, columns: usize) -> StyledLine {
    let states: Vec<_> = scene.members.iter().map(|member| (member, state(member, scene))).collect();
    let mut whole = StyledLine::new();
    for (i, (member, (word, tone))) in states.iter().enumerate() {
        whole.push(Tone::Plain, format!("{}{} ", if i == 0 { "" } else { "  " }, member.name));
        let last = i + 1 == states.len();
        whole.push(*tone, if last { (*word).to_owned() } else { format!("{word:<STATE_WIDTH$}") });
    }
    // The state of the last member may become as long as any, so it needs that room, too.
    let spare = states.last().map_or(0, |(_, (word, _))| STATE_WIDTH.saturating_sub(word.len()));
    if whole.width() + spare <= columns { whole } else { counted(&states) }
}

/// The line that counts the nodes that are well: `198 nodes up  node 3 KILLED  broker up`.
fn counted(states: &[(&Member, (&'static str, Tone))]) -> StyledLine {
    let is_calm_node = |member: &Member, tone: Tone| member.name.starts_with("node ") && tone == Tone::Good;
    let calm = states.iter().filter(|(member, (_, tone))| is_calm_node(member, *tone)).count();
    let mut line = StyledLine::new().then(Tone::Plain, format!("{calm:>3} nodes ")).then(Tone::Good, "up");
    for (member, (word, tone)) in states {
        if !is_calm_node(member, *tone) {
            line.push(Tone::Plain, format!("  {} ", member.name));
            line.push(*tone, *word);
        }
    }
    line
}

/// The word for a member's state. A state of something broken is written in capitals.
fn state(member: &Member, scene: &Scene) -> (&'static str, Tone) {
    if !member.ours {
        return ("theirs", Tone::Plain);
    }
    let strikes = |course: &&Course| concerns(&course.fault.target, &member.name);
    let worst = scene.faults.iter().filter(strikes).filter_map(wound).max_by_key(|(rank, ..)| *rank);
    match worst {
        Some((_, word, tone)) => (word, tone),
        None if scene.died.contains(&member.name) => ("DIED", Tone::Bad),
        None => ("up", Tone::Good),
    }
}

/// The mark that a fault leaves on a process at this moment; the higher the rank, the worse.
fn wound(course: &Course) -> Option<(u8, &'static str, Tone)> {
    match (&course.fault.action, course.state) {
        (Action::Kill, State::Struck(_)) => Some((3, "KILLED", Tone::Bad)),
        (Action::Stop, State::Struck(_)) => Some((2, "STOPPED", Tone::Bad)),
        (Action::Pause, State::Struck(_)) => Some((1, "PAUSED", Tone::Bad)),
        (Action::Kill | Action::Stop, State::Healing(_)) => Some((0, "starts", Tone::Doubtful)),
        (Action::Pause, State::Healing(_)) => Some((0, "wakes", Tone::Doubtful)),
        _ => None,
    }
}

fn concerns(target: &Target, member: &str) -> bool {
    End::parse(member).is_some_and(|end| target.strikes(end))
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use scenario::Fault;

    fn scene(nodes: usize, faults: &[(Action, Target, State)]) -> Scene {
        let member = |name: String| Member { name, ours: true };
        let nodes = (0..nodes).map(|n| member(format!("node {n}")));
        let others = ["broker", "history"].map(|name| member(name.into()));
        let course = |(action, target, state): &(Action, Target, State)| {
            let (at, duration, action, target) = (Duration::ZERO, None, action.clone(), target.clone());
            Course { fault: Fault { at, duration, action, target }, state: *state }
        };
        let faults = faults.iter().map(course).collect();
        Scene { members: nodes.chain(others).collect(), faults, ..Scene::default() }
    }

    const STRUCK: State = State::Struck(Duration::ZERO);

    #[test]
    fn a_member_that_is_struck_moves_no_other() {
        let line = |faults: &[_]| line(&scene(3, faults), 79).cut(79, false);
        assert_eq!(line(&[]), "node 0 up       node 1 up       node 2 up       broker up       history up");
        let faults = [
            (Action::Kill, Target::Node(1), STRUCK),
            (Action::Stop, Target::Broker, STRUCK),
            (Action::Pause, Target::AllNodes, STRUCK),
            (Action::Kill, Target::History, State::Healing(Duration::ZERO)),
        ];
        assert_eq!(
            line(&faults),
            "node 0 PAUSED   node 1 KILLED   node 2 PAUSED   broker STOPPED  history starts"
        );
        let over = (Action::Kill, Target::Node(1), State::Over);
        assert!(line(&[over]).contains("node 1 up "));
    }

    #[test]
    fn where_there_is_no_room_those_that_are_well_are_counted() {
        let faults = [(Action::Kill, Target::Node(17), STRUCK)];
        let shown = line(&scene(200, &faults), 79).cut(79, false);
        assert_eq!(shown, "199 nodes up  node 17 KILLED  broker up  history up");
    }

    #[test]
    fn who_died_or_is_not_ours_says_so() {
        let mut scene = scene(1, &[]);
        scene.died.push("node 0".into());
        scene.members[1].ours = false;
        assert_eq!(line(&scene, 79).cut(79, false), "node 0 DIED     broker theirs   history up");
    }
}
