//! The lists that reads of one key saw, each stored once.
//!
//! Where a store keeps its promise every read is a prefix of the longest, so a read is kept as a
//! length and a history of long lists takes little memory. Lists that fit no other are branches of
//! their own.

use super::codes::{Code, Codes};
use crate::Value;

/// Branches looked at for one that a list fits. What fits none of them is stored whole: a matter of
/// memory, not of the verdict.
const BRANCHES_TRIED_MAX: usize = 8;

/// A list: the first `length` elements of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct ListRef {
    pub branch: u16,
    pub length: u32,
}

/// Branches of one key at the most; a broken store has few distinct lies worth telling.
const BRANCHES_MAX: usize = u16::MAX as usize;

#[derive(Debug, Default)]
pub(super) struct Lists {
    pub branches: Vec<Vec<Code>>,
}

impl Lists {
    /// Stores a list. `None` where there are too many that contradict each other.
    pub fn store(&mut self, items: &[Value], codes: &mut Codes) -> Option<ListRef> {
        let length = items.len() as u32;
        for (number, branch) in self
            .branches
            .iter_mut()
            .take(BRANCHES_TRIED_MAX)
            .enumerate()
        {
            let both = branch.len().min(items.len());
            let fits = |(known, item): (&Code, &Value)| match item {
                Value::Int(n) if *n >= 0 && *n < i64::from(super::codes::NIL) => {
                    *known == *n as u32
                }
                other => *known == codes.code(other),
            };
            if branch[..both].iter().zip(items).all(fits) {
                branch.extend(items[both..].iter().map(|item| codes.code(item)));
                let branch = number as u16;
                return Some(ListRef { branch, length });
            }
        }
        if self.branches.len() == BRANCHES_MAX {
            return None;
        }
        let branch = self.branches.len() as u16;
        let list = items.iter().map(|item| codes.code(item)).collect();
        self.branches.push(list);
        Some(ListRef { branch, length })
    }

    pub fn elements(&self, list: ListRef) -> &[Code] {
        match self.branches.get(list.branch as usize) {
            Some(branch) => &branch[..list.length as usize],
            None => &[],
        }
    }

    /// The longest branch, the first of several.
    pub fn longest(&self) -> usize {
        let longest = (0..self.branches.len()).rev();
        longest
            .max_by_key(|branch| self.branches[*branch].len())
            .unwrap_or(0)
    }
}
