//! Several registers read and written at once: `txn [[:read x 1] [:write y 2]]`, with `r` and `w`
//! for short. A read of nil tells nothing, as in Knossos' multi-register.

use crate::checker::{OpError, Params};
use crate::intern::{Interner, NIL, ValueId};
use crate::linearizable::interned::{Interned, StateId};
use crate::linearizable::model::Model;
use crate::linearizable::models::heap_of;
use crate::linearizable::vocabulary::Vocabulary;
use crate::{Op, Value};

/// A part of a transaction.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Micro {
    /// Returned this value, or nil where it is not known.
    Read {
        register: ValueId,
        value: ValueId,
    },
    Write {
        register: ValueId,
        value: ValueId,
    },
}

/// A transaction with its results.
pub type MultiRegisterOp = Box<[Micro]>;

/// The registers that were ever written, sorted, with their values.
type State = Vec<(ValueId, ValueId)>;

/// All the registers.
#[derive(Debug, Clone, Default)]
pub struct MultiRegister {
    init: State,
}

impl Model for MultiRegister {
    type State = State;
    type Op = MultiRegisterOp;

    fn init(&self) -> State {
        self.init.clone()
    }

    fn step(&self, state: &State, op: &MultiRegisterOp) -> Option<State> {
        let mut after = state.clone();
        for micro in op {
            match *micro {
                Micro::Read { value: NIL, .. } => {}
                Micro::Read { register, value } => {
                    let at = after
                        .binary_search_by_key(&register, |entry| entry.0)
                        .ok()?;
                    if after[at].1 != value {
                        return None;
                    }
                }
                Micro::Write { register, value } => {
                    match after.binary_search_by_key(&register, |entry| entry.0) {
                        Ok(at) => after[at].1 = value,
                        Err(at) => after.insert(at, (register, value)),
                    }
                }
            }
        }
        Some(after)
    }

    fn reads_only(&self, op: &MultiRegisterOp) -> bool {
        op.iter().all(|micro| matches!(micro, Micro::Read { .. }))
    }
}

/// How histories write several registers.
pub(crate) struct MultiRegisters {
    values: Interner,
    init: State,
}

impl MultiRegisters {
    /// The registers begin as the map [`Params::init`] says.
    pub fn new(params: &Params) -> MultiRegisters {
        let mut values = Interner::default();
        let mut init = State::new();
        if let Some(Value::Map(entries)) = &params.init {
            for (register, value) in entries {
                init.push((values.intern(register), values.intern(value)));
            }
        }
        init.sort_unstable();
        MultiRegisters { values, init }
    }

    fn lower(&mut self, op: &Op) -> Result<MultiRegisterOp, OpError> {
        let mut micros = Vec::new();
        for micro in op.value.as_items().unwrap_or_default() {
            let parts = match micro.as_items() {
                Some([f, register, value]) => f.as_name().map(|f| (f, register, value)),
                _ => None,
            };
            let register = parts.map(|(_, register, _)| self.values.intern(register));
            let value = parts.map(|(_, _, value)| self.values.intern(value));
            micros.push(match (parts, register, value) {
                (Some(("r" | "read", ..)), Some(register), Some(value)) => {
                    Micro::Read { register, value }
                }
                (Some(("w" | "write", ..)), Some(register), Some(value)) => {
                    Micro::Write { register, value }
                }
                _ => {
                    let problem = format!("a part of the transaction is {micro}");
                    return Err(OpError::new(op, problem, "[:read x v] or [:write x v]"));
                }
            });
        }
        Ok(micros.into())
    }
}

impl Vocabulary for MultiRegisters {
    type Op = MultiRegisterOp;
    type Model = Interned<MultiRegister>;

    fn functions(&self) -> &'static [&'static str] {
        &["txn"]
    }

    fn object(&self) -> &'static str {
        "multi-register"
    }

    fn model(&self) -> Interned<MultiRegister> {
        let model = MultiRegister {
            init: self.init.clone(),
        };
        Interned::new(model, heap_of)
    }

    fn invoked(&mut self, op: &Op) -> Result<MultiRegisterOp, OpError> {
        self.lower(op)
    }

    fn answered(
        &mut self,
        call: &MultiRegisterOp,
        op: &Op,
    ) -> Result<Option<MultiRegisterOp>, OpError> {
        let told = self.lower(op)?;
        if told.len() != call.len() {
            let problem = format!(
                "a transaction of {} parts returned {}",
                call.len(),
                op.value
            );
            return Err(OpError::new(op, problem, "the parts it was invoked with"));
        }
        // What was written is what was invoked, whatever the answer says.
        let micros = call.iter().zip(&told).map(|parts| match parts {
            (Micro::Read { register, .. }, Micro::Read { value, .. }) => Micro::Read {
                register: *register,
                value: *value,
            },
            (invoked, _) => *invoked,
        });
        Ok(Some(micros.collect()))
    }

    fn unanswered(&self, call: &MultiRegisterOp) -> Option<MultiRegisterOp> {
        let writes = |micro: &&Micro| matches!(micro, Micro::Write { .. });
        let micros: MultiRegisterOp = call.iter().filter(writes).copied().collect();
        (!micros.is_empty()).then_some(micros)
    }

    fn tell(&self, op: &MultiRegisterOp) -> String {
        let parts = op.iter().map(|micro| match micro {
            Micro::Read { register, value } => format!(
                "read of {} as {}",
                self.values.value(*register),
                self.values.value(*value)
            ),
            Micro::Write { register, value } => format!(
                "write of {} to {}",
                self.values.value(*value),
                self.values.value(*register)
            ),
        });
        let parts: Vec<String> = parts.collect();
        format!("transaction ({})", parts.join(", "))
    }

    fn tell_state(&self, model: &Interned<MultiRegister>, state: &StateId) -> String {
        let state = model.state(*state);
        let parts = state.iter().map(|(register, value)| {
            let (register, value) = (self.values.value(*register), self.values.value(*value));
            format!("{register} {value}")
        });
        format!("{{{}}}", parts.collect::<Vec<_>>().join(", "))
    }
}
