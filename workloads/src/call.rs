//! The vocabulary of calls a client can make, and how each is recorded.

use faultbench_checkers::Value;
use serde::{Deserialize, Serialize};

/// One call of a client. Targets translate it to their own protocol; the recorder writes it in the
/// field's vocabulary (`f`, `key`, `value`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "f", rename_all = "kebab-case")]
pub enum Call {
    /// Reads one register.
    Read { key: i64 },
    /// Writes one register.
    Write { key: i64, value: i64 },
    /// Compare-and-set of one register: writes `new` if the register holds `old`, fails otherwise.
    Cas { key: i64, old: i64, new: i64 },
    /// Adds an element to the one set.
    Add { element: i64 },
    /// Reads the whole set.
    ReadSet,
    /// Opens accounts `0..accounts` with `balance` each, in one transaction.
    OpenAccounts { accounts: i64, balance: i64 },
    /// Moves `amount` between accounts; fails rather than overdraw.
    Transfer { from: i64, to: i64, amount: i64 },
    /// Reads the accounts `0..accounts` in one transaction.
    ReadAccounts { accounts: i64 },
    /// Runs the steps in order as one transaction.
    Txn { ops: Vec<Step> },
    /// Adds `by` to the one counter.
    Increment { by: i64 },
    /// Reads the counter.
    ReadCounter,
    /// Puts an element into the one queue.
    Enqueue { element: i64 },
    /// Takes an element out of the queue; nil if it is empty.
    Dequeue,
    /// Takes all elements out of the queue.
    Drain,
    /// Takes the lock; the answer may carry a fencing token. A client holds one lock at a time:
    /// while it holds one, this is declined.
    Acquire { lock: i64 },
    /// Gives the lock back; declined by the store if the client does not hold it.
    Release { lock: i64 },
}

/// A step of a transaction on lists.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Step {
    /// Appends the element to the list of the key.
    Append { key: i64, element: i64 },
    /// Reads the list of the key.
    Read { key: i64 },
}

impl Step {
    pub fn key(&self) -> i64 {
        match *self {
            Step::Append { key, .. } | Step::Read { key } => key,
        }
    }

    /// The step as a history records it, with what a read found.
    pub fn value(&self, found: Option<&[i64]>) -> Value {
        let (f, argument) = match *self {
            Step::Append { element, .. } => ("append", Value::Int(element)),
            Step::Read { .. } => ("r", found.map_or(Value::Nil, ints)),
        };
        Value::List(vec![Value::keyword(f), Value::Int(self.key()), argument])
    }
}

/// A list of numbers.
pub fn ints(numbers: &[i64]) -> Value {
    Value::List(numbers.iter().copied().map(Value::Int).collect())
}

impl Call {
    /// The function name this call is recorded by. All whole-object reads are `read`.
    pub fn f(&self) -> &'static str {
        match self {
            Call::Read { .. } | Call::ReadSet | Call::ReadAccounts { .. } | Call::ReadCounter => {
                "read"
            }
            Call::Write { .. } => "write",
            Call::Cas { .. } => "cas",
            Call::Add { .. } | Call::Increment { .. } => "add",
            Call::OpenAccounts { .. } => "open",
            Call::Transfer { .. } => "transfer",
            Call::Txn { .. } => "txn",
            Call::Enqueue { .. } => "enqueue",
            Call::Dequeue => "dequeue",
            Call::Drain => "drain",
            Call::Acquire { .. } => "acquire",
            Call::Release { .. } => "release",
        }
    }

    /// Whether the call can have no effect, so that a failure is never in doubt.
    pub fn is_read(&self) -> bool {
        match self {
            Call::Txn { ops } => ops.iter().all(|step| matches!(step, Step::Read { .. })),
            _ => self.f() == "read",
        }
    }

    /// The independent key the call is about, for keyed vocabularies.
    pub fn key(&self) -> Option<Value> {
        match self {
            Call::Read { key }
            | Call::Write { key, .. }
            | Call::Cas { key, .. }
            | Call::Acquire { lock: key }
            | Call::Release { lock: key } => Some(Value::Int(*key)),
            _ => None,
        }
    }

    /// The value recorded with the invocation: the call's arguments, nil where it has none.
    pub fn value(&self) -> Value {
        match *self {
            Call::Txn { ref ops } => Value::List(ops.iter().map(|step| step.value(None)).collect()),
            Call::Increment { by } => Value::Int(by),
            Call::Enqueue { element } => Value::Int(element),
            Call::Write { value, .. } => Value::Int(value),
            Call::Cas { old, new, .. } => Value::List(vec![Value::Int(old), Value::Int(new)]),
            Call::Add { element } => Value::Int(element),
            Call::OpenAccounts { accounts, balance } => {
                record(&[("accounts", accounts), ("balance", balance)])
            }
            Call::Transfer { from, to, amount } => {
                record(&[("from", from), ("to", to), ("amount", amount)])
            }
            _ => Value::Nil,
        }
    }

    /// The value of a transaction that succeeded, with what each step found, in order; `None` of
    /// other calls.
    pub fn txn_value<'a>(&self, found: impl Iterator<Item = Option<&'a [i64]>>) -> Option<Value> {
        let Call::Txn { ops } = self else {
            return None;
        };
        let steps = ops.iter().zip(found).map(|(step, found)| step.value(found));
        Some(Value::List(steps.collect()))
    }

    /// The value recorded when the call succeeded: what a read returned, else the arguments.
    pub fn ok_value(&self, returned: Option<Value>) -> Value {
        returned.unwrap_or_else(|| self.value())
    }
}

fn record(fields: &[(&str, i64)]) -> Value {
    Value::Map(
        fields
            .iter()
            .map(|(name, n)| (Value::keyword(name), Value::Int(*n)))
            .collect(),
    )
}
