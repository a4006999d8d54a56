//! Moments at which a container can be empty of certain elements.
//!
//! An element occupies its container from the latest moment at which it may have been put to the
//! earliest at which it may have been taken, both excluded; never, if these cross. Occupied
//! positions are joined in a forest of "next free position" (Tarjan's disjoint sets with path
//! compression), so that a sequence of n questions and occupations takes O(n α(n)).

use crate::linearizable::vocabulary::{Contradiction, Piece};

/// The free positions of a history.
pub(super) struct Gaps {
    /// A position that is free maps to itself, an occupied one towards the next that is free.
    next: Vec<u32>,
}

impl Gaps {
    /// All positions up to `last` are free.
    pub fn new(last: u32) -> Gaps {
        Gaps {
            next: (0..=last + 1).collect(),
        }
    }

    /// The first free position not before `from`; `None` if there is none up to the last.
    pub fn first(&mut self, from: u32) -> Option<u32> {
        let end = self.next.len() as u32 - 1;
        let mut at = from.min(end);
        while self.next[at as usize] != at {
            let after = self.next[at as usize];
            self.next[at as usize] = self.next[after as usize];
            at = after;
        }
        (at < end).then_some(at)
    }

    /// Occupies the positions between the two.
    pub fn occupy(&mut self, after: u32, before: u32) {
        let before = before.min(self.next.len() as u32 - 1);
        let mut at = after.saturating_add(1);
        while at < before {
            match self.first(at) {
                Some(free) if free < before => {
                    self.next[free as usize] = free + 1;
                    at = free + 1;
                }
                _ => return,
            }
        }
    }
}

/// A contradiction about one operation and others it names at the end of its reason.
pub(super) fn untold(about: u32, others: &[u32], reason: &str) -> Contradiction {
    let mut told = vec![Piece::text(reason)];
    for (i, other) in others.iter().enumerate() {
        told.push(Piece::text(if i == 0 { " the " } else { " and the " }));
        told.push(Piece::Told(*other));
    }
    Contradiction {
        about,
        story: [&[about], others].concat(),
        reason: told,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_lies_between_is_occupied() {
        let mut gaps = Gaps::new(10);
        gaps.occupy(2, 5);
        assert_eq!(gaps.first(2), Some(2));
        assert_eq!(gaps.first(3), Some(5));
        gaps.occupy(1, 4);
        gaps.occupy(4, 7);
        assert_eq!(gaps.first(2), Some(7));
        gaps.occupy(6, u32::MAX);
        assert_eq!(gaps.first(2), None);
        assert_eq!(gaps.first(0), Some(0));
        gaps.occupy(5, 5);
        gaps.occupy(u32::MAX, u32::MAX);
        assert_eq!(gaps.first(1), Some(1));
    }
}
