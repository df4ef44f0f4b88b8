//! Addresses that may hold a password. Whoever measures and whoever is measured show them alike, and neither knows the
//! other.
//!
//! | file | what it is |
//! |---|---|
//! | `safe_url` | a URL that is shown without names and passwords |

mod safe_url;

pub use safe_url::{HIDDEN, SafeUrl};
