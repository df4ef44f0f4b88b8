//! Whether a RabbitMQ keeps to itself.

/// It listens on loopback only, and its files are in this directory.
#[cfg(target_os = "linux")]
pub fn assert_private(process: u32, directory: &str) {
    let environment = std::fs::read(format!("/proc/{process}/environ")).unwrap();
    let environment = String::from_utf8(environment).unwrap();
    let value = |name: &str| {
        let line = environment.split('\0').find_map(|line| line.strip_prefix(name)?.strip_prefix('='));
        line.unwrap_or_else(|| panic!("{name} in {environment}")).to_owned()
    };
    for name in ["HOME", "RABBITMQ_MNESIA_BASE", "RABBITMQ_LOG_BASE"] {
        assert!(value(name).starts_with(directory), "{name}: {}", value(name));
    }
    for name in ["RABBITMQ_NODE_PORT", "RABBITMQ_DIST_PORT", "ERL_EPMD_PORT"] {
        let port: u16 = value(name).parse().unwrap();
        let addresses = listeners(port);
        assert!(!addresses.is_empty(), "somebody listens on {name}");
        assert!(addresses.iter().all(|address| is_loopback(address)), "{name}: {addresses:?}");
    }
}

#[cfg(not(target_os = "linux"))]
pub fn assert_private(_process: u32, _directory: &str) {}

/// The addresses that somebody listens at on this port, as the kernel writes them.
#[cfg(target_os = "linux")]
fn listeners(port: u16) -> Vec<String> {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(|table| std::fs::read_to_string(table).unwrap());
    let rows = tables.iter().flat_map(|table| table.lines().skip(1));
    let rows = rows.filter_map(|row| {
        let mut words = row.split_ascii_whitespace().skip(1);
        let (address, port) = words.next()?.split_once(':')?;
        let listens = words.nth(1)? == "0A";
        listens.then(|| (address.to_owned(), u16::from_str_radix(port, 16).unwrap()))
    });
    rows.filter(|(_, found)| *found == port).map(|(address, _)| address).collect()
}

#[cfg(target_os = "linux")]
fn is_loopback(address: &str) -> bool {
    ["0100007F", "00000000000000000000000001000000", "0000000000000000FFFF00000100007F"].contains(&address)
}
