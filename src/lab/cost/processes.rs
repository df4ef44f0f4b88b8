//! The processes of this machine, as the system shows each at one moment.

/// One process at one moment. Times are in nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Reading {
    pub(super) id: i32,
    /// When it started, in clock ticks of the system: a number that is given out again has another birth.
    pub(super) born: u64,
    pub(super) parent: i32,
    pub(super) group: i32,
    /// CPU time of its own threads, those that have ended too.
    pub(super) own: u64,
    /// CPU time of its children that have ended and that it has waited for.
    pub(super) children: u64,
    /// Resident memory in bytes. Pages that several processes share count in each of them.
    pub(super) memory: u64,
}

#[cfg(target_os = "linux")]
pub(super) use linux::{Machine, thread_time};

#[cfg(target_os = "linux")]
mod linux {
    use std::time::Duration;

    use nix::time::{ClockId, clock_gettime};
    use nix::unistd::{Pid, SysconfVar, sysconf};

    use super::Reading;
    use crate::group::stat;

    /// How this machine counts.
    #[derive(Debug, Clone, Copy)]
    pub(in super::super) struct Machine {
        /// The length of a clock tick in nanoseconds.
        tick: u64,
        /// The size of a page in bytes.
        page: u64,
    }

    impl Machine {
        /// This machine; `None` if it does not say how it counts.
        pub(in super::super) fn this() -> Option<Self> {
            let ask = |what| u64::try_from(sysconf(what).ok()??).ok().filter(|number| *number > 0);
            Some(Self { tick: 1_000_000_000 / ask(SysconfVar::CLK_TCK)?, page: ask(SysconfVar::PAGE_SIZE)? })
        }

        /// The id of every process.
        pub(in super::super) fn ids(self) -> impl Iterator<Item = i32> {
            let entries = std::fs::read_dir("/proc").into_iter().flatten().flatten();
            entries.filter_map(|entry| entry.file_name().to_str()?.parse().ok())
        }

        /// The process with this id; `None` if there is none.
        pub(in super::super) fn read(self, id: i32) -> Option<Reading> {
            self.parse(id, &stat(id)?)
                .map(|reading| Reading { own: reading.own.max(cpu_clock(id)), ..reading })
        }

        /// Reads the fields of `/proc/ID/stat` from the third on.
        fn parse(self, id: i32, fields: &str) -> Option<Reading> {
            let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
            let number = |at: usize| fields.get(at)?.parse::<u64>().ok();
            let ticks = |first: usize| Some((number(first)? + number(first + 1)?) * self.tick);
            Some(Reading {
                id,
                born: number(19)?,
                parent: fields.get(1)?.parse().ok()?,
                group: fields.get(2)?.parse().ok()?,
                own: ticks(11)?,
                children: ticks(13)?,
                memory: number(21)? * self.page,
            })
        }
    }

    /// The CPU clock of a process, which counts in nanoseconds where `/proc` counts in ticks of 10 ms. 0 if it cannot be
    /// read.
    fn cpu_clock(id: i32) -> u64 {
        let clock = ClockId::pid_cpu_clock_id(Pid::from_raw(id));
        let time = clock.and_then(clock_gettime).map(Duration::from).unwrap_or_default();
        u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
    }

    /// CPU time of the calling thread.
    pub(in super::super) fn thread_time() -> Duration {
        clock_gettime(ClockId::CLOCK_THREAD_CPUTIME_ID).map(Duration::from).unwrap_or_default()
    }

    #[cfg(test)]
    mod tests {
        use super::*;
        use crate::group::behind_name;

        #[test]
        fn a_name_may_hold_anything_and_the_fields_behind_it_are_found() {
            let machine = Machine { tick: 10_000_000, page: 4_096 };
            let stat = "42 (a) b (c) S 7 40 40 0 -1 4194304 100 0 0 0 12 3 4 1 20 0 1 0 84091 3133440 389 18446744073709551615 0";
            let expected = Reading {
                id: 42,
                born: 84_091,
                parent: 7,
                group: 40,
                own: 150_000_000,
                children: 50_000_000,
                memory: 389 * 4_096,
            };
            assert_eq!(machine.parse(42, behind_name(stat).unwrap()), Some(expected));
            assert_eq!(machine.parse(42, behind_name("42 (cut) S 7 40").unwrap()), None);
        }
    }

    #[cfg(test)]
    mod tests_of_the_machine {
        use super::*;

        #[test]
        fn this_process_is_among_those_of_the_machine_and_its_time_goes_on() {
            let machine = Machine::this().unwrap();
            let id = std::process::id() as i32;
            assert!(machine.ids().any(|other| other == id));
            let before = machine.read(id).unwrap();
            let burnt = thread_time();
            while thread_time() - burnt < Duration::from_millis(20) {
                std::hint::spin_loop();
            }
            let after = machine.read(id).unwrap();
            assert!(after.own - before.own >= 19_000_000, "{before:?} {after:?}");
            assert!(after.memory > 1 << 20, "{after:?}");
            assert_eq!(machine.read(i32::MAX), None);
        }
    }
}
