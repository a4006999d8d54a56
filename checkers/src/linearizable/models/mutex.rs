//! Locks: `acquire` and `release`, by anyone (`mutex`) or only by who holds it (`owner-mutex`).
//!
//! The owner is the value of the call, or the process where that is nil. A process that goes on
//! under another number after an indefinite call must name itself in the value.

use crate::Op;
use crate::checker::{OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::linearizable::model::Model;
use crate::linearizable::vocabulary::Vocabulary;
use crate::value::Value;

/// An operation on a lock, by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum MutexOp {
    Acquire(ValueId),
    Release(ValueId),
}

/// One lock; its state is who holds it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Mutex;

impl Model for Mutex {
    type State = Option<ValueId>;
    type Op = MutexOp;

    fn init(&self) -> Option<ValueId> {
        None
    }

    fn step(&self, state: &Option<ValueId>, op: &MutexOp) -> Option<Option<ValueId>> {
        match (*op, *state) {
            (MutexOp::Acquire(owner), None) => Some(Some(owner)),
            (MutexOp::Release(owner), Some(holder)) if owner == holder => Some(None),
            _ => None,
        }
    }
}

/// How histories write locks.
pub(crate) struct Mutexes {
    owners: Interner,
    owned: bool,
}

impl Mutexes {
    /// Locks that anyone may release.
    pub fn shared(_params: &Params) -> Mutexes {
        Mutexes {
            owners: Interner::default(),
            owned: false,
        }
    }

    /// Locks that only their holder may release.
    pub fn owned(params: &Params) -> Mutexes {
        Mutexes {
            owned: true,
            ..Mutexes::shared(params)
        }
    }
}

/// Who calls: the value, or the process.
pub(super) fn caller(op: &Op) -> Value {
    match &op.value {
        Value::Nil => Value::Int(op.process.client().unwrap_or_default()),
        named => named.clone(),
    }
}

impl Vocabulary for Mutexes {
    type Op = MutexOp;
    type Model = Mutex;

    fn functions(&self) -> &'static [&'static str] {
        &["acquire", "release"]
    }

    fn object(&self) -> &'static str {
        "mutex"
    }

    fn model(&self) -> Mutex {
        Mutex
    }

    fn invoked(&mut self, op: &Op) -> Result<MutexOp, OpError> {
        let owner = match self.owned {
            true => self.owners.intern(&caller(op)),
            false => 0,
        };
        Ok(match op.f.as_ref() {
            "acquire" => MutexOp::Acquire(owner),
            _ => MutexOp::Release(owner),
        })
    }

    fn answered(&mut self, call: &MutexOp, _op: &Op) -> Result<Option<MutexOp>, OpError> {
        Ok(Some(*call))
    }

    fn unanswered(&self, call: &MutexOp) -> Option<MutexOp> {
        Some(*call)
    }

    fn tell(&self, op: &MutexOp) -> String {
        match op {
            MutexOp::Acquire(_) => "acquire".to_owned(),
            MutexOp::Release(_) => "release".to_owned(),
        }
    }

    fn tell_state(&self, _model: &Mutex, state: &Option<ValueId>) -> String {
        match state {
            None => "no owner".to_owned(),
            Some(_) if !self.owned => "an owner".to_owned(),
            Some(owner) => format!("the owner {}", self.owners.value(*owner)),
        }
    }
}
