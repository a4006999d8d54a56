//! The general decision: a depth-first search for a linearization.
//!
//! After Wing & Gong, *Testing and verifying concurrent objects* (1993), with the memory of visited
//! configurations of Lowe, *Testing for linearizability* (2017), and the linked list of events of
//! Horn & Kroening, *Faster linearizability checking via P-compositionality* (2015).
//!
//! A configuration is the set of operations placed so far and the state they lead to. From it, any
//! operation that was invoked before the first completion still to be explained may be placed next.
//! Sound prunings keep the choices few:
//! - an operation that only reads is placed as soon as it fits;
//! - a blind write need not be placed where nothing sees it. It may go directly before a later
//!   blind write, if it had begun by then, and leave no trace: it is *absorbed*. So it is placed
//!   where something can act on its value, or else when it must finish, unless absorbed by then;
//! - of equal pending operations only the one that must finish first is tried;
//! - an indefinite operation is tried only if something can come next that needs its effect: placed
//!   before anything else, it could as well be left out.
//!
//! A configuration is remembered by a 128-bit Zobrist hash (Zobrist, 1970) of its set, its state
//! and what can be absorbed, and not searched again, nor with more indefinite operations used. With
//! `n` configurations, two collide with probability below n²/2¹²⁹.

mod choices;
pub(crate) mod memory;

use rustc_hash::FxHashMap;

use crate::budget::{Exhausted, Meter};
use crate::linearizable::events::{EventList, Node};
use crate::linearizable::model::{Decision, Interval, Model};
use memory::{Memory, list_bytes, table_bytes};

/// How far a search came.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Furthest<S> {
    /// The definite operation before whose completion every attempt ended: positions into the
    /// searched operations.
    pub stuck: usize,
    /// States possible just before it, at most [`STATES_MAX`], in the order they were met.
    pub states: Vec<S>,
    /// The longest linearization of what came before it.
    pub prefix: Vec<u32>,
}

/// States listed in a [`Furthest`].
pub const STATES_MAX: usize = 16;

/// A search of one object's operations.
pub struct Search<'a, M: Model> {
    model: &'a M,
    ops: &'a [Interval<M::Op>],
    events: EventList,
    /// For each operation the number of its class of equals.
    class_of: Vec<u32>,
    /// For each class its place in `indefinite`, [`NONE`] without indefinite operations.
    supply_of: Vec<u32>,
    indefinite: Vec<Supply>,
    /// Ids of states met, for hashing.
    state_ids: FxHashMap<M::State, u32>,
    memory: Memory,
    placed: Vec<Placed>,
    hash: u128,
    /// Blind writes that start before this position can be absorbed by the last one placed.
    absorbs_before: u32,
    frames: Vec<Frame<M::State>>,
    choices: Vec<Placed>,
    /// Per class: the node count at which it was last listed, and where in `choices`.
    listed: Vec<(u64, u32)>,
    nodes: u64,
    /// The first return that no attempt got past, and when it is.
    stuck: u32,
    stuck_at: u32,
    stuck_states: Vec<M::State>,
    longest: Vec<Placed>,
    /// How much of `longest` is in `placed` still.
    shared: usize,
}

/// A step of a linearization.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Placed {
    op: u32,
    /// It goes directly before the last blind write before it, and changes nothing here.
    absorbed: bool,
}

/// Equal indefinite operations in the order of their invocations, and how many are placed.
struct Supply {
    ops: Vec<u32>,
    used: usize,
}

struct Frame<S> {
    state: S,
    absorbs_before: u32,
    /// When the first return is.
    deadline: u32,
    placed: usize,
    choices: usize,
    next: usize,
}

impl<'a, M: Model> Search<'a, M> {
    /// `ops` in the order of their starts.
    pub fn new(model: &'a M, ops: &'a [Interval<M::Op>]) -> Search<'a, M> {
        debug_assert!(ops.is_sorted_by_key(|op| op.start));
        let mut classes: FxHashMap<&M::Op, u32> = FxHashMap::default();
        let mut supply_of: Vec<u32> = Vec::new();
        let mut indefinite: Vec<Supply> = Vec::new();
        let mut class_of = Vec::with_capacity(ops.len());
        for (i, op) in ops.iter().enumerate() {
            let next = classes.len() as u32;
            let class = *classes.entry(&op.op).or_insert(next);
            class_of.push(class);
            if class == next {
                supply_of.push(NONE);
            }
            if op.is_indefinite() && !model.reads_only(&op.op) {
                let supply = &mut supply_of[class as usize];
                if *supply == NONE {
                    *supply = indefinite.len() as u32;
                    indefinite.push(Supply {
                        ops: Vec::new(),
                        used: 0,
                    });
                }
                indefinite[*supply as usize].ops.push(i as u32);
            }
        }
        Search {
            model,
            ops,
            events: EventList::new(ops),
            listed: vec![(0, 0); classes.len()],
            class_of,
            supply_of,
            memory: Memory::new(indefinite.len()),
            indefinite,
            state_ids: FxHashMap::default(),
            placed: Vec::new(),
            hash: 0,
            absorbs_before: 0,
            frames: Vec::new(),
            choices: Vec::new(),
            nodes: 0,
            stuck: 0,
            stuck_at: 0,
            stuck_states: Vec::new(),
            longest: Vec::new(),
            shared: 0,
        }
    }

    /// Searches until a linearization is found, none can be, or the budget ends.
    ///
    /// # Errors
    /// The limit that was reached; [`Search::furthest`] then tells what was found by then.
    pub fn run(
        &mut self,
        meter: &mut Meter<'_>,
    ) -> Result<Decision<Furthest<M::State>>, Exhausted> {
        let mut state = self.model.init();
        loop {
            self.place_reads(&state);
            let Some(first_return) = self.events.first_return() else {
                return Ok(Decision::Linearizable);
            };
            meter.step(self.bytes())?;
            let choices = self.choices.len();
            if self.remember(&state) {
                self.note_progress(first_return, &state);
                self.list_choices(first_return, &state);
            }
            self.frames.push(Frame {
                state,
                absorbs_before: self.absorbs_before,
                deadline: self.finish(first_return),
                placed: self.placed.len(),
                choices,
                next: choices,
            });
            match self.next_choice() {
                Some(after) => state = after,
                None => return Ok(Decision::Impossible(self.furthest())),
            }
        }
    }

    /// How far the search has come.
    pub fn furthest(&self) -> Furthest<M::State> {
        let prefix = self.in_order(&self.longest);
        let mut done = vec![false; self.ops.len()];
        for op in &prefix {
            done[*op as usize] = true;
        }
        let mut states = self.stuck_states.clone();
        let begun = self
            .ops
            .iter()
            .zip(done)
            .take_while(|(op, _)| op.start < self.stuck_at);
        for (op, _) in begun.filter(|(_, done)| !done) {
            if states.len() >= STATES_MAX {
                break;
            }
            for state in &self.stuck_states {
                let after = self.model.step(state, &op.op);
                states.extend(after.filter(|after| !states.contains(after)));
            }
        }
        states.truncate(STATES_MAX);
        Furthest {
            stuck: self.stuck as usize,
            states,
            prefix,
        }
    }

    /// The operations in the order of the linearization found.
    pub fn linearization(&self) -> Vec<u32> {
        self.in_order(&self.placed)
    }

    /// Puts what was absorbed where it belongs.
    fn in_order(&self, placed: &[Placed]) -> Vec<u32> {
        let mut order = Vec::with_capacity(placed.len());
        // The last blind write and what follows it, until all it absorbs is known.
        let mut tail = Vec::new();
        for step in placed {
            if step.absorbed {
                order.push(step.op);
                continue;
            }
            if self.model.overwrites(&self.ops[step.op as usize].op) {
                order.append(&mut tail);
            }
            tail.push(step.op);
        }
        order.append(&mut tail);
        order
    }

    /// Configurations visited.
    pub fn visited(&self) -> usize {
        self.memory.len()
    }

    /// Memory held once the next configuration is in it.
    fn bytes(&self) -> u64 {
        let per_op = EventList::BYTES_PER_OP + 3 * size_of::<u32>();
        let ids = &self.state_ids;
        let held = self.memory.bytes()
            + table_bytes::<(M::State, u32)>(ids.len(), ids.capacity())
            + list_bytes(&self.frames, 1)
            + list_bytes(&self.choices, 1)
            + list_bytes(&self.placed, 1)
            + list_bytes(&self.longest, 1)
            + self.ops.len() * per_op;
        held as u64 + self.model.bytes()
    }

    /// Places every pending operation that only reads and fits the state.
    fn place_reads(&mut self, state: &M::State) {
        let mut cursor = self.events.first();
        while let Some(node) = cursor {
            match node {
                Node::Call(op) => {
                    cursor = self.events.after(node);
                    let call = &self.ops[op as usize].op;
                    if self.model.reads_only(call) && self.model.step(state, call).is_some() {
                        if cursor == Some(Node::Return(op)) {
                            cursor = self.events.after(Node::Return(op));
                        }
                        self.place(Placed {
                            op,
                            absorbed: false,
                        });
                    }
                }
                Node::Return(_) => return,
            }
        }
    }

    /// Adds the configuration to those visited; false if it was there.
    fn remember(&mut self, state: &M::State) -> bool {
        let next = self.state_ids.len() as u32;
        let id = match self.state_ids.get(state) {
            Some(id) => *id,
            None => *self.state_ids.entry(state.clone()).or_insert(next),
        };
        let mut key = self.hash ^ zobrist(STATE_KEYS | u64::from(id));
        if let Some(last) = self.last_absorbable() {
            key ^= zobrist(ABSORBABLE_KEYS | u64::from(last));
        }
        let used = self.indefinite.iter().map(|supply| supply.used as u32);
        self.memory.insert(key, used)
    }

    /// The pending operation that starts last of those that can be absorbed: all such that start
    /// before it can be, too.
    fn last_absorbable(&self) -> Option<u32> {
        let mut last = None;
        let mut cursor = self.events.first();
        while let Some(Node::Call(op)) = cursor {
            let call = &self.ops[op as usize];
            if call.start >= self.absorbs_before {
                break;
            }
            if self.model.overwrites(&call.op) {
                last = Some(op);
            }
            cursor = self.events.after(Node::Call(op));
        }
        last
    }

    fn note_progress(&mut self, first_return: u32, state: &M::State) {
        self.nodes += 1;
        let at = self.finish(first_return);
        if at < self.stuck_at {
            return;
        }
        let further = at > self.stuck_at;
        if further {
            self.stuck_at = at;
            self.stuck = first_return;
            self.stuck_states.clear();
        }
        let states = &mut self.stuck_states;
        if states.len() < STATES_MAX && !states.contains(state) {
            states.push(state.clone());
        }
        if further || self.placed.len() > self.longest.len() {
            self.longest.truncate(self.shared);
            self.longest.extend_from_slice(&self.placed[self.shared..]);
            self.shared = self.longest.len();
        }
    }

    /// Goes to the next untried choice, back up the search where one is exhausted.
    fn next_choice(&mut self) -> Option<M::State> {
        loop {
            let frame = self.frames.last_mut()?;
            if let Some(&choice) = self.choices.get(frame.next) {
                frame.next += 1;
                let call = &self.ops[choice.op as usize].op;
                let placed = frame.placed;
                self.absorbs_before = frame.absorbs_before;
                let after = if choice.absorbed {
                    Some(frame.state.clone())
                } else {
                    if self.model.overwrites(call) {
                        self.absorbs_before = frame.deadline;
                    }
                    self.model.step(&frame.state, call)
                };
                self.unplace_to(placed);
                self.place(choice);
                return after;
            }
            self.choices.truncate(frame.choices);
            self.frames.pop();
        }
    }

    fn place(&mut self, step: Placed) {
        self.placed.push(step);
        if self.ops[step.op as usize].is_indefinite() {
            self.supply_mut(step.op).used += 1;
        } else {
            self.events.lift(step.op);
        }
        self.rehash(step.op);
    }

    /// Adds an operation to the hash of those placed, or takes it out.
    fn rehash(&mut self, op: u32) {
        if !(self.memory.counts_kinds() && self.ops[op as usize].is_indefinite()) {
            self.hash ^= zobrist(u64::from(op));
        }
    }

    fn unplace_to(&mut self, len: usize) {
        while self.placed.len() > len {
            let Some(Placed { op, .. }) = self.placed.pop() else {
                return;
            };
            self.rehash(op);
            if self.ops[op as usize].is_indefinite() {
                self.supply_mut(op).used -= 1;
            } else {
                self.events.unlift(op);
            }
        }
        self.shared = self.shared.min(len);
    }

    fn supply_mut(&mut self, op: u32) -> &mut Supply {
        let supply = self.supply_of[self.class_of[op as usize] as usize];
        &mut self.indefinite[supply as usize]
    }

    fn finish(&self, op: u32) -> u32 {
        self.ops[op as usize].finish
    }
}

/// No place in a list.
const NONE: u32 = u32::MAX;

/// Tells the keys of states from those of operations.
pub(super) const STATE_KEYS: u64 = 1 << 63;

/// Tells the keys of what can be absorbed from the others.
const ABSORBABLE_KEYS: u64 = 1 << 62;

/// A fixed random 128-bit number for `key`: two rounds of SplitMix64 (Steele, Lea & Flood, 2014).
pub(super) fn zobrist(key: u64) -> u128 {
    let mix = |seed: u64| {
        let mut z = key.wrapping_mul(0x9e37_79b9_7f4a_7c15).wrapping_add(seed);
        z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    };
    let high = mix(0x243f_6a88_85a3_08d3);
    let low = mix(0x1319_8a2e_0370_7344);
    u128::from(high) << 64 | u128::from(low)
}

#[cfg(test)]
mod tests;
