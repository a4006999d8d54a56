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
}

impl Call {
    /// The function name this call is recorded by. All whole-object reads are `read`.
    pub fn f(&self) -> &'static str {
        match self {
            Call::Read { .. } | Call::ReadSet | Call::ReadAccounts { .. } => "read",
            Call::Write { .. } => "write",
            Call::Cas { .. } => "cas",
            Call::Add { .. } => "add",
            Call::OpenAccounts { .. } => "open",
            Call::Transfer { .. } => "transfer",
        }
    }

    /// The independent key the call is about, for keyed vocabularies.
    pub fn key(&self) -> Option<Value> {
        match self {
            Call::Read { key } | Call::Write { key, .. } | Call::Cas { key, .. } => {
                Some(Value::Int(*key))
            }
            _ => None,
        }
    }

    /// The value recorded with the invocation: the call's arguments, nil for reads.
    pub fn value(&self) -> Value {
        match *self {
            Call::Read { .. } | Call::ReadSet | Call::ReadAccounts { .. } => Value::Nil,
            Call::Write { value, .. } => Value::Int(value),
            Call::Cas { old, new, .. } => Value::List(vec![Value::Int(old), Value::Int(new)]),
            Call::Add { element } => Value::Int(element),
            Call::OpenAccounts { accounts, balance } => {
                record(&[("accounts", accounts), ("balance", balance)])
            }
            Call::Transfer { from, to, amount } => {
                record(&[("from", from), ("to", to), ("amount", amount)])
            }
        }
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
