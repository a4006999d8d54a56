//! From operations to units: reads, writes and compare-and-sets of registers, and transactions.

use super::history::{Access, Outcome, Recorder, Span};
use crate::checker::{OpError, Params};
use crate::lowering::Pending;
use crate::{Op, OpType, Value};

pub const FUNCTIONS: &[&str] = &["read", "write", "cas", "txn"];

const MICRO_OPS: &str = "a list of micro-operations [f key value], f one of r, w";

/// Takes operations and records units.
///
/// `read` carries the value it returned, `write` the value written, `cas` is `[old new]`; `txn` is
/// a list of `[r key value]` and `[w key value]`, each a unit of its own. A compare-and-set that
/// succeeded is a unit that read `old` and wrote `new`.
pub struct Lowering {
    pub recorder: Recorder,
    pending: Pending<Call>,
    /// A completion may stand for a call of its own.
    lenient: bool,
    accesses: Vec<Access>,
    /// What registers may hold before they are written, if nobody writes it.
    assumed: Option<Value>,
    pub succeeded: u64,
}

/// A call that has not completed.
struct Call {
    process: i64,
    invoked: u64,
    writes: Vec<Access>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Function {
    Read,
    Write,
    Cas,
    Txn,
}

impl Lowering {
    pub fn new(params: &Params) -> Lowering {
        let mut recorder = Recorder::new(params.init.as_ref().unwrap_or(&Value::Nil));
        recorder.timeless = params.sessions_only;
        Lowering {
            recorder,
            assumed: params.assumed_init(),
            pending: Pending::default(),
            lenient: params.lenient,
            accesses: Vec::new(),
            succeeded: 0,
        }
    }

    pub fn push(&mut self, op: &Op) -> Result<(), OpError> {
        let Some(process) = op.process.client() else {
            return Ok(());
        };
        let function = match op.f.as_ref() {
            "read" => Function::Read,
            "write" => Function::Write,
            "cas" => Function::Cas,
            "txn" => Function::Txn,
            _ => return Err(OpError::unknown_function(op, FUNCTIONS)),
        };
        if op.kind == OpType::Invoke {
            return self.invoke(op, process, function);
        }
        let call = match self.pending.completed_by(op, process) {
            Ok(call) => Some(call),
            Err(_) if self.lenient => None,
            Err(error) => return Err(error),
        };
        let invoked = call.map_or(op.index, |call| call.invoked);
        self.accesses.clear();
        let outcome = match op.kind {
            OpType::Ok => Outcome::Committed,
            OpType::Fail => Outcome::Aborted,
            OpType::Info | OpType::Invoke => Outcome::Indefinite,
        };
        if outcome == Outcome::Committed {
            self.lower(op, function, true)?;
            self.succeeded += 1;
        } else if let Some(call) = call {
            self.accesses.extend_from_slice(&call.writes);
        } else {
            self.lower(op, function, false)?;
        }
        let span = Span {
            invoked,
            completed: op.index,
            time: op.time,
        };
        self.recorder.unit(process, span, outcome, &self.accesses);
        self.pending.close(op, process);
        Ok(())
    }

    fn invoke(&mut self, op: &Op, process: i64, function: Function) -> Result<(), OpError> {
        self.accesses.clear();
        self.lower(op, function, false)?;
        let call = Call {
            process,
            invoked: op.index,
            writes: self.accesses.clone(),
        };
        self.pending.invoke(op, process, call)
    }

    /// What the operation accesses, in its order; reads only where their results are known.
    fn lower(&mut self, op: &Op, function: Function, is_ok: bool) -> Result<(), OpError> {
        let key = op.key.as_ref().unwrap_or(&Value::Nil);
        match function {
            Function::Read if is_ok => {
                self.accesses.push(self.recorder.read(key, &op.value));
            }
            Function::Read => {}
            Function::Write => self.accesses.push(self.recorder.write(key, &op.value)),
            Function::Cas => {
                let Some([old, new]) = op.value.as_items() else {
                    let problem = format!("the arguments of a cas are {}", op.value);
                    return Err(OpError::new(op, problem, "[old new]"));
                };
                if is_ok {
                    self.accesses.push(self.recorder.read(key, old));
                }
                self.accesses.push(self.recorder.write(key, new));
            }
            Function::Txn => {
                let wrong = |found: &Value| {
                    OpError::new(op, format!("a transaction holds {found}"), MICRO_OPS)
                };
                let micro_ops = op.value.as_items().ok_or_else(|| wrong(&op.value))?;
                for micro_op in micro_ops {
                    let Some([f, key, value]) = micro_op.as_items() else {
                        return Err(wrong(micro_op));
                    };
                    match f.as_name() {
                        Some("r") if is_ok => self.accesses.push(self.recorder.read(key, value)),
                        Some("r") => {}
                        Some("w") => self.accesses.push(self.recorder.write(key, value)),
                        _ => return Err(wrong(micro_op)),
                    }
                }
            }
        }
        Ok(())
    }

    /// All units; calls that never completed are indefinite.
    pub fn finish(mut self) -> Recorder {
        let mut open: Vec<Call> = self.pending.into_open().collect();
        open.sort_unstable_by_key(|call| call.invoked);
        for call in open {
            let span = Span {
                invoked: call.invoked,
                completed: call.invoked,
                time: None,
            };
            let process = call.process;
            self.recorder
                .unit(process, span, Outcome::Indefinite, &call.writes);
        }
        if let Some(init) = &self.assumed {
            self.recorder.assume_init(init);
        }
        self.recorder
    }
}
