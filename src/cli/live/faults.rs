//! The line on faults: what is broken now, and what will be next.

use std::time::Duration;

use super::scene::{Course, Scene, State};
use super::styled_line::{StyledLine, Tone};

/// The line on the faults that hold at this moment, and on the next one. `loaded` is the time since the load began, if
/// it has begun.
pub(super) fn line(scene: &Scene, loaded: Option<Duration>) -> StyledLine {
    let mut line = StyledLine::new();
    let now = loaded.unwrap_or_default();
    for course in &scene.faults {
        if let Some((tone, text)) = current(course, now) {
            separate(&mut line);
            line.push(tone, text);
        }
    }
    let ahead = scene.faults.iter().filter(|course| course.state == State::Ahead);
    match ahead.min_by_key(|course| course.fault.at) {
        Some(Course { fault, .. }) => {
            separate(&mut line);
            let at = fault.at.as_secs_f64();
            line.push(
                Tone::Plain,
                match loaded {
                    Some(loaded) => {
                        format!("next: {fault} in {:>4} s", tenths(fault.at.saturating_sub(loaded)))
                    }
                    None => format!("next: {fault} {at:.1} s after the load begins"),
                },
            );
        }
        None if line.width() > 0 => {}
        None if scene.faults.is_empty() => line.push(Tone::Faint, "no fault in this run"),
        None => line.push(Tone::Faint, "no more faults in this run"),
    }
    line
}

fn separate(line: &mut StyledLine) {
    if line.width() > 0 {
        line.push(Tone::Faint, "; ");
    }
}

/// The words for a fault that holds; `None` for a fault that does not.
fn current(course: &Course, now: Duration) -> Option<(Tone, String)> {
    let fault = &course.fault;
    match course.state {
        State::Ahead | State::Over => None,
        State::Healing(since) => {
            let since = tenths(now.saturating_sub(since));
            Some((Tone::Doubtful, format!("{fault}: healing since {since:>4} s")))
        }
        State::Struck(begin) => {
            let since = tenths(now.saturating_sub(begin));
            let heals = match fault.heals_at() {
                Some(at) => format!(", heals in {:>4} s", tenths(at.saturating_sub(now))),
                None => ", for good".to_owned(),
            };
            Some((Tone::Bad, format!("{fault} since {since:>4} s{heals}")))
        }
    }
}

fn tenths(time: Duration) -> String {
    format!("{:.1}", time.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use super::*;
    use scenario::{Action, Fault, Target};

    fn course(at_s: u64, length_s: Option<u64>, state: State) -> Course {
        let (at, duration) = (Duration::from_secs(at_s), length_s.map(Duration::from_secs));
        Course { fault: Fault { at, duration, action: Action::Kill, target: Target::Broker }, state }
    }

    fn said(faults: Vec<Course>, loaded_ms: Option<u64>) -> String {
        let scene = Scene { faults, ..Scene::default() };
        line(&scene, loaded_ms.map(Duration::from_millis)).cut(200, false)
    }

    #[test]
    fn the_next_one_counts_down() {
        let ahead = || vec![course(9, None, State::Ahead), course(5, Some(5), State::Ahead)];
        assert_eq!(said(ahead(), None), "next: kill broker 5.0 s after the load begins");
        assert_eq!(said(ahead(), Some(2_900)), "next: kill broker in  2.1 s");
        assert_eq!(said(ahead(), Some(5_900)), "next: kill broker in  0.0 s");
        assert_eq!(said(vec![], Some(1)), "no fault in this run");
        assert_eq!(said(vec![course(5, None, State::Over)], Some(1)), "no more faults in this run");
    }

    #[test]
    fn what_holds_says_since_when_and_how_long() {
        let struck = State::Struck(Duration::from_secs(5));
        assert_eq!(
            said(vec![course(5, Some(5), struck)], Some(6_200)),
            "kill broker since  1.2 s, heals in  3.8 s"
        );
        assert_eq!(said(vec![course(5, None, struck)], Some(15_200)), "kill broker since 10.2 s, for good");
        let healing = course(5, Some(5), State::Healing(Duration::from_secs(10)));
        assert_eq!(
            said(vec![healing, course(20, None, State::Ahead)], Some(10_400)),
            "kill broker: healing since  0.4 s; next: kill broker in  9.6 s"
        );
    }
}
