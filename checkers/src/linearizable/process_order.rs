//! The search for an order that keeps that of each process, and no other: sequential consistency
//! (Lamport, *How to make a multiprocessor computer that correctly executes multiprocess programs*,
//! IEEE Trans. Computers, 1979).
//!
//! Not a local property: objects that are sequentially consistent each need not be so together, so
//! operations of many keys are searched at once. To decide it is NP-complete even for registers
//! whose every value is written once (Gibbons & Korach 1997, §3). The search goes from a
//! configuration, how far each process is and the state of each key, to the next by placing an
//! operation whose process is at it; configurations met are not searched again. Sound prunings:
//! - an operation that only reads is placed as soon as it fits;
//! - where all that is left to do with a key is for one process to do, it is done at once;
//! - an indefinite operation is tried only if something can come next that needs its effect, and of
//!   equal ones only one.
//!
//! What ended first is tried first, so that a history that is nearly linearizable needs few steps.

use rustc_hash::{FxHashMap, FxHashSet};

use crate::budget::{Exhausted, Meter};
use crate::linearizable::model::{Decision, Interval, Model};
use crate::linearizable::search::memory::{Memory, list_bytes, table_bytes};
use crate::linearizable::search::{Furthest, STATE_KEYS, STATES_MAX, zobrist};

/// An operation of some process on some key.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct OfProcess<O> {
    /// The number of its key, from 0.
    pub key: u32,
    /// The number of its process, from 0.
    pub process: u32,
    pub op: O,
}

type Ops<'a, O> = &'a [Interval<OfProcess<O>>];

/// A search of operations of several keys.
pub(crate) struct ProcessOrder<'a, M: Model> {
    model: &'a M,
    ops: Ops<'a, M::Op>,
    /// The definite operations of each process.
    lines: Vec<Vec<u32>>,
    /// How many of each line are placed.
    at: Vec<usize>,
    open: Vec<Open>,
    states: Vec<M::State>,
    /// For each operation who is to do it on its key: a process, or itself if it is indefinite.
    actor_of: Vec<u32>,
    /// How much each of these has left to do.
    left: Vec<u32>,
    /// How many of them have something left to do with each key.
    actors: Vec<u32>,
    /// Ids of states met, for hashing.
    state_ids: FxHashMap<M::State, u32>,
    memory: Memory,
    hash: u128,
    placed: Vec<Placed<M::State>>,
    frames: Vec<Frame>,
    choices: Vec<u32>,
    longest: Vec<u32>,
    /// How much of `longest` is in `placed` still.
    shared: usize,
    stuck: u32,
    stuck_states: Vec<M::State>,
}

/// An indefinite operation; it does not hold its process up.
struct Open {
    op: u32,
    /// Definite operations of its process before it.
    after: usize,
    placed: bool,
}

struct Placed<S> {
    op: u32,
    /// The state of its key before it.
    before: S,
    /// Its place among the open operations, if it is one.
    open: Option<u32>,
}

struct Frame {
    placed: usize,
    choices: usize,
    next: usize,
}

impl<'a, M: Model> ProcessOrder<'a, M> {
    /// `ops` in the order of their starts; keys and processes are numbered without gaps.
    pub fn new(model: &'a M, ops: Ops<'a, M::Op>) -> ProcessOrder<'a, M> {
        let count = |number: fn(&OfProcess<M::Op>) -> u32| {
            ops.iter()
                .map(|op| number(&op.op) as usize + 1)
                .max()
                .unwrap_or(0)
        };
        let keys = count(|op| op.key);
        let mut search = ProcessOrder {
            model,
            ops,
            lines: vec![Vec::new(); count(|op| op.process)],
            at: Vec::new(),
            open: Vec::new(),
            states: vec![model.init(); keys],
            actor_of: Vec::with_capacity(ops.len()),
            left: Vec::new(),
            actors: vec![0; keys],
            state_ids: FxHashMap::default(),
            memory: Memory::new(0),
            hash: 0,
            placed: Vec::new(),
            frames: Vec::new(),
            choices: Vec::new(),
            longest: Vec::new(),
            shared: 0,
            stuck: 0,
            stuck_states: Vec::new(),
        };
        let mut known: FxHashMap<(u32, u32), u32> = FxHashMap::default();
        for (i, op) in (0u32..).zip(ops) {
            let line = &mut search.lines[op.op.process as usize];
            let next = search.left.len() as u32;
            let actor = match op.is_indefinite() {
                false => {
                    line.push(i);
                    *known.entry((op.op.key, op.op.process)).or_insert(next)
                }
                true => {
                    search.open.push(Open {
                        op: i,
                        after: line.len(),
                        placed: false,
                    });
                    next
                }
            };
            if actor == next {
                search.left.push(0);
                search.actors[op.op.key as usize] += 1;
            }
            search.left[actor as usize] += 1;
            search.actor_of.push(actor);
        }
        search.at = vec![0; search.lines.len()];
        search
    }

    /// Searches until an order is found, none can be, or the budget ends.
    ///
    /// # Errors
    /// The limit that was reached; [`ProcessOrder::furthest`] then tells what was found by then.
    pub fn run(
        &mut self,
        meter: &mut Meter<'_>,
    ) -> Result<Decision<Furthest<M::State>>, Exhausted> {
        loop {
            meter.step(self.bytes())?;
            let is_open = self.place_what_is_safe();
            if self.heads().next().is_none() {
                return Ok(Decision::Linearizable);
            }
            let choices = self.choices.len();
            if self.memory.insert(self.hash, std::iter::empty()) {
                self.note_progress();
                if is_open {
                    self.list_choices();
                }
            }
            self.frames.push(Frame {
                placed: self.placed.len(),
                choices,
                next: choices,
            });
            if !self.take_next_choice() {
                return Ok(Decision::Impossible(self.furthest()));
            }
        }
    }

    /// The longest order found, the states of the key of the operation that could not follow it,
    /// and that operation.
    pub fn furthest(&self) -> Furthest<M::State> {
        Furthest {
            stuck: self.stuck as usize,
            states: self.stuck_states.clone(),
            prefix: self.longest.clone(),
        }
    }

    /// The operations in the order found.
    pub fn order(&self) -> Vec<u32> {
        self.placed.iter().map(|placed| placed.op).collect()
    }

    /// Configurations visited.
    pub fn visited(&self) -> usize {
        self.memory.len()
    }

    fn bytes(&self) -> u64 {
        let ids = &self.state_ids;
        let held = self.memory.bytes()
            + table_bytes::<(M::State, u32)>(ids.len(), ids.capacity())
            + list_bytes(&self.frames, 1)
            + list_bytes(&self.choices, 1)
            + list_bytes(&self.placed, 1)
            + list_bytes(&self.longest, 1)
            + self.ops.len() * size_of::<u32>();
        held as u64 + self.model.bytes()
    }

    /// The next definite operation of each process.
    fn heads(&self) -> impl Iterator<Item = u32> {
        let lines = self.lines.iter().zip(&self.at);
        lines.filter_map(|(line, at)| line.get(*at).copied())
    }

    fn call(&self, op: u32) -> &'a OfProcess<M::Op> {
        &self.ops[op as usize].op
    }

    fn after(&self, op: u32) -> Option<M::State> {
        let call = self.call(op);
        self.model.step(&self.states[call.key as usize], &call.op)
    }

    /// Places what can wait for nothing: reads that fit, and operations on a key that only their
    /// process has still to do with. False if one of the latter does not fit: it never will.
    fn place_what_is_safe(&mut self) -> bool {
        let mut line = 0;
        let mut since = 0;
        while since < self.lines.len() {
            since += 1;
            while let Some(&op) = self.lines[line].get(self.at[line]) {
                let call = self.call(op);
                let is_alone = self.actors[call.key as usize] == 1;
                match self.after(op) {
                    Some(after) if is_alone || self.model.reads_only(&call.op) => {
                        self.place(op, after, None);
                    }
                    None if is_alone => return false,
                    _ => break,
                }
                since = 0;
            }
            line = (line + 1) % self.lines.len();
        }
        true
    }

    fn place(&mut self, op: u32, after: M::State, open: Option<u32>) {
        let call = self.call(op);
        let key = call.key as usize;
        self.hash ^= zobrist(u64::from(op));
        let before = std::mem::replace(&mut self.states[key], after);
        self.rehash(call.key, &before);
        match open {
            Some(open) => self.open[open as usize].placed = true,
            None => self.at[call.process as usize] += 1,
        }
        let left = &mut self.left[self.actor_of[op as usize] as usize];
        *left -= 1;
        self.actors[key] -= u32::from(*left == 0);
        self.placed.push(Placed { op, before, open });
    }

    /// The hash goes from one state of the key to the present one.
    fn rehash(&mut self, key: u32, before: &M::State) {
        for state in [before.clone(), self.states[key as usize].clone()] {
            let next = self.state_ids.len() as u32;
            let id = *self.state_ids.entry(state).or_insert(next);
            self.hash ^= zobrist(STATE_KEYS | u64::from(key) << 31 | u64::from(id));
        }
    }

    fn unplace_to(&mut self, len: usize) {
        while self.placed.len() > len {
            let Some(Placed { op, before, open }) = self.placed.pop() else {
                return;
            };
            let call = self.call(op);
            self.hash ^= zobrist(u64::from(op));
            let after = std::mem::replace(&mut self.states[call.key as usize], before);
            self.rehash(call.key, &after);
            match open {
                Some(open) => self.open[open as usize].placed = false,
                None => self.at[call.process as usize] -= 1,
            }
            let left = &mut self.left[self.actor_of[op as usize] as usize];
            self.actors[call.key as usize] += u32::from(*left == 0);
            *left += 1;
        }
        self.shared = self.shared.min(len);
    }

    fn note_progress(&mut self) {
        let further = self.placed.len() > self.longest.len();
        if self.placed.len() < self.longest.len() {
            return;
        }
        let Some(stuck) = self.heads().min_by_key(|op| self.ops[*op as usize].finish) else {
            return;
        };
        if further || self.longest.is_empty() {
            self.longest.truncate(self.shared);
            let more = self.placed[self.shared..].iter().map(|placed| placed.op);
            self.longest.extend(more);
            self.shared = self.longest.len();
            self.stuck = stuck;
            self.stuck_states.clear();
        }
        let state = &self.states[self.call(self.stuck).key as usize];
        if self.stuck_states.len() < STATES_MAX && !self.stuck_states.contains(state) {
            self.stuck_states.push(state.clone());
        }
    }

    /// Lists what may be placed next, what ended first before the others.
    fn list_choices(&mut self) {
        let mut choices: Vec<u32> = self
            .heads()
            .filter(|op| self.after(*op).is_some())
            .collect();
        choices.sort_unstable_by_key(|op| self.ops[*op as usize].finish);
        self.choices.append(&mut choices);
        let mut listed: FxHashSet<(u32, &'a M::Op)> = FxHashSet::default();
        for at in 0..self.open.len() {
            let open = &self.open[at];
            let call = self.call(open.op);
            if self.is_available(open) && listed.insert((call.key, &call.op)) && self.is_needed(at)
            {
                self.choices.push(open.op);
            }
        }
    }

    fn is_available(&self, open: &Open) -> bool {
        !open.placed && open.after <= self.at[self.call(open.op).process as usize]
    }

    /// Whether something that can come next on the key does otherwise after this open operation.
    fn is_needed(&self, open: usize) -> bool {
        let op = self.open[open].op;
        let key = self.call(op).key;
        let state = &self.states[key as usize];
        let Some(after) = self.after(op).filter(|after| after != state) else {
            return false;
        };
        let others = (0..self.open.len()).filter(|other| *other != open);
        let others = others.map(|other| &self.open[other]);
        let others = others
            .filter(|other| self.is_available(other))
            .map(|other| other.op);
        self.heads().chain(others).any(|next| {
            let call = self.call(next);
            let then = (call.key == key).then(|| self.model.step(&after, &call.op));
            then.flatten()
                .is_some_and(|then| self.after(next).as_ref() != Some(&then))
        })
    }

    /// Goes to the next untried choice, back up the search where one is exhausted; false at its
    /// end.
    fn take_next_choice(&mut self) -> bool {
        while let Some(frame) = self.frames.last_mut() {
            let placed = frame.placed;
            if let Some(&op) = self.choices.get(frame.next) {
                frame.next += 1;
                self.unplace_to(placed);
                let open = self.ops[op as usize].is_indefinite().then(|| {
                    let at = self.open.partition_point(|open| open.op < op);
                    at as u32
                });
                if let Some(after) = self.after(op) {
                    self.place(op, after, open);
                    return true;
                }
                continue;
            }
            let choices = frame.choices;
            self.choices.truncate(choices);
            self.frames.pop();
        }
        false
    }
}

/// Whether the order explains every definite operation: by the model on each key, in the order of
/// each process, each once.
pub(crate) fn replays_in_process_order<M: Model>(
    model: &M,
    ops: Ops<'_, M::Op>,
    order: &[u32],
) -> bool {
    let mut states: FxHashMap<u32, M::State> = FxHashMap::default();
    // The last start of each process: nothing definite that started before may follow.
    let mut last: FxHashMap<u32, u32> = FxHashMap::default();
    let mut placed = vec![false; ops.len()];
    for &i in order {
        let op = &ops[i as usize];
        let call = &op.op;
        let last = last.entry(call.process).or_default();
        let is_late = !op.is_indefinite() && op.start < *last;
        if is_late || std::mem::replace(&mut placed[i as usize], true) {
            return false;
        }
        *last = op.start.max(*last);
        let state = states.entry(call.key).or_insert_with(|| model.init());
        match model.step(state, &call.op) {
            Some(after) => *state = after,
            None => return false,
        }
    }
    ops.iter()
        .zip(placed)
        .all(|(op, placed)| placed || op.is_indefinite())
}

#[cfg(test)]
mod tests;
