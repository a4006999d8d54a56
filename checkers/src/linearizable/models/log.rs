//! Append-only logs: `append v`, `get [offset v]`, and `read`, which returns the whole log.
//!
//! An append may answer `[v offset]` with the place it took, counted from 0.

use crate::checker::{OpError, Params};
use crate::intern::{Interner, ValueId};
use crate::linearizable::interned::{Interned, StateId};
use crate::linearizable::model::Model;
use crate::linearizable::models::heap_of;
use crate::linearizable::vocabulary::Vocabulary;
use crate::{Op, Value};

/// An operation on a log, with its result.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum LogOp {
    /// Took this place, if it told.
    Append(ValueId, Option<u32>),
    /// Found this at a place; nil beyond the end.
    Get(u32, ValueId),
    Read(Box<[ValueId]>),
}

/// One log.
#[derive(Debug, Clone, Copy, Default)]
pub struct LogModel;

impl Model for LogModel {
    type State = Vec<ValueId>;
    type Op = LogOp;

    fn init(&self) -> Vec<ValueId> {
        Vec::new()
    }

    fn step(&self, state: &Vec<ValueId>, op: &LogOp) -> Option<Vec<ValueId>> {
        let fits = match op {
            LogOp::Append(value, place) => {
                let fits = place.is_none_or(|place| place as usize == state.len());
                return fits.then(|| [&state[..], &[*value]].concat());
            }
            LogOp::Get(place, value) => {
                state.get(*place as usize).copied().unwrap_or_default() == *value
            }
            LogOp::Read(values) => **values == **state,
        };
        fits.then(|| state.clone())
    }

    fn reads_only(&self, op: &LogOp) -> bool {
        !matches!(op, LogOp::Append(..))
    }
}

/// How histories write logs.
pub(crate) struct Logs {
    values: Interner,
}

impl Logs {
    pub fn new(_params: &Params) -> Logs {
        Logs {
            values: Interner::default(),
        }
    }

    fn list(&self, ids: &[ValueId]) -> String {
        let names: Vec<String> = ids
            .iter()
            .map(|id| self.values.value(*id).to_string())
            .collect();
        format!("[{}]", names.join(" "))
    }
}

/// The place a value names.
fn place(value: &Value) -> Option<u32> {
    value.as_int().and_then(|n| u32::try_from(n).ok())
}

impl Vocabulary for Logs {
    type Op = LogOp;
    type Model = Interned<LogModel>;

    fn functions(&self) -> &'static [&'static str] {
        &["append", "get", "read"]
    }

    fn object(&self) -> &'static str {
        "log"
    }

    fn model(&self) -> Interned<LogModel> {
        Interned::new(LogModel, heap_of)
    }

    fn invoked(&mut self, op: &Op) -> Result<LogOp, OpError> {
        match op.f.as_ref() {
            "append" => Ok(LogOp::Append(self.values.intern(&op.value), None)),
            "read" => Ok(LogOp::Read(Box::default())),
            _ => {
                let offset = op.value.as_items().and_then(<[Value]>::first);
                match place(offset.unwrap_or(&op.value)) {
                    Some(place) => Ok(LogOp::Get(place, 0)),
                    None => {
                        let problem = format!("the place of a get is {}", op.value);
                        Err(OpError::new(op, problem, "a number from 0"))
                    }
                }
            }
        }
    }

    fn answered(&mut self, call: &LogOp, op: &Op) -> Result<Option<LogOp>, OpError> {
        match (call, op.value.as_items()) {
            (LogOp::Append(value, _), Some([told, offset]))
                if told == self.values.value(*value) =>
            {
                Ok(Some(LogOp::Append(*value, place(offset))))
            }
            (LogOp::Append(value, _), _) => Ok(Some(LogOp::Append(*value, None))),
            (LogOp::Get(place, _), Some([_, value])) => {
                Ok(Some(LogOp::Get(*place, self.values.intern(value))))
            }
            (LogOp::Read(_), Some(items)) => {
                let values = items.iter().map(|item| self.values.intern(item));
                Ok(Some(LogOp::Read(values.collect())))
            }
            (LogOp::Read(_), None) if op.value.is_nil() => Ok(Some(LogOp::Read(Box::default()))),
            _ => {
                let problem = format!("a `{}` returned {}", op.f, op.value);
                Err(OpError::new(op, problem, "[offset value] or a list of all"))
            }
        }
    }

    fn unanswered(&self, call: &LogOp) -> Option<LogOp> {
        matches!(call, LogOp::Append(..)).then(|| call.clone())
    }

    fn tell(&self, op: &LogOp) -> String {
        let value = |id| self.values.value(id);
        match op {
            LogOp::Append(id, Some(place)) => format!("append of {} at {place}", value(*id)),
            LogOp::Append(id, None) => format!("append of {}", value(*id)),
            LogOp::Get(place, id) => format!("get of {} at {place}", value(*id)),
            LogOp::Read(ids) => format!("read of {}", self.list(ids)),
        }
    }

    fn tell_state(&self, model: &Interned<LogModel>, state: &StateId) -> String {
        self.list(&model.state(*state))
    }
}
