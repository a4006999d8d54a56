//! Registers, each with a key of its own.

use super::{Object, Random, Shape, run};
use crate::{Op, Value};

/// The shape of a history. Half of the calls read, a quarter writes, a quarter compares and sets.
#[derive(Debug, Clone, Copy)]
pub struct RegisterLoad {
    pub processes: u32,
    pub calls: u64,
    pub keys: u32,
    /// Values are drawn below this number; `None` makes every written value unique.
    pub values: Option<u32>,
    /// Calls that certainly fail without effect, of 1000.
    pub failed_permille: u32,
    /// Writes and compare-and-sets whose outcome is unknown, of 1000; half of them take effect.
    pub indefinite_permille: u32,
    pub seed: u64,
}

impl RegisterLoad {
    /// Hands every event of the history to `take`, in order.
    pub fn each(&self, take: impl FnMut(&Op)) {
        let shape = Shape {
            processes: self.processes,
            calls: self.calls,
            failed_permille: self.failed_permille,
            indefinite_permille: self.indefinite_permille,
            seed: self.seed,
        };
        let mut registers = Registers {
            values: self.values,
            registers: vec![None; self.keys as usize],
            next_value: 0,
        };
        run(&shape, &mut registers, take);
    }

    /// The whole history.
    pub fn history(&self) -> Vec<Op> {
        let mut ops = Vec::new();
        self.each(|op| ops.push(op.clone()));
        ops
    }
}

struct Registers {
    values: Option<u32>,
    registers: Vec<Option<i64>>,
    next_value: i64,
}

impl Registers {
    fn value(&mut self, random: &mut Random) -> i64 {
        match self.values {
            Some(values) => random.below(u64::from(values)) as i64,
            None => {
                self.next_value += 1;
                self.next_value
            }
        }
    }
}

#[derive(Debug, Clone, Copy)]
enum Call {
    Read,
    Write(i64),
    Cas(Option<i64>, i64),
}

fn number(n: Option<i64>) -> Value {
    n.map_or(Value::Nil, Value::Int)
}

impl Object for Registers {
    /// The key and what is done to it.
    type Call = (usize, Call);

    fn draw(&mut self, random: &mut Random) -> (usize, Call) {
        let key = random.below(self.registers.len() as u64) as usize;
        let call = match random.below(4) {
            0 | 1 => Call::Read,
            2 => Call::Write(self.value(random)),
            _ => {
                let old = match self.values {
                    Some(values) => Some(random.below(u64::from(values)) as i64),
                    None => self.registers[key],
                };
                Call::Cas(old, self.value(random))
            }
        };
        (key, call)
    }

    fn may_be_indefinite(&self, (_, call): &(usize, Call)) -> bool {
        !matches!(call, Call::Read)
    }

    fn take_effect(&mut self, (key, call): &(usize, Call)) -> Option<Value> {
        let register = &mut self.registers[*key];
        match *call {
            Call::Read => return Some(number(*register)),
            Call::Write(value) => *register = Some(value),
            Call::Cas(old, new) if *register == old => *register = Some(new),
            Call::Cas(..) => return None,
        }
        Some(Value::Nil)
    }

    fn event(
        &self,
        (key, call): &(usize, Call),
        result: Option<&Value>,
    ) -> (&'static str, Value, Value) {
        let (f, value) = match *call {
            Call::Read => ("read", result.cloned().unwrap_or_default()),
            Call::Write(value) => ("write", Value::Int(value)),
            Call::Cas(old, new) => ("cas", Value::List(vec![number(old), Value::Int(new)])),
        };
        (f, value, Value::Int(*key as i64))
    }
}
