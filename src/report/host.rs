//! The machine that a bench ran on: numbers mean little without it.

use std::fs;

use serde::{Deserialize, Serialize};

/// The machine that a bench ran on.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, schemars::JsonSchema)]
pub struct Host {
    /// Number of cores that this process may use.
    pub cores: usize,
    /// The operating system: `linux`, `macos`, ...
    pub os: String,
    /// The architecture of the processor: `x86_64`, `aarch64`, ...
    pub arch: String,
    /// The processor's name, where the system tells it.
    pub cpu: Option<String>,
    /// Memory in MiB, where the system tells it.
    pub memory_mib: Option<u64>,
}

impl Host {
    /// The machine that this process runs on.
    pub fn here() -> Self {
        Self {
            cores: std::thread::available_parallelism().map_or(1, usize::from),
            os: std::env::consts::OS.into(),
            arch: std::env::consts::ARCH.into(),
            cpu: fs::read_to_string("/proc/cpuinfo").ok().and_then(|text| field(&text, "model name")),
            memory_mib: fs::read_to_string("/proc/meminfo").ok().and_then(|text| memory_mib(&text)),
        }
    }
}

/// The value of the first line `name : value`.
fn field(text: &str, name: &str) -> Option<String> {
    let value = |line: &str| {
        line.split_once(':').filter(|(key, _)| key.trim() == name).map(|(_, value)| value.trim().to_owned())
    };
    text.lines().find_map(value)
}

fn memory_mib(meminfo: &str) -> Option<u64> {
    let total = field(meminfo, "MemTotal")?;
    total.strip_suffix(" kB")?.trim().parse::<u64>().ok().map(|kib| kib / 1024)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_linux_tells() {
        let cpuinfo = "processor\t: 0\nmodel name\t: Fast CPU @ 3.00GHz\nmodel name\t: another\n";
        assert_eq!(field(cpuinfo, "model name").as_deref(), Some("Fast CPU @ 3.00GHz"));
        assert_eq!(memory_mib("MemTotal:        8048576 kB\nMemFree: 1 kB\n"), Some(7_859));
        assert_eq!(memory_mib("nothing of the kind"), None);
        assert!(Host::here().cores > 0);
    }
}
