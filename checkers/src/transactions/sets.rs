//! Sets that reads of one key saw, each a part of a chain of sets that only grow.
//!
//! A chain keeps its elements in a row in which every set it has is a beginning. Between two sizes
//! at which it was seen nothing tells which element came first, so there a smaller set may still be
//! put in front: its elements change places with others, and no beginning that was seen changes.

use std::collections::BTreeSet;

use rustc_hash::FxHashMap;

use super::branches::{Branch, BranchRef, Branches};
use super::codes::{Code, Codes};
use super::part::Given;

pub(super) type Sets = Branches<Chain>;

/// Sets of which each is a part of the next.
#[derive(Debug, Default)]
pub(super) struct Chain {
    row: Vec<Code>,
    places: FxHashMap<Code, u32>,
    /// Sizes at which it was seen.
    pub sizes: BTreeSet<u32>,
}

impl Branch for Chain {
    #[inline]
    fn elements(&self) -> &[Code] {
        &self.row
    }

    /// A set fits where each of the chain is a part of it, or the other way round. Its elements
    /// must be distinct.
    fn fit(&mut self, set: &[Code]) -> bool {
        let size = set.len() as u32;
        let mut places: Vec<u32> = set.iter().filter_map(|e| self.place(*e)).collect();
        if places.len() == self.row.len() {
            for element in set {
                let next = self.row.len() as u32;
                if *self.places.entry(*element).or_insert(next) == next {
                    self.row.push(*element);
                }
            }
        } else if places.len() < set.len() || !self.put_in_front(&mut places) {
            return false;
        }
        self.sizes.insert(size);
        true
    }
}

impl Chain {
    pub fn place(&self, element: Code) -> Option<u32> {
        self.places.get(&element).copied()
    }

    /// Makes a beginning of the row of the elements at these places; false where a set that was
    /// seen forbids that.
    fn put_in_front(&mut self, places: &mut Vec<u32>) -> bool {
        let size = places.len() as u32;
        let smaller = self
            .sizes
            .range(..=size)
            .next_back()
            .map_or(0, |size| *size);
        let larger = self.sizes.range(size..).next().copied();
        let larger = larger.unwrap_or(self.row.len() as u32);
        if places.iter().any(|place| *place >= larger) {
            return false;
        }
        places.retain(|place| *place >= smaller);
        if places.len() as u32 > size - smaller {
            return false;
        }
        // The places from here to `size` take elements from behind, in exchange for their own.
        places.sort_unstable();
        for (to, from) in (smaller..).zip(places) {
            if *from != to {
                self.row.swap(*from as usize, to as usize);
                self.places.insert(self.row[*from as usize], *from);
                self.places.insert(self.row[to as usize], to);
            }
        }
        true
    }

    /// The size of a set of the chain that contradicts this one: neither is a part of the other.
    pub fn contradicted(&self, set: &[Code]) -> Option<u32> {
        let mut places: Vec<u32> = set.iter().filter_map(|e| self.place(*e)).collect();
        places.sort_unstable();
        let missing = (0..).zip(&places).find(|(at, place)| at != *place);
        let missing = missing.map_or(places.len() as u32, |(at, _)| at);
        let last = match places.len() < set.len() {
            true => u32::MAX,
            false => places.last().copied().unwrap_or(0),
        };
        self.sizes
            .range(missing + 1..)
            .next()
            .copied()
            .filter(|size| *size <= last)
    }
}

impl Sets {
    /// Stores a set, and says which element it was given twice, if any. `None` where there are too
    /// many that contradict each other.
    pub fn store(&mut self, set: Given, codes: &mut Codes) -> Option<(BranchRef, Option<Code>)> {
        let mut elements = set.elements(codes);
        elements.sort_unstable();
        let repeated = elements.windows(2).find(|pair| pair[0] == pair[1]);
        let repeated = repeated.map(|pair| pair[0]);
        elements.dedup();
        Some((self.store_elements(&elements)?, repeated))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;

    fn is_part(one: &BTreeSet<Code>, other: &BTreeSet<Code>) -> bool {
        one.is_subset(other) || other.is_subset(one)
    }

    proptest! {
        /// A chain takes a set if and only if it is comparable to all it took before, and every
        /// set stays the beginning of its size.
        #[test]
        fn a_chain_holds_what_grows(
            sets in prop::collection::vec(prop::collection::btree_set(0u32..6, 0..6), 0..12),
        ) {
            let mut chain = Chain::default();
            let mut taken: Vec<BTreeSet<Code>> = Vec::new();
            for set in sets {
                let elements: Vec<Code> = set.iter().copied().collect();
                let fits = taken.iter().all(|other| is_part(&set, other));
                let against = chain.contradicted(&elements);
                prop_assert_eq!(against.is_none(), fits, "{:?} {:?}", chain, set);
                if let Some(size) = against {
                    let other = chain.row[..size as usize].iter().copied().collect();
                    prop_assert!(taken.contains(&other) && !is_part(&set, &other));
                }
                prop_assert_eq!(chain.fit(&elements), fits, "{:?} {:?}", chain, set);
                if fits {
                    taken.push(set);
                }
                for set in &taken {
                    let beginning = chain.row[..set.len()].iter().copied().collect();
                    prop_assert_eq!(set, &beginning);
                }
            }
        }
    }

    #[test]
    fn a_set_comes_back_however_it_came() {
        let mut codes = Codes::default();
        let mut sets = Sets::default();
        let (stored, repeated) = sets.store(Given::Digits(b"7 3 7"), &mut codes).unwrap();
        assert_eq!((sets.elements(stored).len(), repeated), (2, Some(7)));
        let (same, repeated) = sets.store(Given::Digits(b"3 7"), &mut codes).unwrap();
        assert_eq!((same, repeated), (stored, None));
        let (other, _) = sets.store(Given::Digits(b"7"), &mut codes).unwrap();
        assert_eq!(sets.elements(other), [7]);
        let (apart, _) = sets.store(Given::Digits(b"3"), &mut codes).unwrap();
        assert_eq!((apart.branch, sets.elements(apart)), (1, &[3][..]));
    }
}
