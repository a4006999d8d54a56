//! Register histories made up from a seed, linearizable by construction: for benchmarks, and to
//! try a checker on.
//!
//! Each call takes effect on a real register at one instant between its invocation and its
//! completion; both are drawn at random.

use crate::{Op, OpType, Process, Value};

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

/// SplitMix64 (Steele, Lea & Flood, 2014).
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut z = self.0;
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, bound: u64) -> u64 {
        self.next() % bound.max(1)
    }

    fn permille(&mut self, chance: u32) -> bool {
        self.below(1000) < u64::from(chance)
    }
}

#[derive(Debug, Clone, Copy)]
enum Call {
    Read,
    Write(i64),
    Cas(Option<i64>, i64),
}

/// A call that was invoked, and its end once it took effect.
#[derive(Debug, Clone)]
struct Running {
    slot: usize,
    key: usize,
    call: Call,
    end: Option<(OpType, Option<i64>)>,
}

struct Run<'a> {
    load: &'a RegisterLoad,
    random: Random,
    registers: Vec<Option<i64>>,
    /// The process that each slot runs under: slots take a new one after an indefinite call.
    processes: Vec<i64>,
    next_process: i64,
    next_value: i64,
    events: u64,
}

impl RegisterLoad {
    /// Hands every event of the history to `take`, in order.
    pub fn each(&self, mut take: impl FnMut(&Op)) {
        let mut run = Run {
            load: self,
            random: Random(self.seed),
            registers: vec![None; self.keys as usize],
            processes: (0..i64::from(self.processes)).collect(),
            next_process: i64::from(self.processes),
            next_value: 0,
            events: 0,
        };
        let mut idle: Vec<usize> = (0..self.processes as usize).collect();
        let mut running: Vec<Running> = Vec::new();
        let mut left = self.calls;
        while left > 0 || !running.is_empty() {
            let invokes = left > 0 && !idle.is_empty();
            if invokes && (running.is_empty() || run.random.below(2) == 0) {
                let slot = idle.swap_remove(run.random.below(idle.len() as u64) as usize);
                let call = run.draw(slot);
                take(&run.event(&call, OpType::Invoke, None));
                running.push(call);
                left -= 1;
                continue;
            }
            let at = run.random.below(running.len() as u64) as usize;
            let Some((kind, result)) = running[at].end else {
                running[at].end = Some(run.take_effect(&running[at]));
                continue;
            };
            let call = running.swap_remove(at);
            take(&run.event(&call, kind, result));
            if kind == OpType::Info {
                run.processes[call.slot] = run.next_process;
                run.next_process += 1;
            }
            idle.push(call.slot);
        }
    }

    /// The whole history.
    pub fn history(&self) -> Vec<Op> {
        let mut ops = Vec::new();
        self.each(|op| ops.push(op.clone()));
        ops
    }
}

impl Run<'_> {
    fn draw(&mut self, slot: usize) -> Running {
        let key = self.random.below(u64::from(self.load.keys)) as usize;
        let call = match self.random.below(4) {
            0 | 1 => Call::Read,
            2 => Call::Write(self.value()),
            _ => {
                let old = match self.load.values {
                    Some(values) => Some(self.random.below(u64::from(values)) as i64),
                    None => self.registers[key],
                };
                Call::Cas(old, self.value())
            }
        };
        Running {
            slot,
            key,
            call,
            end: None,
        }
    }

    fn value(&mut self) -> i64 {
        match self.load.values {
            Some(values) => self.random.below(u64::from(values)) as i64,
            None => {
                self.next_value += 1;
                self.next_value
            }
        }
    }

    fn take_effect(&mut self, running: &Running) -> (OpType, Option<i64>) {
        if self.random.permille(self.load.failed_permille) {
            return (OpType::Fail, None);
        }
        let writes = !matches!(running.call, Call::Read);
        let indefinite = writes && self.random.permille(self.load.indefinite_permille);
        let kind = if indefinite { OpType::Info } else { OpType::Ok };
        if indefinite && self.random.below(2) == 0 {
            return (kind, None);
        }
        let register = &mut self.registers[running.key];
        match running.call {
            Call::Read => return (kind, *register),
            Call::Write(value) => *register = Some(value),
            Call::Cas(old, new) if *register == old => *register = Some(new),
            Call::Cas(..) if indefinite => {}
            Call::Cas(..) => return (OpType::Fail, None),
        }
        (kind, None)
    }

    fn event(&mut self, running: &Running, kind: OpType, result: Option<i64>) -> Op {
        let index = self.events;
        self.events += 1;
        let number = |n: Option<i64>| n.map_or(Value::Nil, Value::Int);
        let (f, value) = match running.call {
            Call::Read => ("read", number(result)),
            Call::Write(value) => ("write", Value::Int(value)),
            Call::Cas(old, new) => ("cas", Value::List(vec![number(old), Value::Int(new)])),
        };
        Op {
            index,
            time: Some(index as i64 * 1000),
            kind,
            process: Process::Client(self.processes[running.slot]),
            f: f.into(),
            value,
            key: Some(Value::Int(running.key as i64)),
            node: None,
            error: None,
        }
    }
}
