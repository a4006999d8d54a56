//! Writing histories: an operation after another, in any format that has a writer.

use thiserror::Error;

use crate::op::Op;

/// Writes the operations of one history.
pub trait OpWriter {
    /// Appends an operation.
    ///
    /// # Errors
    ///
    /// If the format has no words for it. What was appended by then is to be thrown away.
    fn write(&mut self, op: &Op, out: &mut Vec<u8>) -> Result<(), Unwritable>;
}

/// A format that takes every operation as it comes.
impl<W: FnMut(&Op, &mut Vec<u8>)> OpWriter for W {
    fn write(&mut self, op: &Op, out: &mut Vec<u8>) -> Result<(), Unwritable> {
        self(op, out);
        Ok(())
    }
}

/// An operation that a format cannot express.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "operation {index} cannot be written as {format}: {what}; json-lines and edn hold every history"
)]
pub struct Unwritable {
    pub format: &'static str,
    /// The operation's position in the history.
    pub index: u64,
    pub what: &'static str,
}
