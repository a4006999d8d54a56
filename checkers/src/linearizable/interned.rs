//! Models with large states, made cheap: a state is a number and each step is computed once.
//!
//! Knossos memoizes the whole automaton before its search; here a step is remembered when the
//! search first takes it, since most are never taken.

use std::cell::RefCell;

use rustc_hash::FxHashMap;

use crate::linearizable::model::Model;

/// The number of a state.
pub type StateId = u32;

/// `M` with numbered states. Lives on one thread.
pub struct Interned<M: Model> {
    model: M,
    /// Bytes that a state holds on the heap.
    heap: fn(&M::State) -> usize,
    table: RefCell<Table<M>>,
}

struct Table<M: Model> {
    ids: FxHashMap<M::State, StateId>,
    states: Vec<M::State>,
    ops: FxHashMap<M::Op, u32>,
    steps: FxHashMap<(StateId, u32), Option<StateId>>,
    heap_bytes: usize,
}

impl<M: Model> Interned<M> {
    /// `heap` tells how many bytes a state holds beside its own size.
    pub fn new(model: M, heap: fn(&M::State) -> usize) -> Interned<M> {
        Interned {
            model,
            heap,
            table: RefCell::new(Table {
                ids: FxHashMap::default(),
                states: Vec::new(),
                ops: FxHashMap::default(),
                steps: FxHashMap::default(),
                heap_bytes: 0,
            }),
        }
    }

    /// The state of this number.
    pub fn state(&self, id: StateId) -> M::State {
        self.table.borrow().states[id as usize].clone()
    }

    fn id(&self, state: M::State) -> StateId {
        let mut table = self.table.borrow_mut();
        if let Some(id) = table.ids.get(&state) {
            return *id;
        }
        let id = table.states.len() as StateId;
        // Each state is held twice: in the list and as a key.
        table.heap_bytes += 2 * (self.heap)(&state);
        table.states.push(state.clone());
        table.ids.insert(state, id);
        id
    }
}

impl<M: Model> Model for Interned<M> {
    type State = StateId;
    type Op = M::Op;

    fn init(&self) -> StateId {
        self.id(self.model.init())
    }

    fn step(&self, state: &StateId, op: &M::Op) -> Option<StateId> {
        let key = {
            let table = &mut *self.table.borrow_mut();
            let next = table.ops.len() as u32;
            let op = match table.ops.get(op) {
                Some(id) => *id,
                None => *table.ops.entry(op.clone()).or_insert(next),
            };
            if let Some(after) = table.steps.get(&(*state, op)) {
                return *after;
            }
            (*state, op)
        };
        let after = self
            .model
            .step(&self.table.borrow().states[*state as usize], op);
        let after = after.map(|after| self.id(after));
        self.table.borrow_mut().steps.insert(key, after);
        after
    }

    fn reads_only(&self, op: &M::Op) -> bool {
        self.model.reads_only(op)
    }

    fn overwrites(&self, op: &M::Op) -> bool {
        self.model.overwrites(op)
    }

    fn bytes(&self) -> u64 {
        let table = self.table.borrow();
        let step = size_of::<((StateId, u32), Option<StateId>)>() + 1;
        let state = 2 * size_of::<M::State>() + size_of::<StateId>() + 1;
        let held = table.steps.capacity() * step + table.states.capacity() * state;
        (held + table.heap_bytes) as u64
    }
}
