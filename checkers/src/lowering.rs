//! The lowering of events to calls: completions are matched to invocations by process.
//!
//! A process has one open operation at most, so a table from process to call is all it takes.

use std::borrow::Cow;

use rustc_hash::FxHashMap;

use crate::checker::OpError;
use crate::{Op, OpType};

/// Processes below this number are looked up in an array. Jepsen numbers them from 0 and retires
/// them upwards, so nearly all are.
const DENSE_PROCESSES: i64 = 1 << 16;

const NO_CALL: u32 = u32::MAX;

/// Which call each process has open.
#[derive(Debug, Default)]
pub(crate) struct OpenCalls {
    dense: Vec<u32>,
    sparse: FxHashMap<i64, u32>,
}

impl OpenCalls {
    /// Opens `call` for the client of this invocation.
    pub fn invoke(&mut self, op: &Op, process: i64, call: u32) -> Result<(), OpError> {
        debug_assert_eq!(op.kind, OpType::Invoke);
        if self.open(process).is_some() {
            return Err(OpError::new(
                op,
                format!(
                    "process {process} invokes `{}` while its last call is open",
                    op.f
                ),
                "a completion first: a process does one thing at a time",
            ));
        }
        if (0..DENSE_PROCESSES).contains(&process) {
            let slot = process as usize;
            if slot >= self.dense.len() {
                self.dense.resize(slot + 1, NO_CALL);
            }
            self.dense[slot] = call;
        } else {
            self.sparse.insert(process, call);
        }
        Ok(())
    }

    /// The call this completion ends, which stays open until [`OpenCalls::close`].
    pub fn completed_by(&self, op: &Op, process: i64) -> Result<u32, OpError> {
        self.open(process).ok_or_else(|| {
            OpError::new(
                op,
                format!("process {process} completes a `{}` it has not open", op.f),
                "an invocation by the same process before it",
            )
        })
    }

    pub fn close(&mut self, process: i64) {
        match usize::try_from(process)
            .ok()
            .and_then(|p| self.dense.get_mut(p))
        {
            Some(slot) => *slot = NO_CALL,
            None => {
                self.sparse.remove(&process);
            }
        }
    }

    fn open(&self, process: i64) -> Option<u32> {
        match usize::try_from(process)
            .ok()
            .and_then(|p| self.dense.get(p))
        {
            Some(&NO_CALL) => None,
            Some(&call) => Some(call),
            None => self.sparse.get(&process).copied(),
        }
    }
}

/// Calls in progress, with what a checker keeps of each until it completes.
#[derive(Debug)]
pub(crate) struct Pending<T> {
    open: OpenCalls,
    slots: Vec<Option<(Cow<'static, str>, T)>>,
    free: Vec<u32>,
}

impl<T> Default for Pending<T> {
    fn default() -> Pending<T> {
        Pending {
            open: OpenCalls::default(),
            slots: Vec::new(),
            free: Vec::new(),
        }
    }
}

impl<T> Pending<T> {
    pub fn invoke(&mut self, op: &Op, process: i64, kept: T) -> Result<(), OpError> {
        let slot = self.free.last().copied().unwrap_or(self.slots.len() as u32);
        self.open.invoke(op, process, slot)?;
        let entry = Some((op.f.clone(), kept));
        match self.free.pop() {
            Some(slot) => self.slots[slot as usize] = entry,
            None => self.slots.push(entry),
        }
        Ok(())
    }

    /// What was kept of the call that this completion ends. It stays open until
    /// [`Pending::close`].
    pub fn completed_by(&self, op: &Op, process: i64) -> Result<&T, OpError> {
        let slot = self.open.completed_by(op, process)? as usize;
        match &self.slots[slot] {
            Some((f, kept)) if *f == op.f => Ok(kept),
            _ => {
                let problem = format!("process {process} completes another call with `{}`", op.f);
                let expected = "the completion of what it invoked";
                Err(OpError::new(op, problem, expected))
            }
        }
    }

    pub fn close(&mut self, op: &Op, process: i64) {
        if let Ok(slot) = self.open.completed_by(op, process) {
            self.slots[slot as usize] = None;
            self.free.push(slot);
            self.open.close(process);
        }
    }

    /// The calls that never completed.
    pub fn into_open(self) -> impl Iterator<Item = T> {
        self.slots.into_iter().flatten().map(|(_, kept)| kept)
    }
}

impl Pending<()> {
    /// The process whose call this event completes, of which nothing is kept. `None` of named
    /// processes and of invocations, for which there is nothing else to do.
    ///
    /// # Errors
    /// The function is none of `functions`, or the event cannot follow those before it.
    pub fn completion(&mut self, op: &Op, functions: &[&str]) -> Result<Option<i64>, OpError> {
        let Some(process) = op.process.client() else {
            return Ok(None);
        };
        if !functions.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, functions));
        }
        if op.kind == OpType::Invoke {
            self.invoke(op, process, ())?;
            return Ok(None);
        }
        self.completed_by(op, process)?;
        Ok(Some(process))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Process, Value};

    fn event(kind: OpType, process: i64) -> Op {
        Op {
            index: 5,
            time: None,
            kind,
            process: Process::Client(process),
            f: "read".into(),
            value: Value::Nil,
            key: None,
            node: None,
            error: None,
        }
    }

    #[test]
    fn a_process_has_one_open_call() {
        for process in [0, DENSE_PROCESSES + 3, -1] {
            let mut open = OpenCalls::default();
            let (invoke, ok) = (event(OpType::Invoke, process), event(OpType::Ok, process));
            assert!(open.completed_by(&ok, process).is_err());
            open.invoke(&invoke, process, 9).unwrap();
            let error = open.invoke(&invoke, process, 10).unwrap_err();
            assert_eq!(error.index, 5);
            assert_eq!(open.completed_by(&ok, process), Ok(9));
            open.close(process);
            assert!(open.completed_by(&ok, process).is_err());
            open.invoke(&invoke, process, 10).unwrap();
        }
    }
}
