//! How a call ended, as far as the client can know.

use faultbench_checkers::Value;

/// The end of a call. The invoked arguments are not part of it: the recorder adds them, so that an
/// indefinite outcome can never lose them.
#[derive(Debug, Clone, PartialEq)]
pub enum Outcome {
    /// It happened. Reads carry what they returned; other calls `None`.
    Ok(Option<Value>),
    /// It certainly did not happen and never will.
    Fail(Failure),
    /// It may or may not have happened, now or later. When in doubt a client says this.
    Info(String),
}

/// Why a call certainly did not happen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// The store served the call and declined it, by the rules of the data: a compare-and-set that
    /// found another value, a transfer without funds. The store was available.
    Declined(String),
    /// The store could not be reached or could not serve: it was not available to this client.
    Unavailable(String),
}

impl Failure {
    pub fn reason(&self) -> &str {
        match self {
            Failure::Declined(reason) | Failure::Unavailable(reason) => reason,
        }
    }
}
