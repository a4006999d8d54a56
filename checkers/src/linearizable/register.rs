//! Registers with read, write and compare-and-set, and what may be left out of their histories.
//!
//! A read carries the value it returned, a write the value written, a compare-and-set `[old new]`.
//! A read that returned nil found nil. Knossos instead lets it match any value, because its
//! registers are never nil and recorders write nil for a result they lost; histories made for it
//! are judged alike with [`Params::nil_read_is_unknown`]. The two agree wherever the register may
//! still be nil.

use rustc_hash::FxHashMap;
use std::collections::hash_map::Entry;

use crate::Op;
use crate::availability::is_declined;
use crate::budget::{Exhausted, Meter};
use crate::checker::{Checker, OpError, Params};
use crate::intern::{Interner, NIL, ValueId};
use crate::linearizable::conflict;
use crate::linearizable::model::{Decision, Interval, Model};
use crate::linearizable::vocabulary::{Direct, Vocabulary};
use crate::linearizable::zones::{Conflict, Zones};
use crate::sessions::{self, Guarantee};

pub const REGISTER_FUNCTIONS: &[&str] = &["read", "write"];
pub const CAS_REGISTER_FUNCTIONS: &[&str] = &["read", "write", "cas"];

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

/// How histories write registers.
pub(crate) struct Registers {
    functions: &'static [&'static str],
    failed_cas_informs: bool,
    nil_read_is_unknown: bool,
    values: Interner,
    init: ValueId,
}

impl Registers {
    pub fn new(params: &Params, functions: &'static [&'static str]) -> Registers {
        let mut values = Interner::default();
        let init = params.init.as_ref().map_or(NIL, |init| values.intern(init));
        Registers {
            functions,
            failed_cas_informs: params.failed_cas_informs,
            nil_read_is_unknown: params.nil_read_is_unknown,
            values,
            init,
        }
    }
}

impl Vocabulary for Registers {
    type Op = RegisterOp;
    type Model = Register;

    fn functions(&self) -> &'static [&'static str] {
        self.functions
    }

    fn object(&self) -> &'static str {
        "register"
    }

    fn model(&self) -> Register {
        Register { init: self.init }
    }

    fn invoked(&mut self, op: &Op) -> Result<RegisterOp, OpError> {
        Ok(match op.f.as_ref() {
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
        })
    }

    fn answered(&mut self, call: &RegisterOp, op: &Op) -> Result<Option<RegisterOp>, OpError> {
        Ok(match call {
            RegisterOp::Read(_) if op.value.is_nil() && self.nil_read_is_unknown => None,
            RegisterOp::Read(_) => Some(RegisterOp::Read(self.values.intern(&op.value))),
            other => Some(*other),
        })
    }

    fn refused(&mut self, call: &RegisterOp, op: &Op) -> Option<RegisterOp> {
        // A compare-and-set that failed because the store was away says nothing of its value.
        let declined = op.error.as_ref().is_none_or(is_declined);
        match *call {
            RegisterOp::Cas { old, .. } if self.failed_cas_informs && declined => {
                Some(RegisterOp::Differs(old))
            }
            _ => None,
        }
    }

    fn unanswered(&self, call: &RegisterOp) -> Option<RegisterOp> {
        (!matches!(call, RegisterOp::Read(_))).then_some(*call)
    }

    fn tell(&self, op: &RegisterOp) -> String {
        let value = |id| self.values.value(id);
        match *op {
            RegisterOp::Read(id) => format!("read of {}", value(id)),
            RegisterOp::Write(id) => format!("write of {}", value(id)),
            RegisterOp::Cas { old, new } => format!("cas from {} to {}", value(old), value(new)),
            RegisterOp::Differs(id) => format!("failed cas from {}", value(id)),
        }
    }

    fn tell_state(&self, _model: &Register, state: &ValueId) -> String {
        self.values.value(*state).to_string()
    }

    fn before_sequential(&self, params: &Params) -> Option<Box<dyn Checker>> {
        let guarantee = Guarantee::CausalConvergence;
        Some(Box::new(sessions::Checker::new(guarantee, params)))
    }

    fn prune(&self, ops: &mut Vec<Interval<RegisterOp>>) {
        drop_unobserved(ops);
    }

    fn decide(
        &self,
        ops: &[Interval<RegisterOp>],
        order: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Direct>, Exhausted> {
        meter.step(Zones::BYTES_PER_OP * ops.len() as u64)?;
        let value = |id| self.values.value(id).to_string();
        let tell = |found| conflict::contradiction(found, ops, self.init, &value);
        let Some(mut zones) = Zones::new(ops, self.init) else {
            let outcome = unwritten(ops, self.init).map(|op| Err(tell(Conflict::Unwritten { op })));
            return Ok(outcome.map(|outcome| Direct {
                method: "writers",
                outcome,
            }));
        };
        meter.check_clock()?;
        let outcome = match zones.decide() {
            Decision::Linearizable => Ok(order.then(|| zones.linearization())),
            Decision::Impossible(found) => Err(tell(found)),
        };
        Ok(Some(Direct {
            method: "zones",
            outcome,
        }))
    }
}

/// The first operation that found a value which nothing that had begun by its end writes: no
/// search is needed to tell that it is wrong.
fn unwritten(ops: &[Interval<RegisterOp>], init: ValueId) -> Option<u32> {
    let mut first_write: FxHashMap<ValueId, u32> = FxHashMap::from_iter([(init, 0)]);
    for op in ops {
        if let Some(value) = op.op.written() {
            first_write.entry(value).or_insert(op.start);
        }
    }
    let is_unwritten = |op: &Interval<RegisterOp>| {
        let writer = op.op.found().map(|value| first_write.get(&value));
        !op.is_indefinite()
            && writer.is_some_and(|start| start.is_none_or(|start| *start > op.finish))
    };
    ops.iter().position(is_unwritten).map(|op| op as u32)
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
