#![allow(missing_docs)]
pub fn junit(_: &super::Report) -> std::io::Result<String> { Ok(String::new()) }
