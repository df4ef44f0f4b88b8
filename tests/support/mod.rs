//! What the black-box tests share.
#![allow(dead_code, reason = "each test target uses a part")]

pub mod faulty;
pub mod process;
pub mod redis;
pub mod report;
