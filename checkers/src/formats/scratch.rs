//! Room that one operation leaves to the next.
//!
//! A transaction is a list of lists; made and dropped for every operation, they cost as much as
//! reading it. Whoever reads into the same operation again gets their allocations back.

use std::mem;

use crate::value::{MicroOps, Value};

/// Lists kept for the next operation, and the members each may have room for.
const SPARE_LISTS_MAX: usize = 256;
const SPARE_MEMBERS_MAX: usize = 256;

#[derive(Default)]
pub(super) struct Scratch {
    /// Empty lists.
    spare: Vec<Vec<Value>>,
    packed: Option<Box<MicroOps>>,
}

impl Scratch {
    /// An empty list.
    #[inline]
    pub fn list(&mut self) -> Vec<Value> {
        self.spare.pop().unwrap_or_default()
    }

    /// Keeps an empty list for its room.
    #[inline]
    pub fn keep(&mut self, list: Vec<Value>) {
        let few = self.spare.len() < SPARE_LISTS_MAX;
        if few && (1..=SPARE_MEMBERS_MAX).contains(&list.capacity()) {
            self.spare.push(list);
        }
    }

    /// An empty transaction.
    #[inline]
    pub fn packed(&mut self) -> Box<MicroOps> {
        let mut packed = self.packed.take().unwrap_or_default();
        packed.clear();
        packed
    }

    /// Keeps a transaction for its room.
    #[inline]
    pub fn keep_packed(&mut self, packed: Box<MicroOps>) {
        self.packed = Some(packed);
    }

    /// Takes a value apart.
    #[inline]
    pub fn recycle(&mut self, value: Value) {
        match value {
            // Most values are numbers: they need no dropping, and it is not worth the call.
            Value::Nil | Value::Bool(_) | Value::Int(_) | Value::Float(_) => mem::forget(value),
            Value::List(members) | Value::Set(members) => self.recycle_list(members),
            Value::Packed(packed) => self.keep_packed(packed),
            other => drop(other),
        }
    }

    fn recycle_list(&mut self, mut members: Vec<Value>) {
        // Only looked at while in place: moving numbers to drop them would cost more than reading.
        while let Some(last) = members.last() {
            let is_number = matches!(last, Value::Int(_));
            match members.pop() {
                number if is_number => mem::forget(number),
                Some(other) => self.recycle(other),
                None => {}
            }
        }
        self.keep(members);
    }
}
