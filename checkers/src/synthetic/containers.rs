//! Queues, stacks, priority queues and sets, into which every element is put once.

use std::collections::{BTreeSet, VecDeque};

use super::{Object, Random, Shape, run};
use crate::{Op, Value};

/// In which order elements are given back.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Container {
    Queue,
    Stack,
    PriorityQueue,
    /// Elements are removed by name, and looked for.
    Set,
}

/// The shape of a history: as many puts as takes, on one container.
#[derive(Debug, Clone, Copy)]
pub struct ContainerLoad {
    pub container: Container,
    pub processes: u32,
    pub calls: u64,
    /// Puts whose outcome is unknown, of 1000; half of them take effect.
    pub indefinite_puts_permille: u32,
    pub seed: u64,
}

impl Container {
    /// The model that judges its histories.
    pub fn model(self) -> &'static str {
        match self {
            Container::Queue => "queue",
            Container::Stack => "stack",
            Container::PriorityQueue => "priority-queue",
            Container::Set => "linearizable-set",
        }
    }

    /// The functions that put, take and look.
    fn functions(self) -> [&'static str; 3] {
        match self {
            Container::Queue => ["enqueue", "dequeue", ""],
            Container::Stack => ["push", "pop", ""],
            Container::PriorityQueue => ["insert", "delete-min", ""],
            Container::Set => ["add", "remove", "contains"],
        }
    }
}

impl ContainerLoad {
    /// The whole history.
    pub fn history(&self) -> Vec<Op> {
        let shape = Shape {
            processes: self.processes,
            calls: self.calls,
            failed_permille: 0,
            indefinite_permille: self.indefinite_puts_permille,
            seed: self.seed,
        };
        let mut elements = Elements {
            container: self.container,
            in_order: VecDeque::new(),
            sorted: BTreeSet::new(),
            next: 0,
        };
        let mut ops = Vec::new();
        run(&shape, &mut elements, |op| ops.push(op.clone()));
        ops
    }
}

/// The elements of the container; queues and stacks have an order, the others are sorted.
struct Elements {
    container: Container,
    in_order: VecDeque<i64>,
    sorted: BTreeSet<i64>,
    next: i64,
}

enum Call {
    Put(i64),
    Take,
    Remove(i64),
    Contains(i64),
}

/// An odd factor below 2^20: multiplication modulo 2^40 by it mixes numbers and repeats none.
const MIXING: i64 = 0x9_e377;

fn mixed(n: i64) -> i64 {
    (n * MIXING) & ((1 << 40) - 1)
}

impl Object for Elements {
    type Call = Call;

    fn draw(&mut self, random: &mut Random) -> Call {
        let puts = random.below(2) == 0;
        if puts {
            self.next += 1;
            return Call::Put(mixed(self.next));
        }
        if self.container != Container::Set {
            return Call::Take;
        }
        let element = mixed(random.below(self.next as u64 + 1) as i64);
        match random.below(2) {
            0 => Call::Contains(element),
            _ => Call::Remove(element),
        }
    }

    fn may_be_indefinite(&self, call: &Call) -> bool {
        matches!(call, Call::Put(_))
    }

    fn take_effect(&mut self, call: &Call) -> Option<Value> {
        let is_sorted = matches!(self.container, Container::PriorityQueue | Container::Set);
        let taken = match *call {
            Call::Put(element) if is_sorted => {
                self.sorted.insert(element);
                None
            }
            Call::Put(element) => {
                self.in_order.push_back(element);
                None
            }
            Call::Take if is_sorted => self.sorted.pop_first(),
            Call::Take if self.container == Container::Stack => self.in_order.pop_back(),
            Call::Take => self.in_order.pop_front(),
            Call::Remove(element) => {
                self.sorted.remove(&element);
                None
            }
            Call::Contains(element) => {
                let there = Value::Bool(self.sorted.contains(&element));
                return Some(Value::List(vec![Value::Int(element), there]));
            }
        };
        Some(taken.map_or(Value::Nil, Value::Int))
    }

    fn event(&self, call: &Call, result: Option<&Value>) -> (&'static str, Value, Value) {
        let [put, take, look] = self.container.functions();
        let (f, value) = match *call {
            Call::Put(element) => (put, Value::Int(element)),
            Call::Take => (take, result.cloned().unwrap_or_default()),
            Call::Remove(element) => (take, Value::Int(element)),
            Call::Contains(element) => (look, result.cloned().unwrap_or(Value::Int(element))),
        };
        (f, value, Value::Nil)
    }
}
