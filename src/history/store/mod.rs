//! The SQLite file.
//!
//! `messages.seq` is the order of the history. It is `AUTOINCREMENT`, so that a number is never given twice, trimmed
//! or not. The journal is a WAL, so that readers and the writer do not wait for each other, with `synchronous=FULL`,
//! so that what is committed survives a power failure. Acknowledgements wait for that, and batches make it cheap.
//!
//! | file | what it is |
//! |---|---|
//! | `file` | the schema, and the file opened for writing or for reading |
//! | `write` | one transaction: a batch and its trimming |
//! | `read` | pages of one room |
//! | `margin` | how far before a message its replay begins |

mod file;
mod margin;
mod read;
mod write;

pub use file::{Opening, Reader, Store, is_lock, sentence};
pub use margin::Margin;
pub use read::{Direction, Page, Start, Stored};
pub use write::Written;
