//! Every kind of fault: a file for each, and one list. Of the list are made the types that hold any of them, the keys
//! of the file, and what reads them.

mod blackhole;
mod cut;
mod delay;
mod join;
mod kill;
mod leave;
mod limit;
mod partition;
mod pause;
mod run;
mod slice;
mod slow;
mod stop;
mod storm;
mod surge;
mod throttle;

use std::fmt;

use super::kind::{FaultKind, FaultWords, Form, Read};
use super::reader::Reader;
use crate::section::FileValue;

/// A kind as the list has it.
pub(crate) struct Listed {
    /// What the file may say of it.
    pub(crate) form: Form,
    /// Reads it from one `[[fault]]`.
    pub(crate) read: for<'a> fn(&Reader<'a>, FileValue<'a>) -> Read<Action>,
}

/// Makes the types and tables of the list. A kind that has keys of its own stands with them: `Delay(Delay)`.
macro_rules! kinds {
    (
        { $($before:ident $(($before_own:ident))? in $before_file:ident,)* }
        links { $($link:ident $(($link_own:ident))? in $link_file:ident,)* }
        { $($after:ident $(($after_own:ident))? in $after_file:ident,)* }
    ) => {
        $(pub use self::$before_file::$before;)*
        $(pub use self::$link_file::$link;)*
        $(pub use self::$after_file::$after;)*

        /// What a fault does.
        #[derive(Debug, Clone, PartialEq)]
        pub enum Action {
            $(#[doc = concat!("See [`", stringify!($before), "`](struct@", stringify!($before), ").")]
            $before $(($before_own))?,)*
            /// A condition on a link; healed by taking it away.
            Link(Condition),
            $(#[doc = concat!("See [`", stringify!($after), "`](struct@", stringify!($after), ").")]
            $after $(($after_own))?,)*
        }

        /// What a link does to the bytes on it. Where several hold at once, each holds.
        #[derive(Debug, Clone, Copy, PartialEq)]
        pub enum Condition {
            $(#[doc = concat!("See [`", stringify!($link), "`](struct@", stringify!($link), ").")]
            $link $(($link_own))?,)*
        }

        $(impl From<$before> for Action {
            fn from(kinds!(@bound kind $($before_own)?): $before) -> Self {
                kinds!(@made kind Action $before $($before_own)?)
            }
        })*
        $(impl From<$link> for Action {
            fn from(kinds!(@bound kind $($link_own)?): $link) -> Self {
                Action::Link(kinds!(@made kind Condition $link $($link_own)?))
            }
        })*
        $(impl From<$after> for Action {
            fn from(kinds!(@bound kind $($after_own)?): $after) -> Self {
                kinds!(@made kind Action $after $($after_own)?)
            }
        })*

        /// Every kind of fault, in the order of help texts.
        pub(crate) const KINDS: &[Listed] = &[
            $(listed::<$before>(read_as::<$before>),)*
            $(listed::<$link>(read_as::<$link>),)*
            $(listed::<$after>(read_as::<$after>),)*
        ];

        impl Condition {
            /// What this condition says of itself.
            pub(super) fn told(&self) -> &dyn FaultWords {
                match self {
                    $(kinds!(@made kind Self $link $($link_own)?) => kinds!(@told kind $link $($link_own)?),)*
                }
            }

            /// The key of the file.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$link { .. } => $link::FORM.key,)*
                }
            }
        }

        impl Action {
            /// What this kind says of itself.
            pub(super) fn told(&self) -> &dyn FaultWords {
                match self {
                    $(kinds!(@made kind Self $before $($before_own)?) => kinds!(@told kind $before $($before_own)?),)*
                    Self::Link(condition) => condition.told(),
                    $(kinds!(@made kind Self $after $($after_own)?) => kinds!(@told kind $after $($after_own)?),)*
                }
            }

            /// The key of the file.
            pub fn name(&self) -> &'static str {
                match self {
                    $(Self::$before { .. } => $before::FORM.key,)*
                    Self::Link(condition) => condition.name(),
                    $(Self::$after { .. } => $after::FORM.key,)*
                }
            }
        }
    };
    (@bound $kind:ident) => { _ };
    (@bound $kind:ident $own:ident) => { $kind };
    (@made $kind:ident $of:ident $variant:ident) => { $of::$variant };
    (@made $kind:ident $of:ident $variant:ident $own:ident) => { $of::$variant($kind) };
    (@told $kind:ident $unit:ident) => { &$unit };
    (@told $kind:ident $unit:ident $own:ident) => { $kind };
}

kinds! {
    {
        Kill in kill,
        Stop in stop,
        Pause in pause,
        Leave in leave,
        Join in join,
    }
    links {
        Cut in cut,
        Blackhole in blackhole,
        Delay(Delay) in delay,
        Throttle(Throttle) in throttle,
        Slice(Slice) in slice,
        Limit(Limit) in limit,
    }
    {
        Partition in partition,
        Slow(Slow) in slow,
        Storm in storm,
        Surge(Surge) in surge,
        Run(Run) in run,
    }
}

/// The keys of the file that name an action, in the order of help texts.
pub const ACTIONS: [&str; KINDS.len()] = {
    let mut keys = [""; KINDS.len()];
    let mut i = 0;
    while i < keys.len() {
        keys[i] = KINDS[i].form.key;
        i += 1;
    }
    keys
};

const fn listed<K: FaultKind>(read: for<'a> fn(&Reader<'a>, FileValue<'a>) -> Read<Action>) -> Listed {
    Listed { form: K::FORM, read }
}

fn read_as<'a, K: FaultKind + Into<Action>>(reader: &Reader<'a>, value: FileValue<'a>) -> Read<Action> {
    K::read(reader, value).map(|(kind, target)| (kind.into(), target))
}

/// The kind of this key.
pub(crate) fn kind(key: &str) -> Option<&'static Listed> {
    KINDS.iter().find(|kind| kind.form.key == key)
}

/// A value that a key of some kind may have, as the file writes it.
pub(crate) fn example(key: &str) -> Option<&'static str> {
    let own =
        || KINDS.iter().flat_map(|kind| kind.form.own).find(|own| own.key == key).map(|own| own.example);
    kind(key).map(|kind| kind.form.example).or_else(own)
}

impl Action {
    /// Whether it befalls subscribers, who do it on purpose: nothing breaks, so that its end heals nothing.
    pub fn is_deliberate(&self) -> bool {
        self.told().is_deliberate()
    }

    /// Whether it befalls a process.
    pub fn is_of_process(&self) -> bool {
        self.told().is_of_process()
    }

    /// Whether it holds in the very moment in which it strikes. A process takes its time to end, and clients to leave.
    pub fn is_instant(&self) -> bool {
        self.told().is_instant()
    }

    /// What the target of a process fault is meanwhile.
    pub(crate) fn participle(&self) -> &'static str {
        self.told().participle()
    }
}

impl fmt::Display for Action {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    #[test]
    fn the_actions_in_the_order_of_help_texts() {
        let kinds = "kill stop pause leave join cut blackhole delay throttle slice limit partition slow storm surge run";
        assert_eq!(ACTIONS.join(" "), kinds);
    }

    #[test]
    fn every_action_has_the_name_of_its_key() {
        let link = Action::Link;
        let by = Duration::ZERO;
        let all = [
            Action::Kill,
            Action::Stop,
            Action::Pause,
            Action::Leave,
            Action::Join,
            link(Condition::Cut),
            link(Condition::Blackhole),
            link(Condition::Delay(Delay { by, jitter: by })),
            link(Condition::Throttle(Throttle { bytes_per_second: 1 })),
            link(Condition::Slice(Slice { bytes: 1, pause: by })),
            link(Condition::Limit(Limit { bytes: 1 })),
            Action::Partition,
            Action::Slow(Slow { bytes_per_second: 1 }),
            Action::Storm,
            Action::Surge(Surge { factor: 1.0 }),
            Action::Run(Run { command: String::new(), heal: None }),
        ];
        assert_eq!(all.clone().map(|action| action.name()), ACTIONS);
        assert_eq!(all.clone().map(|action| action.to_string()), ACTIONS);
        let named = |is: fn(&Action) -> bool| -> Vec<_> {
            all.iter().filter(|action| is(action)).map(Action::name).collect()
        };
        assert_eq!(named(Action::is_of_process), ["kill", "stop", "pause"]);
        assert_eq!(named(Action::is_deliberate), ["leave", "join"]);
    }

    #[test]
    fn what_a_target_is_meanwhile() {
        let all = [Action::Kill, Action::Stop, Action::Pause, Action::Leave, Action::Join, Action::Storm];
        let expected = ["killed", "stopped", "paused", "away", "joining", "struck"];
        assert_eq!(all.map(|action| action.participle()), expected);
    }
}
