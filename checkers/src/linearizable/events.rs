//! The events still to be explained, in a doubly linked list.
//!
//! Placing an operation lifts its invocation and completion out, taking it back puts them in again;
//! both take constant time when undone in reverse order (Horn & Kroening 2015, §3; the trick is
//! Knuth's dancing links).

use crate::linearizable::model::Interval;

/// An event of the operation with this number.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Node {
    Call(u32),
    Return(u32),
}

/// The events of the definite operations that are not placed.
pub(crate) struct EventList {
    /// Node `2i` is the call of operation `i`, `2i + 1` its return; the last is the list's end.
    next: Vec<u32>,
    previous: Vec<u32>,
}

impl EventList {
    /// Memory per operation.
    pub const BYTES_PER_OP: usize = 4 * size_of::<u32>();

    /// Indefinite operations are not in the list.
    pub fn new<O>(ops: &[Interval<O>]) -> EventList {
        let mut order: Vec<(u32, u32)> = Vec::with_capacity(2 * ops.len());
        for (i, op) in ops.iter().enumerate() {
            if !op.is_indefinite() {
                order.push((op.start, 2 * i as u32));
                order.push((op.finish, 2 * i as u32 + 1));
            }
        }
        order.sort_unstable();
        let end = 2 * ops.len() as u32;
        let mut list = EventList {
            next: vec![end; 2 * ops.len() + 1],
            previous: vec![end; 2 * ops.len() + 1],
        };
        let mut last = end;
        for (_, node) in order {
            list.join(last, node);
            last = node;
        }
        list.join(last, end);
        list
    }

    pub fn first(&self) -> Option<Node> {
        self.node(self.next[self.end() as usize])
    }

    pub fn after(&self, node: Node) -> Option<Node> {
        let id = match node {
            Node::Call(op) => 2 * op,
            Node::Return(op) => 2 * op + 1,
        };
        self.node(self.next[id as usize])
    }

    /// The operation whose completion comes first, or `None` when nothing is left.
    pub fn first_return(&self) -> Option<u32> {
        let mut cursor = self.first();
        while let Some(node) = cursor {
            match node {
                Node::Return(op) => return Some(op),
                Node::Call(_) => cursor = self.after(node),
            }
        }
        None
    }

    pub fn lift(&mut self, op: u32) {
        for node in [2 * op, 2 * op + 1] {
            self.join(self.previous[node as usize], self.next[node as usize]);
        }
    }

    /// Undoes the last [`EventList::lift`] not undone yet, which must have been of `op`.
    pub fn unlift(&mut self, op: u32) {
        for node in [2 * op + 1, 2 * op] {
            let (previous, next) = (self.previous[node as usize], self.next[node as usize]);
            self.next[previous as usize] = node;
            self.previous[next as usize] = node;
        }
    }

    fn end(&self) -> u32 {
        self.next.len() as u32 - 1
    }

    fn node(&self, id: u32) -> Option<Node> {
        if id == self.end() {
            None
        } else if id.is_multiple_of(2) {
            Some(Node::Call(id / 2))
        } else {
            Some(Node::Return(id / 2))
        }
    }

    fn join(&mut self, left: u32, right: u32) {
        self.next[left as usize] = right;
        self.previous[right as usize] = left;
    }
}
