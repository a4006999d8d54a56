//! Whether lists fit one order of all that a session sees, keys taken together.
//!
//! For itself a session sees all operations it knows of in one order: those of each session in
//! theirs, or in causal order; each of its reads behind what it shows and before what it does not;
//! and what lists show in the order of the lists. Such an order exists iff that is not cyclic.

use super::history::{AddId, History, Read};
use crate::budget::{Exhausted, Meter};
use crate::graph::cycles::{Edge, shortest_of_any};
use crate::graph::{GraphBuilder, PROCESS, RW, THROUGH, WR, WW};

/// A cycle of what `session` must see, if there is one. Its reads of each key must begin alike.
pub(super) fn cycle(
    history: &History,
    session: u32,
    mut builder: GraphBuilder,
    meter: &mut Meter,
) -> Result<Option<Vec<Edge>>, Exhausted> {
    let units = history.session(session);
    let mut reads: Vec<&Read> = units.flat_map(|unit| history.reads_of(unit)).collect();
    reads.sort_by_key(|read| (read.key, history.shown(read).len()));
    let unit_of = |add: &AddId| history.add(*add).unit;
    for same in reads.chunk_by(|a, b| a.key == b.key) {
        let longest = history.shown(same[same.len() - 1]);
        for pair in longest.windows(2) {
            meter.step(builder.bytes())?;
            builder.edge(unit_of(&pair[0]), unit_of(&pair[1]), WW);
        }
        let mut complete = None;
        for read in same {
            let length = history.shown(read).len();
            if let Some(last) = length.checked_sub(1) {
                builder.edge(unit_of(&longest[last]), read.unit, WR);
            }
            match longest.get(length) {
                Some(next) => builder.edge(read.unit, unit_of(next), RW),
                None => {
                    let behind = *complete.get_or_insert_with(|| builder.add_nodes(1));
                    builder.edge(read.unit, behind, RW);
                }
            }
        }
        if let Some(behind) = complete {
            let mut shown = longest.to_vec();
            shown.sort_unstable();
            for add in history.adds_of_key(same[0].key) {
                meter.step(builder.bytes())?;
                if shown.binary_search(add).is_err() {
                    builder.edge(behind, unit_of(add), THROUGH);
                }
            }
        }
    }
    shortest_of_any(&builder.build(), history.units() as u32, meter)
}

/// The order of each session.
pub(super) fn sessions(history: &History) -> GraphBuilder {
    let mut builder = GraphBuilder::with_nodes(history.units() as u32);
    for unit in 1..history.units() as u32 {
        if history.session_of[unit as usize - 1] == history.session_of[unit as usize] {
            builder.edge(unit - 1, unit, PROCESS);
        }
    }
    builder
}
