//! Which operations the search tries next, and in which order.

use crate::linearizable::events::Node;
use crate::linearizable::model::Model;
use crate::linearizable::search::{Placed, Search};

impl<M: Model> Search<'_, M> {
    /// Lists what may be placed next, most promising first.
    pub(super) fn list_choices(&mut self, first_return: u32, state: &M::State) {
        let from = self.choices.len();
        let mut cursor = self.events.first();
        while let Some(Node::Call(op)) = cursor {
            cursor = self.events.after(Node::Call(op));
            self.list_definite(op, first_return, state);
        }
        self.list_indefinite(first_return, state);
        let first = &self.ops[first_return as usize];
        if first.start < self.absorbs_before && self.model.overwrites(&first.op) {
            self.choices.push(Placed {
                op: first_return,
                absorbed: true,
            });
        }
        let mut choices = self.choices.split_off(from);
        choices.sort_by_cached_key(|choice| {
            let rank = self.rank(choice, first_return, state);
            (rank, self.finish(choice.op), choice.op)
        });
        self.choices.append(&mut choices);
    }

    fn list_definite(&mut self, op: u32, first_return: u32, state: &M::State) {
        let call = &self.ops[op as usize].op;
        let Some(after) = self.model.step(state, call) else {
            return;
        };
        let waits = op != first_return && self.model.overwrites(call);
        if waits && !self.is_acted_on(op, first_return, &after) {
            return;
        }
        let class = self.class_of[op as usize] as usize;
        let (node, at) = self.listed[class];
        if node != self.nodes {
            self.listed[class] = (self.nodes, self.choices.len() as u32);
            self.choices.push(Placed {
                op,
                absorbed: false,
            });
        } else if self.finish(op) < self.finish(self.choices[at as usize].op) {
            self.choices[at as usize].op = op;
        }
    }

    /// A guess at what leads on: small is better.
    fn rank(&self, choice: &Placed, first_return: u32, state: &M::State) -> u8 {
        let call = &self.ops[choice.op as usize].op;
        if choice.absorbed {
            return 1;
        }
        let Some(after) = self.model.step(state, call) else {
            return u8::MAX;
        };
        if choice.op == first_return {
            let waited_for = self.is_acted_on(choice.op, first_return, &after);
            return if waited_for { 0 } else { 2 };
        }
        let goal = &self.ops[first_return as usize].op;
        let leads = !self.model.overwrites(goal) && self.model.step(&after, goal).is_some();
        if leads { 0 } else { 3 }
    }

    /// Whether something other than a blind write can come directly after `op`, in the state
    /// `after`.
    fn is_acted_on(&self, op: u32, first_return: u32, after: &M::State) -> bool {
        let acts = |other: u32| {
            let call = &self.ops[other as usize].op;
            !self.model.overwrites(call) && self.model.step(after, call).is_some()
        };
        let mut cursor = self.events.first();
        while let Some(Node::Call(other)) = cursor {
            if other != op && acts(other) {
                return true;
            }
            cursor = self.events.after(Node::Call(other));
        }
        let before = self.finish(first_return);
        (0..self.indefinite.len())
            .filter_map(|supply| self.available(supply, 0, before))
            .any(acts)
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
            let useful = if self.model.overwrites(&self.ops[op as usize].op) {
                let changes = after != *state || self.would_absorb();
                changes && self.is_acted_on(op, first_return, &after)
            } else {
                after != *state && self.is_needed(supply, before, state, &after)
            };
            if useful {
                self.choices.push(Placed {
                    op,
                    absorbed: false,
                });
            }
        }
    }

    /// Whether a blind write placed now absorbs what the last one did not.
    fn would_absorb(&self) -> bool {
        let mut cursor = self.events.first();
        while let Some(Node::Call(op)) = cursor {
            let call = &self.ops[op as usize];
            if call.start >= self.absorbs_before && self.model.overwrites(&call.op) {
                return true;
            }
            cursor = self.events.after(Node::Call(op));
        }
        false
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
}
