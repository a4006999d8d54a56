//! Elements by rank, in segment trees: the questions the decision of a stack asks, each answered
//! in logarithmic time.

use std::ops::Range;

/// A rank that was taken out counts as covered this often.
const TAKEN_OUT: i32 = i32::MAX / 2;

/// The greatest value of a range of ranks, and the rank that has it.
pub(super) struct Greatest {
    /// A heap-shaped tree: the leaf of rank `r` is node `leaves + r`. Each node holds value and
    /// rank in one number, so that the greatest of two is a comparison.
    nodes: Vec<u64>,
    leaves: usize,
}

impl Greatest {
    /// Of no rank any value is known.
    pub fn none(ranks: usize) -> Greatest {
        let leaves = ranks.next_power_of_two();
        Greatest {
            nodes: vec![0; 2 * leaves],
            leaves,
        }
    }

    pub fn of(values: impl ExactSizeIterator<Item = u32>) -> Greatest {
        let mut tree = Greatest::none(values.len());
        for (rank, value) in values.enumerate() {
            tree.nodes[tree.leaves + rank] = packed(rank, value);
        }
        for node in (1..tree.leaves).rev() {
            tree.nodes[node] = tree.nodes[2 * node].max(tree.nodes[2 * node + 1]);
        }
        tree
    }

    /// Values are greater than 0, which means that there is none.
    pub fn set(&mut self, rank: usize, value: u32) {
        let mut node = self.leaves + rank;
        self.nodes[node] = packed(rank, value);
        while node > 1 {
            node /= 2;
            let greatest = self.nodes[2 * node].max(self.nodes[2 * node + 1]);
            if self.nodes[node] == greatest {
                return;
            }
            self.nodes[node] = greatest;
        }
    }

    /// The greatest value of these ranks and its rank; 0 where none has a value.
    pub fn among(&self, ranks: &Range<usize>) -> (u32, usize) {
        let (mut low, mut high) = (self.leaves + ranks.start, self.leaves + ranks.end);
        let mut greatest = 0;
        while low < high {
            if low % 2 == 1 {
                greatest = greatest.max(self.nodes[low]);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                greatest = greatest.max(self.nodes[high]);
            }
            low /= 2;
            high /= 2;
        }
        ((greatest >> 32) as u32, greatest as u32 as usize)
    }
}

fn packed(rank: usize, value: u32) -> u64 {
    if value == 0 {
        return 0;
    }
    u64::from(value) << 32 | rank as u64
}

/// How often each rank is covered, and where the first is that is not.
pub(super) struct Coverage {
    /// The least count below each node, without what `added` says of the nodes above it.
    least: Vec<i32>,
    /// Added to all ranks below a node.
    added: Vec<i32>,
    leaves: usize,
}

impl Coverage {
    /// No rank is covered.
    pub fn none(ranks: usize) -> Coverage {
        let leaves = ranks.next_power_of_two();
        Coverage {
            least: vec![0; 2 * leaves],
            added: vec![0; 2 * leaves],
            leaves,
        }
    }

    pub fn cover(&mut self, ranks: Range<usize>) {
        self.add(ranks, 1);
    }

    pub fn uncover(&mut self, ranks: Range<usize>) {
        self.add(ranks, -1);
    }

    /// The rank is never uncovered again.
    pub fn take_out(&mut self, rank: usize) {
        self.add(rank..rank + 1, TAKEN_OUT);
    }

    fn add(&mut self, ranks: Range<usize>, count: i32) {
        let (first, last) = (self.leaves + ranks.start, self.leaves + ranks.end);
        let (mut low, mut high) = (first, last);
        while low < high {
            if low % 2 == 1 {
                self.add_to(low, count);
                low += 1;
            }
            if high % 2 == 1 {
                high -= 1;
                self.add_to(high, count);
            }
            low /= 2;
            high /= 2;
        }
        if first < last {
            self.refresh_above(first);
            self.refresh_above(last - 1);
        }
    }

    fn add_to(&mut self, node: usize, count: i32) {
        self.least[node] += count;
        self.added[node] += count;
    }

    fn refresh_above(&mut self, leaf: usize) {
        let mut node = leaf / 2;
        while node > 0 {
            let below = self.least[2 * node].min(self.least[2 * node + 1]);
            self.least[node] = below + self.added[node];
            node /= 2;
        }
    }

    /// The first of these ranks that is not covered.
    pub fn first_bare(&self, ranks: &Range<usize>) -> Option<usize> {
        self.first_below(1, 0..self.leaves, 0, ranks)
    }

    /// The same among the ranks below a node, `above` being what was added to all of them.
    fn first_below(
        &self,
        node: usize,
        of_node: Range<usize>,
        above: i32,
        ranks: &Range<usize>,
    ) -> Option<usize> {
        let apart = of_node.end <= ranks.start || ranks.end <= of_node.start;
        if apart || self.least[node] + above > 0 {
            return None;
        }
        if of_node.len() == 1 {
            return Some(of_node.start);
        }
        let above = above + self.added[node];
        let middle = of_node.start.midpoint(of_node.end);
        self.first_below(2 * node, of_node.start..middle, above, ranks)
            .or_else(|| self.first_below(2 * node + 1, middle..of_node.end, above, ranks))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_greatest_of_a_range_is_found_after_changes() {
        let mut tree = Greatest::of([3, 9, 4, 9, 1].into_iter());
        assert_eq!(tree.among(&(0..5)), (9, 3));
        assert_eq!(tree.among(&(0..3)), (9, 1));
        tree.set(3, 0);
        tree.set(1, 2);
        assert_eq!(tree.among(&(0..5)), (4, 2));
        assert_eq!(tree.among(&(3..4)), (0, 0));
        assert_eq!(tree.among(&(4..4)), (0, 0));
        assert_eq!(Greatest::none(2).among(&(0..2)), (0, 0));
    }

    #[test]
    fn coverage_agrees_with_counting() {
        let mut coverage = Coverage::none(13);
        let mut counts = [0i32; 13];
        let ranges = [0..13, 2..5, 4..9, 0..1, 12..13, 5..5, 3..12];
        for change in [1, 1, -1, -1] {
            for range in ranges.clone() {
                counts[range.clone()].iter_mut().for_each(|c| *c += change);
                match change {
                    1 => coverage.cover(range),
                    _ => coverage.uncover(range),
                }
                for from in 0..13 {
                    let bare = (from..13).find(|rank| counts[*rank] == 0);
                    assert_eq!(coverage.first_bare(&(from..13)), bare);
                }
            }
        }
        coverage.take_out(0);
        coverage.take_out(1);
        assert_eq!(coverage.first_bare(&(0..13)), Some(2));
        assert_eq!(coverage.first_bare(&(0..2)), None);
    }
}
