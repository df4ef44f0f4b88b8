//! The policy file: who may come in, who may read and write in which rooms, how much, and which words are masked. A node
//! obeys it as one of its hooks.
//!
//! | file | what it is |
//! |---|---|
//! | `policy`, `rule`, `who` | what a policy says |
//! | `connect` | whom it lets in: JWT or a shared secret |
//! | `signatures` | how the signatures of tokens are checked |
//! | `read`, `read_connect` | from a file's text to a policy, with the place of each error |
//! | `mask`, `rates` | words that are masked; messages a second |
//! | `hook` | what a node asks of it, and how it is read again |
//! | `words`, `schema` | what it says, for people; the schema of the file |

mod connect;
mod hook;
mod mask;
mod policy;
mod rates;
mod read;
mod read_connect;
mod rule;
mod schema;
mod signatures;
#[cfg(test)]
mod tests;
mod who;
mod words;

pub use hook::PolicyHook;
pub use policy::Policy;
pub use schema::json_schema;
