//! Edges from each of many sources to each of many targets, in linear space.
//!
//! A transaction may be source and target (it read a value and replaced it), and must not depend on
//! itself, so one waypoint between all will not do. Instead the targets get two chains of
//! waypoints, one that leads to a target and all before it, one to it and all after it; a source
//! that is a target enters the chains beside itself.

use rustc_hash::FxHashMap;

use super::{GraphBuilder, Kinds, Node, THROUGH};

/// Up to this many pairs, edges of their own are cheaper than waypoints.
const DIRECT_PAIRS_MAX: usize = 16;

/// Makes every target follow every source by its kind. Targets are distinct.
pub(crate) fn fan(builder: &mut GraphBuilder, sources: &[(Node, Kinds)], targets: &[Node]) {
    let few = targets.len() == 1 || sources.len() == 1;
    if few || sources.len() * targets.len() <= DIRECT_PAIRS_MAX {
        for (source, kind) in sources {
            for target in targets {
                builder.edge(*source, *target, *kind);
            }
        }
        return;
    }
    let count = targets.len() as u32;
    let before = builder.add_nodes(count);
    let after = builder.add_nodes(count);
    for (at, target) in (0..count).zip(targets) {
        builder.edge(before + at, *target, THROUGH);
        builder.edge(after + at, *target, THROUGH);
        if at > 0 {
            builder.edge(before + at, before + at - 1, THROUGH);
            builder.edge(after + at - 1, after + at, THROUGH);
        }
    }
    let places: FxHashMap<Node, u32> = targets.iter().copied().zip(0..).collect();
    for (source, kind) in sources {
        match places.get(source) {
            None => builder.edge(*source, after, *kind),
            Some(&place) => {
                if place > 0 {
                    builder.edge(*source, before + place - 1, *kind);
                }
                if place + 1 < count {
                    builder.edge(*source, after + place + 1, *kind);
                }
            }
        }
    }
}
