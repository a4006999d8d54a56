//! The seam between histories and checkers: the trait every checker has, the parameters it may be
//! given, the table of all of them, and the choice of one from a history's vocabulary.

use crate::budget::Budget;
use crate::lattice::Model;
use crate::report::{Report, Validity};
use crate::transactions::{self, Assume, Transactions};
use crate::value::Value;
use crate::{Op, OpType};
use crate::{
    bank, counter, leader, linearizable, lock, log_agreement, long_fork, monotonic, queue,
    sequential, set, unique_ids,
};

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
    /// Take completions without an invocation, as calls whose beginning nobody knows.
    pub lenient: bool,
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
            lenient: false,
        }
    }
}

/// A row of the table of checkers.
#[derive(Debug)]
pub struct ModelKind {
    /// The name `--model` takes.
    pub name: &'static str,
    pub aliases: &'static [&'static str],
    /// One line for lists.
    pub about: &'static str,
    /// Every function of its vocabulary.
    pub functions: &'static [&'static str],
    pub build: fn(&Params) -> Box<dyn Checker>,
}

impl ModelKind {
    /// Whether a history of this model can be judged by a consistency model. Transactions can by
    /// any; single objects are checked for linearizability, a bank for its total alone.
    pub fn judges(&self, consistency: Model) -> bool {
        match self.name {
            "list-append" | "rw-register" => true,
            "bank" => false,
            _ => consistency == Model::Linearizable,
        }
    }
}

/// Every model there is.
pub const MODELS: &[ModelKind] = &[
    ModelKind {
        name: "bank",
        aliases: &[],
        about: "accounts: the total never changes, no balance is negative",
        functions: bank::FUNCTIONS,
        build: |params| Box::new(bank::Bank::new(params)),
    },
    ModelKind {
        name: "register",
        aliases: &[],
        about: "registers that are read and written; each key is linearizable",
        functions: linearizable::REGISTER_FUNCTIONS,
        build: |params| Box::new(linearizable::Registers::without_cas(params)),
    },
    ModelKind {
        name: "cas-register",
        aliases: &["cas"],
        about: "registers with compare-and-set; each key is linearizable",
        functions: linearizable::CAS_REGISTER_FUNCTIONS,
        build: |params| Box::new(linearizable::Registers::with_cas(params)),
    },
    ModelKind {
        name: "set",
        aliases: &["set-full"],
        about: "a growing set: no acknowledged element is lost or late",
        functions: set::FUNCTIONS,
        build: |params| Box::new(set::Set::new(params)),
    },
    ModelKind {
        name: "list-append",
        aliases: &["append"],
        about: "transactions that append to lists and read them; isolation by --consistency",
        functions: transactions::FUNCTIONS,
        build: |params| Box::new(Transactions::list_append(params)),
    },
    ModelKind {
        name: "rw-register",
        aliases: &["wr"],
        about: "transactions that write and read registers; isolation by --consistency",
        functions: transactions::FUNCTIONS,
        build: |params| Box::new(Transactions::rw_register(params)),
    },
    ModelKind {
        name: "total-queue",
        aliases: &[],
        about: "a queue as a whole: what goes in comes out, and nothing else",
        functions: queue::FUNCTIONS,
        build: |params| Box::new(queue::TotalQueue::new(params)),
    },
    ModelKind {
        name: "counter-bounds",
        aliases: &[],
        about: "a counter: each read lies between what was acknowledged and attempted",
        functions: counter::FUNCTIONS,
        build: |params| Box::new(counter::CounterBounds::new(params)),
    },
    ModelKind {
        name: "unique-ids",
        aliases: &[],
        about: "a generator of identifiers that never repeats one",
        functions: unique_ids::FUNCTIONS,
        build: |params| Box::new(unique_ids::UniqueIds::new(params)),
    },
    ModelKind {
        name: "long-fork",
        aliases: &[],
        about: "groups of registers written once: reads agree on the order of writes",
        functions: long_fork::FUNCTIONS,
        build: |params| Box::new(long_fork::LongFork::new(params)),
    },
    ModelKind {
        name: "monotonic",
        aliases: &[],
        about: "registers that grow: no process reads less than before",
        functions: monotonic::FUNCTIONS,
        build: |params| Box::new(monotonic::Monotonic::new(params)),
    },
    ModelKind {
        name: "sequential-keys",
        aliases: &[],
        about: "subkeys written one after another: seen in that order",
        functions: sequential::FUNCTIONS,
        build: |params| Box::new(sequential::SequentialKeys::new(params)),
    },
    ModelKind {
        name: "lock-safety",
        aliases: &[],
        about: "locks: one holder at a time, fencing tokens that grow",
        functions: lock::FUNCTIONS,
        build: |params| Box::new(lock::LockSafety::new(params)),
    },
    ModelKind {
        name: "leader-per-term",
        aliases: &[],
        about: "elections: at most one leader a term",
        functions: leader::FUNCTIONS,
        build: |params| Box::new(leader::LeaderPerTerm::new(params)),
    },
    ModelKind {
        name: "log-agreement",
        aliases: &[],
        about: "replicated logs: of two, one is a prefix of the other",
        functions: log_agreement::FUNCTIONS,
        build: |params| Box::new(log_agreement::LogAgreement::new(params)),
    },
];

/// Looks a model up by name or alias.
pub fn model_named(name: &str) -> Option<&'static ModelKind> {
    MODELS
        .iter()
        .find(|kind| kind.name == name || kind.aliases.contains(&name))
}

/// Picks the model from the functions and values of a history's first operations.
///
/// Reads and writes alone pick `cas-register`, which decides plain registers by the same method and
/// does not stumble over a compare-and-set further on.
///
/// # Errors
/// A sentence that lists what was seen and what to pass to `--model`.
pub fn detect(ops: &[Op]) -> Result<&'static ModelKind, String> {
    let mut functions: Vec<&str> = ops
        .iter()
        .filter(|op| op.process.client().is_some())
        .map(|op| op.f.as_ref())
        .collect();
    functions.sort_unstable();
    functions.dedup();
    let name = match functions.as_slice() {
        [] => {
            return Err("no client operation was seen: nothing tells which model to check".into());
        }
        ["read"] => ops.iter().find_map(read_tells),
        ["txn"] => ops.iter().find_map(transaction_tells),
        fs if fits(fs, "bank") => Some("bank"),
        fs if fits(fs, "set") => Some("set"),
        fs if fits(fs, "cas-register") => Some("cas-register"),
        _ => None,
    };
    name.and_then(model_named).ok_or_else(|| {
        let names: Vec<&str> = MODELS.iter().map(|kind| kind.name).collect();
        format!(
            "the functions {} fit no model; pass one with --model: {}",
            functions.join(", "),
            names.join(", ")
        )
    })
}

fn fits(functions: &[&str], model: &str) -> bool {
    model_named(model).is_some_and(|kind| functions.iter().all(|f| kind.functions.contains(f)))
}

/// What the value of a read alone says about its model.
fn read_tells(op: &Op) -> Option<&'static str> {
    if op.kind != OpType::Ok || op.process.client().is_none() {
        return None;
    }
    match &op.value {
        Value::Map(_) => Some("bank"),
        Value::List(_) | Value::Set(_) => Some("set"),
        Value::Nil => None,
        _ => Some("cas-register"),
    }
}

/// What the micro-operations of a transaction say about its model.
fn transaction_tells(op: &Op) -> Option<&'static str> {
    let mops = op.value.as_items()?;
    let name = |mop: &Value| Some(mop.as_items()?.first()?.as_name()?.to_owned());
    mops.iter().find_map(|mop| match name(mop)?.as_str() {
        "append" => Some("list-append"),
        "w" => Some("rw-register"),
        _ => None,
    })
}

/// The reason for `unknown` where a history shows nothing.
pub(crate) const NOTHING_TESTED: &str = "no operation succeeded: nothing was tested";

impl Report {
    /// A valid report without findings or figures, to be filled in.
    pub(crate) fn new(checker: &'static str, promise: impl Into<String>) -> Report {
        Report {
            checker,
            promise: promise.into(),
            validity: Validity::Valid,
            unknown: None,
            findings: Vec::new(),
            figures: serde_json::Map::new(),
        }
    }

    /// Makes the answer `unknown` for this reason, unless a violation was found already.
    pub fn doubt(&mut self, reason: impl Into<String>) {
        self.validity = self.validity.and(Validity::Unknown);
        if self.validity == Validity::Unknown {
            self.unknown = Some(reason.into());
        }
    }

    pub(crate) fn figure(&mut self, name: &str, value: impl Into<serde_json::Value>) {
        self.figures.insert(name.to_owned(), value.into());
    }
}

#[cfg(test)]
mod tests;
