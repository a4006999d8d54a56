//! The seam between histories and checkers: the trait every checker has and the parameters it may
//! be given. The table of all of them is in [`models`], the choice of one in [`detect`].

mod claims;
mod detect;
mod independent;
mod models;

pub use detect::detect;
pub use models::{Judged, MODELS, ModelKind, model_named};

use crate::Op;
use crate::budget::Budget;
use crate::history::HistoryError;
use crate::lattice::Model;
use crate::report::Report;
use crate::transactions::Assume;
use crate::value::Value;

/// Judges one history, fed an event at a time in the order it was recorded.
///
/// Events of named processes (the nemesis, the harness) are accepted and not judged.
pub trait Checker: Send {
    /// Takes the next event.
    ///
    /// # Errors
    /// An event this checker cannot read, or one that cannot follow those before it. The checker
    /// is as it was before the call, so a caller that skips bad events may go on.
    fn push(&mut self, op: &Op) -> Result<(), OpError>;

    /// Whether events may come with [`Value::Packed`] transactions, which are faster.
    fn takes_packed(&self) -> bool {
        false
    }

    /// Decides, within the budget.
    fn finish(self: Box<Self>, budget: &Budget) -> Report;
}

/// An event a checker cannot use.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("operation {index}: {problem}; expected {expected}")]
pub struct OpError {
    /// The event's own index.
    pub index: u64,
    pub problem: String,
    pub expected: String,
}

impl OpError {
    pub fn new(op: &Op, problem: impl Into<String>, expected: impl Into<String>) -> OpError {
        OpError {
            index: op.index,
            problem: problem.into(),
            expected: expected.into(),
        }
    }

    /// The error for an event that contradicts those before it.
    pub fn misplaced(op: &Op, error: &HistoryError) -> OpError {
        let text = error.to_string();
        let text = text.split_once(": ").map_or(&*text, |(_, rest)| rest);
        let (problem, expected) = text.split_once(", expected ").unwrap_or((text, "another"));
        OpError::new(op, problem, expected)
    }

    /// The error for a function that is not in a checker's vocabulary.
    pub fn unknown_function(op: &Op, vocabulary: &[&str]) -> OpError {
        OpError::new(
            op,
            format!("the function `{}` is not one this check knows", op.f),
            format!("one of {}", vocabulary.join(", ")),
        )
    }
}

/// What a check may be told beside the history.
#[derive(Debug, Clone, PartialEq)]
pub struct Params {
    /// Value of every register before the history begins; nil where `None`.
    pub init: Option<Value>,
    /// Money in the bank; taken from an `open` operation or the first read where `None`.
    pub total: Option<i64>,
    /// Whether an account may be overdrawn.
    pub negative_balances: bool,
    /// Whether a set must show an element to every read begun after its add was acknowledged;
    /// otherwise late appearance is reported but allowed.
    pub linearizable: bool,
    /// Whether a failed compare-and-set proves that the register did not hold the expected value.
    /// Only sound where the store answers failures with the same consistency as reads.
    pub failed_cas_informs: bool,
    /// Models that transactions are claimed to keep; strict serializability where empty.
    pub consistency: Vec<Model>,
    /// What is known of single registers, to order the values that transactions write.
    pub assume: Assume,
    /// Whether a read that returned nil tells nothing, as in Knossos; otherwise it found nil.
    pub nil_read_is_unknown: bool,
    /// Whether values are pairs `[key value]` of independent objects; found out where `None`.
    pub independent: Option<bool>,
    /// Whether a completion without an invocation is a call of its own, whose beginning nobody
    /// knows.
    pub lenient: bool,
    /// Whether the history tells the order of each session but no times. Models of transactions
    /// all keep session order then, as those define them who write such histories.
    pub sessions_only: bool,
    /// Whether a valid answer comes with an order of the operations that explains it.
    pub witness: bool,
}

impl Params {
    /// What registers may be taken to hold before they are written where `init` does not say it and
    /// nobody writes it. Those who write histories of sessions alone begin with zeros.
    pub(crate) fn assumed_init(&self) -> Option<Value> {
        (self.sessions_only && self.init.is_none()).then_some(Value::Int(0))
    }
}

impl Default for Params {
    fn default() -> Params {
        Params {
            init: None,
            total: None,
            negative_balances: false,
            linearizable: true,
            failed_cas_informs: false,
            consistency: Vec::new(),
            assume: Assume::default(),
            nil_read_is_unknown: false,
            independent: None,
            lenient: false,
            sessions_only: false,
            witness: false,
        }
    }
}

/// The reason for `unknown` where a history shows nothing.
pub(crate) const NOTHING_TESTED: &str = "no operation succeeded: nothing was tested";

#[cfg(test)]
mod tests;
