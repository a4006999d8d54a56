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
//! - of equal pending operations only the one that must finish first is tried;
//! - an indefinite operation is tried only if something can come next that needs its effect: placed
//!   before anything else, it could as well be left out.
//!
//! A configuration is remembered by a 128-bit Zobrist hash (Zobrist, 1970) of its set and its state.
//! With `n` configurations, two collide with probability below n²/2¹²⁹.

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

use crate::budget::{Exhausted, Meter};
use crate::linearizable::events::{EventList, Node};
use crate::linearizable::model::{Decision, Interval, Model};

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
    /// For each class with indefinite operations its place in `indefinite`.
    supply_of: FxHashMap<u32, u32>,
    indefinite: Vec<Supply>,
    /// Ids of states met, for hashing.
    state_ids: FxHashMap<M::State, u32>,
    visited: FxHashSet<u128>,
    placed: Vec<u32>,
    hash: u128,
    frames: Vec<Frame<M::State>>,
    choices: Vec<u32>,
    /// Per class: the node count at which it was last listed, and where in `choices`.
    listed: Vec<(u64, u32)>,
    nodes: u64,
    furthest: Furthest<M::State>,
    furthest_at: u32,
    /// Placed operations shared with the furthest prefix.
    shared: usize,
}

/// Equal indefinite operations in the order of their invocations, and how many are placed.
struct Supply {
    ops: Vec<u32>,
    used: usize,
}

struct Frame<S> {
    state: S,
    placed: usize,
    choices: usize,
    next: usize,
}

impl<'a, M: Model> Search<'a, M> {
    /// `ops` in the order of their starts.
    pub fn new(model: &'a M, ops: &'a [Interval<M::Op>]) -> Search<'a, M> {
        debug_assert!(ops.is_sorted_by_key(|op| op.start));
        let mut classes: FxHashMap<&M::Op, u32> = FxHashMap::default();
        let mut supply_of: FxHashMap<u32, u32> = FxHashMap::default();
        let mut indefinite: Vec<Supply> = Vec::new();
        let mut class_of = Vec::with_capacity(ops.len());
        for (i, op) in ops.iter().enumerate() {
            let next = classes.len() as u32;
            let class = *classes.entry(&op.op).or_insert(next);
            class_of.push(class);
            if op.is_indefinite() && !model.reads_only(&op.op) {
                let next = indefinite.len() as u32;
                let supply = *supply_of.entry(class).or_insert(next);
                if supply == next {
                    indefinite.push(Supply {
                        ops: Vec::new(),
                        used: 0,
                    });
                }
                indefinite[supply as usize].ops.push(i as u32);
            }
        }
        Search {
            model,
            ops,
            events: EventList::new(ops),
            listed: vec![(0, 0); classes.len()],
            class_of,
            supply_of,
            indefinite,
            state_ids: FxHashMap::default(),
            visited: FxHashSet::with_hasher(FxBuildHasher),
            placed: Vec::new(),
            hash: 0,
            frames: Vec::new(),
            choices: Vec::new(),
            nodes: 0,
            furthest: Furthest {
                stuck: 0,
                states: Vec::new(),
                prefix: Vec::new(),
            },
            furthest_at: 0,
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
                placed: self.placed.len(),
                choices,
                next: choices,
            });
            match self.next_choice() {
                Some(after) => state = after,
                None => return Ok(Decision::Impossible(self.furthest.clone())),
            }
        }
    }

    /// How far the search has come.
    pub fn furthest(&self) -> &Furthest<M::State> {
        &self.furthest
    }

    /// The operations in the order of the linearization found.
    pub fn linearization(&self) -> &[u32] {
        &self.placed
    }

    /// Configurations visited.
    pub fn visited(&self) -> usize {
        self.visited.len()
    }

    fn bytes(&self) -> u64 {
        let per_visited = size_of::<u128>() + 1;
        let per_op = EventList::BYTES_PER_OP + 2 * size_of::<u32>();
        (self.visited.capacity() * per_visited
            + self.frames.capacity() * size_of::<Frame<M::State>>()
            + self.choices.capacity() * size_of::<u32>()
            + self.ops.len() * per_op) as u64
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
                        self.place(op);
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
        self.visited
            .insert(self.hash ^ zobrist(STATE_KEYS | u64::from(id)))
    }

    fn note_progress(&mut self, first_return: u32, state: &M::State) {
        self.nodes += 1;
        let at = self.finish(first_return);
        if at < self.furthest_at {
            return;
        }
        let further = at > self.furthest_at;
        if further {
            self.furthest_at = at;
            self.furthest.stuck = first_return as usize;
            self.furthest.states.clear();
        }
        let states = &mut self.furthest.states;
        if states.len() < STATES_MAX && !states.contains(state) {
            states.push(state.clone());
        }
        let prefix = &mut self.furthest.prefix;
        if further || self.placed.len() > prefix.len() {
            prefix.truncate(self.shared);
            prefix.extend_from_slice(&self.placed[prefix.len()..]);
            self.shared = prefix.len();
        }
    }

    /// Lists what may be placed next: what lets the first return happen before the rest, earlier
    /// deadlines first, indefinite operations last.
    fn list_choices(&mut self, first_return: u32, state: &M::State) {
        let from = self.choices.len();
        let mut cursor = self.events.first();
        while let Some(Node::Call(op)) = cursor {
            cursor = self.events.after(Node::Call(op));
            if self.model.step(state, &self.ops[op as usize].op).is_none() {
                continue;
            }
            let class = self.class_of[op as usize] as usize;
            let (node, at) = self.listed[class];
            if node != self.nodes {
                self.listed[class] = (self.nodes, self.choices.len() as u32);
                self.choices.push(op);
            } else if self.finish(op) < self.finish(self.choices[at as usize]) {
                self.choices[at as usize] = op;
            }
        }
        self.list_indefinite(first_return, state);
        let (model, ops) = (self.model, self.ops);
        let goal = &ops[first_return as usize].op;
        self.choices[from..].sort_by_cached_key(|&op| {
            let op_after = model.step(state, &ops[op as usize].op);
            let leads = op == first_return
                || op_after.is_some_and(|after| model.step(&after, goal).is_some());
            (!leads, ops[op as usize].finish, op)
        });
    }

    fn list_indefinite(&mut self, first_return: u32, state: &M::State) {
        let before = self.finish(first_return);
        for supply in 0..self.indefinite.len() {
            let Some(op) = self.available(supply, 0, before) else {
                continue;
            };
            let Some(after) = self.model.step(state, &self.ops[op as usize].op) else {
                continue;
            };
            if after != *state && self.is_needed(supply, before, state, &after) {
                self.choices.push(op);
            }
        }
    }

    /// The indefinite operation of this kind that is tried after `ahead` others of its kind.
    fn available(&self, supply: usize, ahead: usize, before: u32) -> Option<u32> {
        let supply = &self.indefinite[supply];
        let op = *supply.ops.get(supply.used + ahead)?;
        (self.ops[op as usize].start < before).then_some(op)
    }

    /// Whether something that can come next does otherwise in `after` than in `state`.
    fn is_needed(&self, supply: usize, before: u32, state: &M::State, after: &M::State) -> bool {
        let differs = |op: u32| {
            let op = &self.ops[op as usize].op;
            let then = self.model.step(after, op);
            then.is_some() && then != self.model.step(state, op)
        };
        let mut cursor = self.events.first();
        while let Some(Node::Call(op)) = cursor {
            if differs(op) {
                return true;
            }
            cursor = self.events.after(Node::Call(op));
        }
        (0..self.indefinite.len())
            .filter_map(|other| self.available(other, usize::from(other == supply), before))
            .any(differs)
    }

    /// Goes to the next untried choice, back up the search where one is exhausted.
    fn next_choice(&mut self) -> Option<M::State> {
        loop {
            let frame = self.frames.last_mut()?;
            let (placed, next) = (frame.placed, frame.next);
            if next < self.choices.len() {
                frame.next += 1;
                let op = self.choices[next];
                let after = self.model.step(&frame.state, &self.ops[op as usize].op);
                self.unplace_to(placed);
                self.place(op);
                return after;
            }
            self.choices.truncate(frame.choices);
            self.frames.pop();
        }
    }

    fn place(&mut self, op: u32) {
        self.hash ^= zobrist(u64::from(op));
        self.placed.push(op);
        if self.ops[op as usize].is_indefinite() {
            self.supply_mut(op).used += 1;
        } else {
            self.events.lift(op);
        }
    }

    fn unplace_to(&mut self, len: usize) {
        while self.placed.len() > len {
            let Some(op) = self.placed.pop() else { return };
            self.hash ^= zobrist(u64::from(op));
            if self.ops[op as usize].is_indefinite() {
                self.supply_mut(op).used -= 1;
            } else {
                self.events.unlift(op);
            }
        }
        self.shared = self.shared.min(len);
    }

    fn supply_mut(&mut self, op: u32) -> &mut Supply {
        let supply = self.supply_of[&self.class_of[op as usize]];
        &mut self.indefinite[supply as usize]
    }

    fn finish(&self, op: u32) -> u32 {
        self.ops[op as usize].finish
    }
}

/// Tells the keys of states from those of operations.
const STATE_KEYS: u64 = 1 << 63;

/// A fixed random 128-bit number for `key`: two rounds of SplitMix64 (Steele, Lea & Flood, 2014).
fn zobrist(key: u64) -> u128 {
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
