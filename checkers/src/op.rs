//! The operation: one event in the life of a call, in Jepsen's conventions.
//!
//! A *process* is logically single-threaded: it invokes an operation and has no other open until
//! that one completes. `ok` means it happened, `fail` that it certainly did not, `info` that nobody
//! knows: such an operation is concurrent with everything after its invocation, and its process
//! never invokes again (the worker goes on under a new process id).

use std::borrow::Cow;
use std::fmt;

use crate::value::Value;

/// The four event types of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum OpType {
    Invoke,
    Ok,
    Fail,
    Info,
}

impl OpType {
    /// Every type with the name it is written by.
    pub const NAMES: [(OpType, &'static str); 4] = [
        (OpType::Invoke, "invoke"),
        (OpType::Ok, "ok"),
        (OpType::Fail, "fail"),
        (OpType::Info, "info"),
    ];

    pub fn name(self) -> &'static str {
        Self::NAMES[self as usize].1
    }

    #[inline]
    pub fn from_name(name: &str) -> Option<OpType> {
        Some(match name {
            "invoke" => OpType::Invoke,
            "ok" => OpType::Ok,
            "fail" => OpType::Fail,
            "info" => OpType::Info,
            _ => return None,
        })
    }

    pub fn is_completion(self) -> bool {
        self != OpType::Invoke
    }
}

/// Who performed an operation.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Process {
    /// A client's logical thread.
    Client(i64),
    /// Something that is not a client, such as `nemesis`; never judged by a consistency check.
    Named(Cow<'static, str>),
}

impl Process {
    pub const NEMESIS: Process = Process::Named(Cow::Borrowed("nemesis"));

    /// The client's number, or `None` for a named process.
    pub fn client(&self) -> Option<i64> {
        match self {
            Process::Client(id) => Some(*id),
            Process::Named(_) => None,
        }
    }
}

impl fmt::Display for Process {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Process::Client(id) => write!(f, "{id}"),
            Process::Named(name) => f.write_str(name),
        }
    }
}

/// One event of a history.
#[derive(Debug, Clone, PartialEq)]
pub struct Op {
    /// Position in the history, from 0. Files without indices are numbered by position.
    pub index: u64,
    /// Nanoseconds since the start of the run; `None` where the file has no times.
    pub time: Option<i64>,
    pub kind: OpType,
    pub process: Process,
    /// The function called: `read`, `write`, `cas`, `txn`, `transfer`, …
    pub f: Cow<'static, str>,
    /// Arguments on `invoke`, results on `ok`; the key of an independent key is in `key`.
    pub value: Value,
    /// The independent key the operation is about, if the history is keyed.
    pub key: Option<Value>,
    /// The node the client spoke to, if recorded.
    pub node: Option<Cow<'static, str>>,
    /// Why it failed or is indefinite.
    pub error: Option<Value>,
}

/// Nothing yet: what [`OpReader::next_into`](crate::formats::OpReader::next_into) fills.
impl Default for Op {
    fn default() -> Op {
        Op {
            index: 0,
            time: None,
            kind: OpType::Invoke,
            process: Process::Client(0),
            f: Cow::Borrowed(""),
            value: Value::Nil,
            key: None,
            node: None,
            error: None,
        }
    }
}
