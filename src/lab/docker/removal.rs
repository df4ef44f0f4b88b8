//! How a container is removed: by the lab that made it, or by the warden when the lab cannot.

/// The arguments of `docker` that remove a container, running or not.
pub(crate) fn remove(name: &str) -> [&str; 4] {
    ["rm", "--force", "--volumes", name]
}
