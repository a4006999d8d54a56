//! The calls of a history as packed columns.

use crate::checker::{OpError, Params};
use crate::history::{Paired, Pairing};
use crate::intern::{Interner, ValueId};
use crate::linearizable::model::{Interval, NEVER};
use crate::linearizable::vocabulary::Vocabulary;
use crate::{Op, OpType, Value};

/// Events of clients a check takes: positions are 32 bits wide.
const EVENTS_MAX: usize = u32::MAX as usize - 3;

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum End {
    Ok,
    /// Without effect, or with an answer that tells nothing.
    Nothing,
    /// Indefinite, or never completed.
    Open,
}

/// One call. Its invocation and completion are positions among the client events, from 1: position
/// 0 is the moment before the history.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Call<O> {
    pub key: ValueId,
    pub op: O,
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
pub(crate) struct Calls<V: Vocabulary> {
    pub vocabulary: V,
    pub calls: Vec<Call<V::Op>>,
    events: Vec<(u64, i64)>,
    pub pairing: Pairing,
    pub keys: Interner,
    pub succeeded: u64,
}

impl<V: Vocabulary> Calls<V> {
    pub fn new(vocabulary: V, params: &Params) -> Calls<V> {
        Calls {
            vocabulary,
            calls: Vec::new(),
            events: Vec::new(),
            pairing: if params.lenient {
                Pairing::lenient()
            } else {
                Pairing::new()
            },
            keys: Interner::default(),
            succeeded: 0,
        }
    }

    pub fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        let functions = self.vocabulary.functions();
        if !functions.contains(&op.f.as_ref()) {
            return Err(OpError::unknown_function(op, functions));
        }
        if self.events.len() >= EVENTS_MAX {
            let expected = format!("at most {EVENTS_MAX} client events in one check");
            return Err(OpError::new(op, "the history is too long", expected));
        }
        match self.pairing.open_call(process) {
            Some(call) if op.kind != OpType::Invoke => self.complete(op, call),
            _ => self.begin(op),
        }
    }

    /// An invocation, or a completion that has none.
    fn begin(&mut self, op: &Op) -> Result<(), OpError> {
        let lowered = self.vocabulary.invoked(op)?;
        let answer = match op.kind {
            OpType::Ok => self.vocabulary.answered(&lowered, op)?,
            OpType::Fail => self.vocabulary.refused(&lowered, op),
            OpType::Invoke | OpType::Info => None,
        };
        let paired = self.pair(op)?;
        let key = self.keys.intern(op.key.as_ref().unwrap_or(&Value::Nil));
        let start = self.note(op);
        self.calls.push(Call {
            key,
            op: lowered,
            start,
            finish: NEVER,
            process: op.process.client().unwrap_or_default(),
            end: End::Open,
        });
        if let Paired::Alone { call, kind } = paired {
            let finish = self.note(op);
            self.end(call, kind, finish, answer);
        }
        Ok(())
    }

    fn complete(&mut self, op: &Op, call: usize) -> Result<(), OpError> {
        let invoked = &self.calls[call].op;
        let answer = match op.kind {
            OpType::Ok => self.vocabulary.answered(invoked, op)?,
            OpType::Fail => self.vocabulary.refused(invoked, op),
            OpType::Info | OpType::Invoke => None,
        };
        self.pair(op)?;
        let finish = self.note(op);
        self.end(call, op.kind, finish, answer);
        Ok(())
    }

    fn end(&mut self, call: usize, kind: OpType, finish: u32, answer: Option<V::Op>) {
        let call = &mut self.calls[call];
        call.finish = finish;
        self.succeeded += u64::from(kind == OpType::Ok);
        call.end = match answer {
            Some(op) => {
                call.op = op;
                End::Ok
            }
            None if kind == OpType::Info => End::Open,
            None => End::Nothing,
        };
    }

    fn pair(&mut self, op: &Op) -> Result<Paired, OpError> {
        self.pairing
            .push(op)
            .map_err(|error| OpError::misplaced(op, &error))
    }

    /// Adds the event to the columns; its position.
    fn note(&mut self, op: &Op) -> u32 {
        self.events
            .push((op.index, op.time.unwrap_or(TIME_MISSING)));
        self.events.len() as u32
    }

    /// The call as an operation of its object; `None` where it certainly or possibly happened
    /// without a trace: failed calls, and reads nobody knows the answer of.
    pub fn interval(&self, call: u32) -> Option<Interval<V::Op>> {
        let call = &self.calls[call as usize];
        let (op, finish) = match call.end {
            End::Nothing => return None,
            End::Open => (self.vocabulary.unanswered(&call.op)?, NEVER),
            End::Ok => (call.op.clone(), call.finish),
        };
        Some(Interval {
            op,
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
