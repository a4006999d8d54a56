//! Sets: `add e`, `remove e`, `contains [e true]` and `read`, which returns all elements.
//!
//! Other than the check of lost and late elements in [`crate::set`], this one asks for one order of
//! all operations. Without reads of the whole, each element is an object of its own (locality) with
//! two states, so that each is searched alone.

mod elements;

use crate::budget::{Exhausted, Meter};
use crate::checker::{OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::linearizable::interned::{Interned, StateId};
use crate::linearizable::model::{Interval, Model};
use crate::linearizable::models::gaps::untold;
use crate::linearizable::models::heap_of;
use crate::linearizable::vocabulary::{Direct, Vocabulary};
use crate::{Op, Value};

/// An operation on a set, with its result.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum SetOp {
    Add(ValueId),
    Remove(ValueId),
    /// Told whether the element is there.
    Contains(ValueId, bool),
    /// Returned these, sorted.
    Read(Box<[ValueId]>),
}

/// One set: its elements, sorted.
#[derive(Debug, Clone, Copy, Default)]
pub struct SetModel;

impl Model for SetModel {
    type State = Vec<ValueId>;
    type Op = SetOp;

    fn init(&self) -> Vec<ValueId> {
        Vec::new()
    }

    fn step(&self, state: &Vec<ValueId>, op: &SetOp) -> Option<Vec<ValueId>> {
        let mut after = state.clone();
        match op {
            SetOp::Add(element) => {
                if let Err(at) = state.binary_search(element) {
                    after.insert(at, *element);
                }
            }
            SetOp::Remove(element) => {
                if let Ok(at) = state.binary_search(element) {
                    after.remove(at);
                }
            }
            SetOp::Contains(element, there) => {
                return (state.binary_search(element).is_ok() == *there).then_some(after);
            }
            SetOp::Read(elements) => return (**elements == **state).then_some(after),
        }
        Some(after)
    }

    fn reads_only(&self, op: &SetOp) -> bool {
        matches!(op, SetOp::Contains(..) | SetOp::Read(_))
    }
}

/// How histories write sets.
pub(crate) struct Sets {
    values: Interner,
}

impl Sets {
    pub fn new(_params: &Params) -> Sets {
        Sets {
            values: Interner::default(),
        }
    }
}

/// Steps of the search of one element, which has two states; more are left to the search of all.
const STEPS_PER_OP: u64 = 64;

impl Vocabulary for Sets {
    type Op = SetOp;
    type Model = Interned<SetModel>;

    fn functions(&self) -> &'static [&'static str] {
        &["add", "remove", "contains", "read"]
    }

    fn object(&self) -> &'static str {
        "set"
    }

    fn model(&self) -> Interned<SetModel> {
        Interned::new(SetModel, heap_of)
    }

    fn invoked(&mut self, op: &Op) -> Result<SetOp, OpError> {
        Ok(match op.f.as_ref() {
            "add" => SetOp::Add(self.values.intern(&op.value)),
            "remove" => SetOp::Remove(self.values.intern(&op.value)),
            "contains" => {
                let element = op.value.as_items().and_then(<[Value]>::first);
                let element = element.unwrap_or(&op.value);
                SetOp::Contains(self.values.intern(element), false)
            }
            _ => SetOp::Read(Box::default()),
        })
    }

    fn answered(&mut self, call: &SetOp, op: &Op) -> Result<Option<SetOp>, OpError> {
        let bad = |expected| {
            let problem = format!("a `{}` returned {}", op.f, op.value);
            Err(OpError::new(op, problem, expected))
        };
        match (call, op.value.as_items()) {
            (SetOp::Contains(element, _), Some([_, Value::Bool(there)])) => {
                Ok(Some(SetOp::Contains(*element, *there)))
            }
            (SetOp::Contains(..), _) => bad("a pair [element true] or [element false]"),
            (SetOp::Read(_), Some(items)) => {
                let mut elements: Vec<ValueId> =
                    items.iter().map(|item| self.values.intern(item)).collect();
                elements.sort_unstable();
                Ok(Some(SetOp::Read(elements.into())))
            }
            (SetOp::Read(_), None) if op.value.is_nil() => Ok(Some(SetOp::Read(Box::default()))),
            (SetOp::Read(_), None) => bad("a set or list of elements"),
            (other, _) => Ok(Some(other.clone())),
        }
    }

    fn unanswered(&self, call: &SetOp) -> Option<SetOp> {
        matches!(call, SetOp::Add(_) | SetOp::Remove(_)).then(|| call.clone())
    }

    fn tell(&self, op: &SetOp) -> String {
        let value = |id| self.values.value(id);
        match op {
            SetOp::Add(id) => format!("add of {}", value(*id)),
            SetOp::Remove(id) => format!("remove of {}", value(*id)),
            SetOp::Contains(id, true) => format!("contains that found {}", value(*id)),
            SetOp::Contains(id, false) => format!("contains that did not find {}", value(*id)),
            SetOp::Read(ids) => format!("read of {}", self.list(ids)),
        }
    }

    fn tell_state(&self, model: &Interned<SetModel>, state: &StateId) -> String {
        self.list(&model.state(*state))
    }

    fn decide(
        &self,
        ops: &[Interval<SetOp>],
        _order: bool,
        meter: &mut Meter<'_>,
    ) -> Result<Option<Direct>, Exhausted> {
        meter.step(BYTES_PER_OP * ops.len() as u64)?;
        let Some(by_element) = by_element(ops) else {
            return Ok(None);
        };
        let mut wrong = None;
        let mut part = Vec::new();
        for of_one in by_element.chunk_by(|a, b| a.0 == b.0) {
            meter.step(BYTES_PER_OP * ops.len() as u64)?;
            part.clear();
            part.extend(of_one.iter().map(|(_, i)| ops[*i as usize].clone()));
            if elements::in_order_of_ends(&part) {
                continue;
            }
            let steps = STEPS_PER_OP * (part.len() as u64 + 1);
            match elements::search(&part, &mut meter.fresh(steps)) {
                Ok(None) => {}
                Ok(Some(stuck)) => {
                    wrong = Some(of_one[stuck].1);
                    break;
                }
                Err(Exhausted::Steps(_)) => return Ok(None),
                Err(exhausted) => return Err(exhausted),
            }
        }
        let reason = "no order of the operations on this element explains it";
        Ok(Some(Direct {
            method: "elements",
            outcome: wrong.map_or(Ok(None), |about| Err(untold(about, &[], reason))),
        }))
    }
}

/// Memory for an operation of what [`by_element`] makes.
const BYTES_PER_OP: u64 = size_of::<(ValueId, u32)>() as u64;

/// The operations of each element in turn, in the order of their starts; `None` if one reads the
/// whole set.
fn by_element(ops: &[Interval<SetOp>]) -> Option<Vec<(ValueId, u32)>> {
    let mut all = Vec::with_capacity(ops.len());
    for (i, op) in (0u32..).zip(ops) {
        match op.op {
            SetOp::Add(id) | SetOp::Remove(id) | SetOp::Contains(id, _) => all.push((id, i)),
            SetOp::Read(_) => return None,
        }
    }
    all.sort_unstable();
    Some(all)
}

impl Sets {
    fn list(&self, ids: &[ValueId]) -> String {
        let names: Vec<String> = ids
            .iter()
            .map(|id| self.values.value(*id).to_string())
            .collect();
        format!("{{{}}}", names.join(" "))
    }
}
