//! What the black-box tests share.
#![allow(dead_code, reason = "each test target uses a part")]

pub mod client;
pub mod faulty;
pub mod node;
pub mod process;
pub mod redis;
