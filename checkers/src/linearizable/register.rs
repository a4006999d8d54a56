//! Registers with read, write and compare-and-set, and what may be left out of their histories.

use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

use crate::intern::ValueId;
use crate::linearizable::model::{Interval, Model};

/// An operation on a register, with its result.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum RegisterOp {
    /// Returned this value.
    Read(ValueId),
    Write(ValueId),
    /// Found `old` and wrote `new`.
    Cas {
        old: ValueId,
        new: ValueId,
    },
    /// Found a value other than this one: a compare-and-set that failed.
    Differs(ValueId),
}

impl RegisterOp {
    /// The value it leaves behind, if it writes.
    pub fn written(self) -> Option<ValueId> {
        match self {
            RegisterOp::Write(value) | RegisterOp::Cas { new: value, .. } => Some(value),
            RegisterOp::Read(_) | RegisterOp::Differs(_) => None,
        }
    }

    /// The value it must find, if it must find one.
    pub fn found(self) -> Option<ValueId> {
        match self {
            RegisterOp::Read(value) | RegisterOp::Cas { old: value, .. } => Some(value),
            RegisterOp::Write(_) | RegisterOp::Differs(_) => None,
        }
    }
}

/// One register.
#[derive(Debug, Clone, Copy)]
pub struct Register {
    pub init: ValueId,
}

impl Model for Register {
    type State = ValueId;
    type Op = RegisterOp;

    fn init(&self) -> ValueId {
        self.init
    }

    #[inline]
    fn step(&self, state: &ValueId, op: &RegisterOp) -> Option<ValueId> {
        match *op {
            RegisterOp::Read(value) => (*state == value).then_some(value),
            RegisterOp::Write(value) => Some(value),
            RegisterOp::Cas { old, new } => (*state == old).then_some(new),
            RegisterOp::Differs(value) => (*state != value).then_some(*state),
        }
    }

    #[inline]
    fn reads_only(&self, op: &RegisterOp) -> bool {
        matches!(op, RegisterOp::Read(_) | RegisterOp::Differs(_))
    }

    #[inline]
    fn overwrites(&self, op: &RegisterOp) -> bool {
        matches!(op, RegisterOp::Write(_))
    }
}

/// Leaves out the indefinite operations whose value nothing found.
///
/// Such an operation never has to take effect: in any linearization that holds it, the next one to
/// look at the register comes after another write. Indefinite compare-and-sets keep what they would
/// have found alive, so the values found are closed over them first.
pub fn drop_unobserved(ops: &mut Vec<Interval<RegisterOp>>) {
    if !ops.iter().any(|op| op.is_indefinite()) {
        return;
    }
    let mut olds: FxHashMap<ValueId, Vec<ValueId>> = FxHashMap::default();
    let mut pending = Vec::new();
    for op in ops.iter() {
        match op.op {
            RegisterOp::Cas { old, new } if op.is_indefinite() => {
                olds.entry(new).or_default().push(old);
            }
            // A failed compare-and-set may need any value that is not the one it names.
            RegisterOp::Differs(_) => return,
            other => pending.extend(other.found()),
        }
    }
    let mut found = FxHashMap::default();
    while let Some(value) = pending.pop() {
        if let Entry::Vacant(entry) = found.entry(value) {
            entry.insert(());
            pending.extend(olds.remove(&value).into_iter().flatten());
        }
    }
    ops.retain(|op| {
        !op.is_indefinite()
            || op
                .op
                .written()
                .is_some_and(|value| found.contains_key(&value))
    });
}
