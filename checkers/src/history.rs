//! Pairing: which completion answers which invocation, found as the operations stream by.
//!
//! A process has at most one call open. Its next completion answers that call; an `info`, or no
//! completion at all, leaves the call indefinite: it may take effect at any time after its
//! invocation. See [`op`](crate::op) for the conventions.
//!
//! Calls are numbered from 0 by their invocations, so a checker that lowers histories to columns
//! can push a row at each [`Paired::Invoked`] and fill it in at the [`Paired::Completed`] with the
//! same number. Nothing of an operation is kept but its index and function, so memory is a few
//! words for each process, however long the history.

mod processes;
#[cfg(test)]
mod tests;

use std::collections::HashMap;

use thiserror::Error;

use crate::op::{Op, OpType, Process};
use processes::Processes;

/// A call's number: how many were invoked before it.
pub type CallId = usize;

/// What an operation is to the calls of a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Paired {
    /// Opens a new call.
    Invoked(CallId),
    /// Ends the call. `info` ends it without saying whether it took effect.
    Completed { call: CallId, kind: OpType },
    /// A completion with no invocation, a call of its own: only from [`Pairing::lenient`].
    Alone { call: CallId, kind: OpType },
    /// Done by a named process such as the nemesis: no call.
    Event,
}

/// An operation that no history can hold. The pairing is as if it had not been pushed.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HistoryError {
    #[error(
        "operation {index}: process {process} invokes `{f}` while its operation {open_index} is \
         open, expected that one to complete first; is an operation missing between the two?"
    )]
    SecondInvocation {
        index: u64,
        process: i64,
        f: String,
        open_index: u64,
    },
    #[error(
        "operation {index}: process {process} completes `{f}` but has nothing open, expected its \
         invocation before; if the history holds completions only, pass --lenient"
    )]
    NoInvocation { index: u64, process: i64, f: String },
    #[error(
        "operation {index}: process {process} completes `{f}`, expected the `{invoked}` it invoked \
         in operation {open_index}; are operations missing between the two?"
    )]
    OtherFunction {
        index: u64,
        process: i64,
        f: String,
        invoked: String,
        open_index: u64,
    },
}

/// Something odd that still leaves a history with a meaning.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum HistoryWarning {
    #[error(
        "operation {index}: process {process} is used again after its indefinite operation \
         {info_index}; that one is taken to be open for ever"
    )]
    ProcessReused {
        index: u64,
        process: i64,
        info_index: u64,
    },
    #[error("operation {index}: time goes back from {before} ns to {time} ns; order is the file's")]
    TimeBackwards { index: u64, before: i64, time: i64 },
    #[error("operation {index} comes after operation {before}; order is the file's")]
    IndexBackwards { index: u64, before: u64 },
}

/// Warnings met: all are counted, the first few of each kind kept.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Warnings {
    pub processes_reused: u64,
    pub times_backwards: u64,
    pub indices_backwards: u64,
    /// In the order of the history.
    pub first: Vec<HistoryWarning>,
}

impl Warnings {
    /// Warnings of a kind that are kept.
    pub const KEPT_MAX: u64 = 4;

    /// How many there are of all kinds.
    pub fn count(&self) -> u64 {
        self.processes_reused + self.times_backwards + self.indices_backwards
    }

    fn add(&mut self, warning: HistoryWarning) {
        let count = match warning {
            HistoryWarning::ProcessReused { .. } => &mut self.processes_reused,
            HistoryWarning::TimeBackwards { .. } => &mut self.times_backwards,
            HistoryWarning::IndexBackwards { .. } => &mut self.indices_backwards,
        };
        *count += 1;
        if *count <= Self::KEPT_MAX {
            self.first.push(warning);
        }
    }
}

/// A call that never completed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct OpenCall {
    pub call: CallId,
    /// The index of its invocation.
    pub index: u64,
    pub process: i64,
}

/// Pairs the operations of a history, pushed in order.
#[derive(Debug, Default)]
pub struct Pairing {
    lenient: bool,
    calls: CallId,
    processes: Processes<State>,
    functions: Functions,
    last_time: Option<i64>,
    last_index: Option<u64>,
    warnings: Warnings,
}

/// What a process is doing.
#[derive(Debug, Clone, Copy, Default)]
enum State {
    #[default]
    Idle,
    Open {
        call: CallId,
        index: u64,
        f: FunctionId,
    },
    /// Its last operation was indefinite.
    Retired { info_index: u64 },
}

impl Pairing {
    /// Takes only histories in which every completion has its invocation.
    pub fn new() -> Pairing {
        Pairing::default()
    }

    /// Takes completions without an invocation as calls of their own ([`Paired::Alone`]).
    pub fn lenient() -> Pairing {
        Pairing {
            lenient: true,
            ..Pairing::default()
        }
    }

    /// Places the next operation.
    ///
    /// # Errors
    ///
    /// If the operation contradicts those before it. Pushing may go on; the verdict then is about
    /// a history without it.
    pub fn push(&mut self, op: &Op) -> Result<Paired, HistoryError> {
        let paired = match op.process {
            Process::Named(_) => Paired::Event,
            Process::Client(process) if op.kind == OpType::Invoke => self.invoke(op, process)?,
            Process::Client(process) => self.complete(op, process)?,
        };
        self.watch_order(op);
        Ok(paired)
    }

    /// The call that a process has open, which its next completion will answer.
    pub fn open_call(&self, process: i64) -> Option<CallId> {
        match self.processes.get(process) {
            State::Open { call, .. } => Some(call),
            State::Idle | State::Retired { .. } => None,
        }
    }

    /// How many calls there are so far.
    pub fn calls(&self) -> usize {
        self.calls
    }

    pub fn warnings(&self) -> &Warnings {
        &self.warnings
    }

    /// The calls still open, by number: after the last operation they are indefinite.
    pub fn open_calls(&self) -> Vec<OpenCall> {
        let open = |(process, state)| match state {
            State::Open { call, index, .. } => Some(OpenCall {
                call,
                index,
                process,
            }),
            _ => None,
        };
        let mut calls: Vec<_> = self.processes.iter().filter_map(open).collect();
        calls.sort_unstable();
        calls
    }

    fn invoke(&mut self, op: &Op, process: i64) -> Result<Paired, HistoryError> {
        match self.processes.get(process) {
            State::Open {
                index: open_index, ..
            } => {
                return Err(HistoryError::SecondInvocation {
                    index: op.index,
                    process,
                    f: op.f.to_string(),
                    open_index,
                });
            }
            State::Retired { info_index } => self.warnings.add(HistoryWarning::ProcessReused {
                index: op.index,
                process,
                info_index,
            }),
            State::Idle => {}
        }
        let call = self.calls;
        let opened = State::Open {
            call,
            index: op.index,
            f: self.functions.id(&op.f),
        };
        self.processes.set(process, opened);
        self.calls += 1;
        Ok(Paired::Invoked(call))
    }

    fn complete(&mut self, op: &Op, process: i64) -> Result<Paired, HistoryError> {
        let kind = op.kind;
        let closed = match kind {
            OpType::Info => State::Retired {
                info_index: op.index,
            },
            _ => State::Idle,
        };
        if let State::Open {
            call,
            index: open_index,
            f,
        } = self.processes.get(process)
        {
            let invoked = self.functions.name(f);
            if invoked != op.f {
                return Err(HistoryError::OtherFunction {
                    index: op.index,
                    process,
                    f: op.f.to_string(),
                    invoked: invoked.to_owned(),
                    open_index,
                });
            }
            self.processes.set(process, closed);
            return Ok(Paired::Completed { call, kind });
        }
        if !self.lenient {
            let f = op.f.to_string();
            return Err(HistoryError::NoInvocation {
                index: op.index,
                process,
                f,
            });
        }
        let call = self.calls;
        self.calls += 1;
        self.processes.set(process, closed);
        Ok(Paired::Alone { call, kind })
    }

    fn watch_order(&mut self, op: &Op) {
        if let Some(before) = self.last_index.replace(op.index)
            && before >= op.index
        {
            self.warnings.add(HistoryWarning::IndexBackwards {
                index: op.index,
                before,
            });
        }
        let Some(time) = op.time else {
            return;
        };
        if let Some(before) = self.last_time.replace(time)
            && before > time
        {
            self.warnings.add(HistoryWarning::TimeBackwards {
                index: op.index,
                before,
                time,
            });
        }
    }
}

type FunctionId = u32;

/// The names of functions, numbered, so that an open call holds no text.
#[derive(Debug, Default)]
struct Functions {
    names: Vec<Box<str>>,
    ids: HashMap<Box<str>, FunctionId>,
}

impl Functions {
    fn id(&mut self, f: &str) -> FunctionId {
        /// Histories have few functions: a look at the first ones is cheaper than a hash.
        const NEAR: usize = 8;
        if let Some(id) = self.names.iter().take(NEAR).position(|name| **name == *f) {
            return id as FunctionId;
        }
        if let Some(id) = self.ids.get(f) {
            return *id;
        }
        let id = self.names.len() as FunctionId;
        self.names.push(f.into());
        self.ids.insert(f.into(), id);
        id
    }

    fn name(&self, id: FunctionId) -> &str {
        &self.names[id as usize]
    }
}
