//! Histories made up from a seed, linearizable by construction: for benchmarks, and to try a
//! checker on.
//!
//! Each call takes effect on a real object at one instant between its invocation and its
//! completion; both are drawn at random.

mod containers;
mod registers;

pub use containers::{Container, ContainerLoad};
pub use registers::RegisterLoad;

use crate::{Op, OpType, Process, Value};

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

/// How many calls there are and how they end.
struct Shape {
    processes: u32,
    calls: u64,
    /// Calls that certainly fail without effect, of 1000.
    failed_permille: u32,
    /// Calls whose outcome is unknown, of 1000; half of them take effect.
    indefinite_permille: u32,
    seed: u64,
}

/// A real object that calls take effect on.
trait Object {
    type Call;

    fn draw(&mut self, random: &mut Random) -> Self::Call;

    /// Whether the outcome of the call may be unknown.
    fn may_be_indefinite(&self, call: &Self::Call) -> bool;

    /// What the call returns; `None` if it fails.
    fn take_effect(&mut self, call: &Self::Call) -> Option<Value>;

    /// Function, value and key of an event: `result` is that of an `ok`.
    fn event(&self, call: &Self::Call, result: Option<&Value>) -> (&'static str, Value, Value);
}

/// A call that was invoked, and its end once it took effect.
struct Running<C> {
    slot: usize,
    call: C,
    end: Option<(OpType, Value)>,
}

/// Hands every event of a history of `object` to `take`, in order.
fn run<O: Object>(shape: &Shape, object: &mut O, mut take: impl FnMut(&Op)) {
    let mut random = Random(shape.seed);
    // The process that each slot runs under: slots take a new one after an indefinite call.
    let mut processes: Vec<i64> = (0..i64::from(shape.processes)).collect();
    let mut next_process = i64::from(shape.processes);
    let mut index = 0;
    let mut idle: Vec<usize> = (0..shape.processes as usize).collect();
    let mut running: Vec<Running<O::Call>> = Vec::new();
    let mut left = shape.calls;
    while left > 0 || !running.is_empty() {
        let invokes = left > 0 && !idle.is_empty();
        let (slot, kind, event);
        if invokes && (running.is_empty() || random.below(2) == 0) {
            slot = idle.swap_remove(random.below(idle.len() as u64) as usize);
            let call = object.draw(&mut random);
            (kind, event) = (OpType::Invoke, object.event(&call, None));
            let end = None;
            running.push(Running { slot, call, end });
            left -= 1;
        } else {
            let at = random.below(running.len() as u64) as usize;
            let Some((end, result)) = running[at].end.take() else {
                running[at].end = Some(end(shape, object, &running[at].call, &mut random));
                continue;
            };
            let call = running.swap_remove(at);
            (slot, kind) = (call.slot, end);
            event = object.event(&call.call, (kind == OpType::Ok).then_some(&result));
            idle.push(slot);
        }
        let (f, value, key) = event;
        take(&Op {
            index,
            time: Some(index as i64 * 1000),
            kind,
            process: Process::Client(processes[slot]),
            f: f.into(),
            value,
            key: (!key.is_nil()).then_some(key),
            node: None,
            error: None,
        });
        index += 1;
        if kind == OpType::Info {
            processes[slot] = next_process;
            next_process += 1;
        }
    }
}

fn end<O: Object>(
    shape: &Shape,
    object: &mut O,
    call: &O::Call,
    random: &mut Random,
) -> (OpType, Value) {
    if random.permille(shape.failed_permille) {
        return (OpType::Fail, Value::Nil);
    }
    let unknown = object.may_be_indefinite(call) && random.permille(shape.indefinite_permille);
    if unknown && random.below(2) == 0 {
        return (OpType::Info, Value::Nil);
    }
    match object.take_effect(call) {
        _ if unknown => (OpType::Info, Value::Nil),
        Some(result) => (OpType::Ok, result),
        None => (OpType::Fail, Value::Nil),
    }
}
