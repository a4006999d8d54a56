//! Edges from many sources to the targets below a bound of each, in space that is linear but for a
//! logarithm.
//!
//! The targets, sorted, are the leaves of a binary tree of waypoints; a range of them is a few
//! subtrees. A source that is a target itself takes the ranges before and behind its own places.

use rustc_hash::FxHashMap;

use super::{GraphBuilder, Kinds, Node, THROUGH};
use crate::budget::{Exhausted, Meter};

/// Makes every target whose number is less than a source's follow that source.
pub(crate) fn below(
    builder: &mut GraphBuilder,
    sources: &[(i128, Node)],
    targets: &mut Vec<(i128, Node)>,
    kind: Kinds,
    meter: &mut Meter,
) -> Result<(), Exhausted> {
    let most = sources.iter().map(|(bound, _)| *bound).max();
    targets.retain(|(number, _)| most.is_some_and(|most| *number < most));
    if targets.is_empty() {
        return Ok(());
    }
    targets.sort_unstable();
    let mut places: FxHashMap<Node, Vec<usize>> = FxHashMap::default();
    for (place, (_, target)) in targets.iter().enumerate() {
        places.entry(*target).or_default().push(place);
    }
    let tree = Tree::new(builder, targets);
    for (bound, source) in sources {
        meter.step(builder.bytes())?;
        let end = targets.partition_point(|(number, _)| number < bound);
        let mut begin = 0;
        for place in places.get(source).into_iter().flatten() {
            if *place < end {
                tree.edges(builder, *source, kind, begin..*place);
                begin = place + 1;
            }
        }
        tree.edges(builder, *source, kind, begin..end);
    }
    Ok(())
}

/// Node 1 is the root, the children of `n` are `2 n` and `2 n + 1`; the last half are the leaves.
struct Tree<'t> {
    leaves: &'t [(i128, Node)],
    first: Node,
}

impl<'t> Tree<'t> {
    fn new(builder: &mut GraphBuilder, leaves: &'t [(i128, Node)]) -> Tree<'t> {
        let first = builder.add_nodes(leaves.len() as u32);
        let tree = Tree { leaves, first };
        for parent in 1..leaves.len() {
            for child in [2 * parent, 2 * parent + 1] {
                builder.edge(tree.node(parent), tree.node(child), THROUGH);
            }
        }
        tree
    }

    fn node(&self, number: usize) -> Node {
        match number.checked_sub(self.leaves.len()) {
            Some(leaf) => self.leaves[leaf].1,
            None => self.first + number as Node,
        }
    }

    fn edges(
        &self,
        builder: &mut GraphBuilder,
        source: Node,
        kind: Kinds,
        range: std::ops::Range<usize>,
    ) {
        let mut begin = range.start + self.leaves.len();
        let mut end = range.end + self.leaves.len();
        while begin < end {
            if begin % 2 == 1 {
                builder.edge(source, self.node(begin), kind);
                begin += 1;
            }
            if end % 2 == 1 {
                end -= 1;
                builder.edge(source, self.node(end), kind);
            }
            begin /= 2;
            end /= 2;
        }
    }
}
