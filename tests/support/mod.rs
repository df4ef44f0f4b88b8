//! What several black-box tests need.

pub mod process;
