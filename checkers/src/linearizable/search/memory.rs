//! The configurations a search has met.
//!
//! A configuration that has used fewer indefinite operations than another, all else alike, can go
//! on wherever that can: what it left is still there, and never has to happen. So where kinds of
//! indefinite operations are few, the counts used of each are kept, and a configuration counts as
//! met if one with no more of any kind was. Without this, a history whose every value was written
//! indefinitely some hundred times has as many configurations as ways to count them.

use rustc_hash::{FxBuildHasher, FxHashMap, FxHashSet};

/// Kinds of indefinite operations whose counts are compared; with more, counts are part of the
/// hash, which costs less memory.
const KINDS_MAX: usize = 64;

/// The end of a list of counts.
const NONE: u32 = u32::MAX;

/// What was met.
pub(crate) enum Memory {
    /// Hashes of whole configurations.
    Hashes(FxHashSet<u128>),
    Counts(Counts),
}

/// For each hash of a configuration without its counts, a list of the counts it was met with.
pub(crate) struct Counts {
    first: FxHashMap<u128, u32>,
    /// The counts of each place in a list, one after another.
    counts: Vec<u32>,
    next: Vec<u32>,
    kinds: usize,
}

impl Memory {
    /// `kinds` of indefinite operations.
    pub fn new(kinds: usize) -> Memory {
        if kinds == 0 || kinds > KINDS_MAX {
            return Memory::Hashes(FxHashSet::with_hasher(FxBuildHasher));
        }
        Memory::Counts(Counts {
            first: FxHashMap::default(),
            counts: Vec::new(),
            next: Vec::new(),
            kinds,
        })
    }

    /// Whether hashes are to leave the indefinite operations out.
    pub fn counts_kinds(&self) -> bool {
        matches!(self, Memory::Counts(_))
    }

    /// Adds a configuration; false if it, or a better one, was there. `used`: how many operations
    /// of each kind it has used.
    pub fn insert(&mut self, hash: u128, used: impl Iterator<Item = u32> + Clone) -> bool {
        match self {
            Memory::Hashes(hashes) => hashes.insert(hash),
            Memory::Counts(counts) => counts.insert(hash, used),
        }
    }

    /// Configurations in it.
    pub fn len(&self) -> usize {
        match self {
            Memory::Hashes(hashes) => hashes.len(),
            Memory::Counts(counts) => counts.next.len(),
        }
    }

    /// Memory it holds once one more is in it.
    pub fn bytes(&self) -> usize {
        match self {
            Memory::Hashes(hashes) => table_bytes::<u128>(hashes.len(), hashes.capacity()),
            Memory::Counts(counts) => {
                let table = table_bytes::<(u128, u32)>(counts.first.len(), counts.first.capacity());
                let lists = list_bytes(&counts.counts, counts.kinds) + list_bytes(&counts.next, 1);
                table + lists
            }
        }
    }
}

/// Memory of a hash table with one more entry: growing, it holds the old entries and twice as many
/// places.
pub(crate) fn table_bytes<T>(len: usize, capacity: usize) -> usize {
    let grown = if len == capacity {
        3 * capacity
    } else {
        capacity
    };
    grown * (size_of::<T>() + 1) * 8 / 7
}

/// The same of a list with `more` entries.
pub(crate) fn list_bytes<T>(list: &Vec<T>, more: usize) -> usize {
    let grows = list.len() + more > list.capacity();
    let places = if grows {
        3 * list.capacity()
    } else {
        list.capacity()
    };
    places * size_of::<T>()
}

impl Counts {
    fn insert(&mut self, hash: u128, used: impl Iterator<Item = u32> + Clone) -> bool {
        let first = self.first.entry(hash).or_insert(NONE);
        let mut at = *first;
        while at != NONE {
            let from = at as usize * self.kinds;
            let met = &mut self.counts[from..from + self.kinds];
            if met.iter().zip(used.clone()).all(|(met, used)| *met <= used) {
                return false;
            }
            if met.iter().zip(used.clone()).all(|(met, used)| used <= *met) {
                met.iter_mut().zip(used).for_each(|(met, used)| *met = used);
                return true;
            }
            at = self.next[at as usize];
        }
        self.next.push(*first);
        *first = self.next.len() as u32 - 1;
        self.counts.extend(used);
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fewer_used_is_better() {
        let mut memory = Memory::new(2);
        let mut insert = |hash, used: [u32; 2]| memory.insert(hash, used.into_iter());
        assert!(insert(7, [1, 2]));
        assert!(!insert(7, [1, 2]));
        assert!(!insert(7, [3, 2]));
        assert!(insert(8, [3, 2]));
        assert!(insert(7, [0, 5]));
        assert!(insert(7, [0, 4]));
        assert!(!insert(7, [0, 5]));
        assert!(insert(7, [1, 1]));
        assert_eq!(memory.len(), 3);
    }
}
