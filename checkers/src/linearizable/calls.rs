//! The calls of a register history as packed columns.

use crate::availability::is_declined;
use crate::checker::{OpError, Params};
use crate::intern::{Interner, NIL, ValueId};
use crate::linearizable::model::{Interval, NEVER};
use crate::linearizable::register::RegisterOp;
use crate::lowering::OpenCalls;
use crate::{Op, OpType, Value};

/// Events of clients a check takes: positions are 32 bits wide.
const EVENTS_MAX: usize = u32::MAX as usize - 2;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Ok,
    Fail,
    /// Indefinite, or never completed.
    Open,
}

/// One call. Its invocation and completion are positions among the client events, from 1: position
/// 0 is the moment before the history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call {
    pub key: ValueId,
    pub op: RegisterOp,
    pub start: u32,
    /// Position of the completion; [`NEVER`] where there is none.
    pub finish: u32,
    pub process: i64,
    pub end: End,
}

/// What a report says of an event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Moment {
    pub index: u64,
    pub time: Option<i64>,
}

/// `i64::MIN` stands for a missing time, to keep the column narrow.
const TIME_MISSING: i64 = i64::MIN;

/// All calls of a history.
pub(crate) struct Calls {
    functions: &'static [&'static str],
    failed_cas_informs: bool,
    pub calls: Vec<Call>,
    events: Vec<(u64, i64)>,
    open: OpenCalls,
    pub keys: Interner,
    pub values: Interner,
    pub init: ValueId,
    pub succeeded: u64,
}

impl Calls {
    pub fn new(params: &Params, functions: &'static [&'static str]) -> Calls {
        let mut values = Interner::default();
        let init = params.init.as_ref().map_or(NIL, |init| values.intern(init));
        Calls {
            functions,
            failed_cas_informs: params.failed_cas_informs,
            calls: Vec::new(),
            events: Vec::new(),
            open: OpenCalls::default(),
            keys: Interner::default(),
            values,
            init,
            succeeded: 0,
        }
    }

    pub fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        if !self.functions.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, self.functions));
        }
        if self.events.len() >= EVENTS_MAX {
            let expected = format!("at most {EVENTS_MAX} client events in one check");
            return Err(OpError::new(op, "the history is too long", expected));
        }
        let position = self.events.len() as u32 + 1;
        if op.kind == OpType::Invoke {
            self.invoke(op, process, position)?;
        } else {
            self.complete(op, process, position)?;
        }
        let time = op.time.unwrap_or(TIME_MISSING);
        self.events.push((op.index, time));
        Ok(())
    }

    fn invoke(&mut self, op: &Op, process: i64, position: u32) -> Result<(), OpError> {
        let lowered = match op.f.as_ref() {
            "read" => RegisterOp::Read(NIL),
            "write" => RegisterOp::Write(self.values.intern(&op.value)),
            _ => {
                let Some([old, new]) = op.value.as_items() else {
                    let problem = format!("the arguments of a cas are {}", op.value);
                    return Err(OpError::new(op, problem, "a pair [old new]"));
                };
                RegisterOp::Cas {
                    old: self.values.intern(old),
                    new: self.values.intern(new),
                }
            }
        };
        self.open.invoke(op, process, self.calls.len() as u32)?;
        let key = self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil));
        self.calls.push(Call {
            key,
            op: lowered,
            start: position,
            finish: NEVER,
            process,
            end: End::Open,
        });
        Ok(())
    }

    fn complete(&mut self, op: &Op, process: i64, position: u32) -> Result<(), OpError> {
        let call = self.open.completed_by(op, process)?;
        let call = &mut self.calls[call as usize];
        let name = name_of(call.op);
        if name != op.f {
            let problem = format!("process {process} completes a {name} with a `{}`", op.f);
            return Err(OpError::new(
                op,
                problem,
                format!("the completion of a {name}"),
            ));
        }
        self.open.close(process);
        call.finish = position;
        call.end = match op.kind {
            OpType::Ok => End::Ok,
            OpType::Fail => End::Fail,
            OpType::Info | OpType::Invoke => End::Open,
        };
        if call.end == End::Ok {
            self.succeeded += 1;
            if let RegisterOp::Read(value) = &mut call.op {
                *value = self.values.intern(&op.value);
            }
        }
        // A compare-and-set that failed because the store was away says nothing of its value.
        let declined = op.error.as_ref().is_none_or(is_declined);
        if let RegisterOp::Cas { old, .. } = call.op
            && call.end == End::Fail
            && self.failed_cas_informs
            && declined
        {
            call.op = RegisterOp::Differs(old);
            call.end = End::Ok;
        }
        Ok(())
    }

    /// The call as an operation of a register; `None` where it certainly or possibly happened
    /// without a trace: failed calls, and reads nobody knows the answer of.
    pub fn interval(&self, call: u32) -> Option<Interval<RegisterOp>> {
        let call = &self.calls[call as usize];
        let finish = match (call.end, call.op) {
            (End::Fail, _) | (End::Open, RegisterOp::Read(_)) => return None,
            (End::Open, _) => NEVER,
            (End::Ok, _) => call.finish,
        };
        Some(Interval {
            op: call.op,
            start: call.start,
            finish,
        })
    }

    /// The event at a position; `None` for [`NEVER`].
    pub fn moment(&self, position: u32) -> Option<Moment> {
        let at = (position as usize).checked_sub(1)?;
        self.events.get(at).map(|&(index, time)| Moment {
            index,
            time: (time != TIME_MISSING).then_some(time),
        })
    }

    /// The calls of each key: `order[offsets[k]..offsets[k + 1]]` are those of key `k`, in the
    /// order of their invocations.
    pub fn by_key(&self) -> (Vec<u32>, Vec<u32>) {
        let mut offsets = vec![0u32; self.keys.len() + 1];
        for call in &self.calls {
            offsets[call.key as usize + 1] += 1;
        }
        for key in 1..offsets.len() {
            offsets[key] += offsets[key - 1];
        }
        let mut next = offsets.clone();
        let mut order = vec![0u32; self.calls.len()];
        for (i, call) in self.calls.iter().enumerate() {
            let slot = &mut next[call.key as usize];
            order[*slot as usize] = i as u32;
            *slot += 1;
        }
        (order, offsets)
    }
}

/// The function a call was recorded by.
pub(crate) fn name_of(op: RegisterOp) -> &'static str {
    match op {
        RegisterOp::Read(_) => "read",
        RegisterOp::Write(_) => "write",
        RegisterOp::Cas { .. } | RegisterOp::Differs(_) => "cas",
    }
}
