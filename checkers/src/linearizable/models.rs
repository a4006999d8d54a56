//! The objects whose histories can be checked, a file each.

pub(crate) mod container;
mod counter;
mod fenced_lock;
mod gaps;
mod key_value;
mod log;
mod multi_register;
mod mutex;
mod priority_queue;
pub(crate) mod queue;
mod semaphore;
mod set;
pub(crate) mod stack;
mod unordered_queue;

#[cfg(test)]
mod tests;

pub(crate) use container::Containers;
pub(crate) use counter::Counters;
pub(crate) use fenced_lock::FencedLocks;
pub(crate) use key_value::KeyValues;
pub(crate) use log::Logs;
pub(crate) use multi_register::MultiRegisters;
pub(crate) use mutex::Mutexes;
pub(crate) use priority_queue::PriorityQueue;
pub(crate) use queue::Queue;
pub(crate) use semaphore::Semaphores;
pub(crate) use set::Sets;
pub(crate) use stack::Stack;
pub(crate) use unordered_queue::UnorderedQueue;

use crate::Op;
use crate::checker::OpError;

/// The number an event carries.
fn number(op: &Op) -> Result<i64, OpError> {
    op.value.as_int().ok_or_else(|| {
        let problem = format!("the value of `{}` is {}", op.f, op.value);
        OpError::new(op, problem, "a whole number")
    })
}

/// The number an event carries, or `absent` where it carries nil.
fn number_or(op: &Op, absent: i64) -> Result<i64, OpError> {
    if op.value.is_nil() {
        return Ok(absent);
    }
    number(op)
}

/// Bytes a list holds on the heap.
fn heap_of<T>(list: &Vec<T>) -> usize {
    list.capacity() * size_of::<T>()
}
