//! Locks with fencing tokens: `acquire` returns a number larger than all before it, `release` is
//! by the holder. (Kleppmann, *How to do distributed locking*, 2016.)
//!
//! An acquire of unknown outcome took some larger token; the next one leaves the most room to those
//! after it, so it stands for all.

use crate::Op;
use crate::checker::{OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::linearizable::model::Model;
use crate::linearizable::models::mutex::caller;
use crate::linearizable::models::number;
use crate::linearizable::vocabulary::Vocabulary;

/// An operation on a fenced lock, by whom.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum FencedLockOp {
    /// Returned this token, if it is known.
    Acquire(ValueId, Option<i64>),
    Release(ValueId),
}

/// One lock: who holds it, and the last token.
#[derive(Debug, Clone, Copy, Default)]
pub struct FencedLock;

impl Model for FencedLock {
    type State = (Option<ValueId>, Option<i64>);
    type Op = FencedLockOp;

    fn init(&self) -> Self::State {
        (None, None)
    }

    fn step(&self, (holder, last): &Self::State, op: &FencedLockOp) -> Option<Self::State> {
        match *op {
            FencedLockOp::Acquire(..) if holder.is_some() => None,
            FencedLockOp::Acquire(owner, Some(token)) => last
                .is_none_or(|last| last < token)
                .then_some((Some(owner), Some(token))),
            FencedLockOp::Acquire(owner, None) => {
                let next = last.map(|last| last.saturating_add(1));
                Some((Some(owner), next))
            }
            FencedLockOp::Release(owner) => (*holder == Some(owner)).then_some((None, *last)),
        }
    }
}

/// How histories write fenced locks.
pub(crate) struct FencedLocks {
    owners: Interner,
}

impl FencedLocks {
    pub fn new(_params: &Params) -> FencedLocks {
        FencedLocks {
            owners: Interner::default(),
        }
    }
}

impl Vocabulary for FencedLocks {
    type Op = FencedLockOp;
    type Model = FencedLock;

    fn functions(&self) -> &'static [&'static str] {
        &["acquire", "release"]
    }

    fn object(&self) -> &'static str {
        "fenced lock"
    }

    fn model(&self) -> FencedLock {
        FencedLock
    }

    fn invoked(&mut self, op: &Op) -> Result<FencedLockOp, OpError> {
        let owner = self.owners.intern(&caller(op));
        Ok(match op.f.as_ref() {
            "acquire" => FencedLockOp::Acquire(owner, None),
            _ => FencedLockOp::Release(owner),
        })
    }

    fn answered(&mut self, call: &FencedLockOp, op: &Op) -> Result<Option<FencedLockOp>, OpError> {
        match *call {
            FencedLockOp::Acquire(owner, _) => {
                number(op).map(|token| Some(FencedLockOp::Acquire(owner, Some(token))))
            }
            release => Ok(Some(release)),
        }
    }

    fn unanswered(&self, call: &FencedLockOp) -> Option<FencedLockOp> {
        Some(*call)
    }

    fn tell(&self, op: &FencedLockOp) -> String {
        match op {
            FencedLockOp::Acquire(_, Some(token)) => format!("acquire with token {token}"),
            FencedLockOp::Acquire(_, None) => "acquire".to_owned(),
            FencedLockOp::Release(_) => "release".to_owned(),
        }
    }

    fn tell_state(
        &self,
        _model: &FencedLock,
        (holder, last): &<FencedLock as Model>::State,
    ) -> String {
        let holder = match holder {
            None => "no owner".to_owned(),
            Some(owner) => format!("the owner {}", self.owners.value(*owner)),
        };
        match last {
            None => holder,
            Some(last) => format!("{holder} after token {last}"),
        }
    }
}
