//! The collections that reads of one key saw, each stored once.
//!
//! Where a store keeps its promise, every read shows a part of what later ones show. So a read is
//! kept as a length: the first elements of a branch. What fits no other is a branch of its own.

use super::codes::Code;

/// Branches looked at for one that a collection fits. What fits none of them is stored whole: a
/// matter of memory, not of the verdict.
pub(super) const BRANCHES_TRIED_MAX: usize = 8;

/// Branches of one key at the most; a broken store has few distinct lies worth telling.
const BRANCHES_MAX: usize = u16::MAX as usize;

/// The first `length` elements of a branch.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) struct BranchRef {
    pub branch: u16,
    pub length: u32,
}

/// Collections of which each is a part of the next.
pub(super) trait Branch: Default {
    fn elements(&self) -> &[Code];

    /// Takes a collection in, if it fits: then it is the first elements, as many as it has.
    fn fit(&mut self, elements: &[Code]) -> bool;
}

#[derive(Debug, Default)]
pub(super) struct Branches<B> {
    pub branches: Vec<B>,
}

impl<B: Branch> Branches<B> {
    /// Stores a collection. `None` where there are too many that contradict each other.
    pub fn store_elements(&mut self, elements: &[Code]) -> Option<BranchRef> {
        let length = elements.len() as u32;
        let mut tried = self.branches.iter_mut().take(BRANCHES_TRIED_MAX);
        if let Some(number) = tried.position(|branch| branch.fit(elements)) {
            let branch = number as u16;
            return Some(BranchRef { branch, length });
        }
        let mut branch = B::default();
        branch.fit(elements);
        self.add(branch)
    }

    pub fn add(&mut self, branch: B) -> Option<BranchRef> {
        if self.branches.len() == BRANCHES_MAX {
            return None;
        }
        let length = branch.elements().len() as u32;
        self.branches.push(branch);
        Some(BranchRef {
            branch: self.branches.len() as u16 - 1,
            length,
        })
    }

    pub fn len(&self) -> usize {
        self.branches.len()
    }

    /// All elements of a branch.
    pub fn branch(&self, number: usize) -> &[Code] {
        self.branches.get(number).map_or(&[], B::elements)
    }

    /// The elements of all branches.
    pub fn all(&self) -> impl Iterator<Item = Code> {
        self.branches.iter().flat_map(|b| b.elements()).copied()
    }

    #[inline]
    pub fn elements(&self, stored: BranchRef) -> &[Code] {
        match self.branches.get(stored.branch as usize) {
            Some(branch) => &branch.elements()[..stored.length as usize],
            None => &[],
        }
    }

    /// The longest branch, the first of several.
    pub fn longest(&self) -> usize {
        let longest = (0..self.branches.len()).rev();
        longest
            .max_by_key(|branch| self.branches[*branch].elements().len())
            .unwrap_or(0)
    }
}
