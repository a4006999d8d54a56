//! Consistent prefix: every read shows the beginning of one order of all adds, which keeps that of
//! each session (prefix sequential in Viotti & Vukolić, *Consistency in non-transactional
//! distributed storage systems*, ACM CSUR 2016).
//!
//! Of one key the reads then form a chain, each showing all that a shorter one shows. What a read
//! shows comes before what it lacks, through a waypoint for each read of the chain.

use super::history::{AddId, History, Read};
use super::own_order;
use super::rules::{Violation, Why};
use crate::budget::{Exhausted, Meter};
use crate::graph::cycles::shortest_of_any;
use crate::graph::{GraphBuilder, Node, THROUGH, WW};

/// What breaks it: reads that do not begin alike, else a cycle of chains and sessions.
pub(super) fn violations(
    history: &History,
    is_ordered: bool,
    meter: &mut Meter,
) -> Result<Vec<Violation>, Exhausted> {
    let mut found = Vec::new();
    let mut builder = own_order::sessions(history);
    let mut reads: Vec<&Read> = history.reads.iter().collect();
    let completed = |read: &Read| history.spans[read.unit as usize].completed;
    reads.sort_by_key(|read| (read.key, history.shown(read).len(), completed(read)));
    let mut present = vec![0u32; history.adds.len()];
    let mut stamp = 0;
    for same in reads.chunk_by(|a, b| a.key == b.key) {
        let mut placed = 0u32;
        let mut behind: Option<Node> = None;
        let mut last: Option<&Read> = None;
        let first_stamp = stamp + 1;
        for read in same {
            stamp += 1;
            let shown = history.shown(read);
            let mut new = Vec::new();
            for add in shown {
                meter.step(builder.bytes())?;
                if std::mem::replace(&mut present[*add as usize], stamp) < first_stamp {
                    new.push(*add);
                }
            }
            if let Some(last) = last.replace(read) {
                let shorter = history.shown(last);
                let lacks = shorter.iter().find(|add| present[**add as usize] != stamp);
                found.extend(match lacks {
                    Some(add) => Some(Violation::Missing {
                        read: **read,
                        add: *add,
                        why: Why::Shorter,
                    }),
                    None if is_ordered && !shown.starts_with(shorter) => Some(Violation::Forked {
                        read: **read,
                        before: *last,
                    }),
                    None => None,
                });
            }
            let unit = |add: &AddId| history.add(*add).unit;
            let layers = new.chunk_by(|a, b| !is_ordered || unit(a) == unit(b));
            for adds in layers {
                placed += 1;
                behind = Some(layer(history, adds, behind, &mut builder));
            }
        }
        let unread = history.adds_of_key(same[0].key).iter().copied();
        let unread: Vec<AddId> = unread
            .filter(|a| present[*a as usize] < first_stamp)
            .collect();
        if placed > 0 && !unread.is_empty() {
            layer(history, &unread, behind, &mut builder);
        }
    }
    if !found.is_empty() {
        return Ok(found);
    }
    let cycle = shortest_of_any(&builder.build(), history.units() as u32, meter)?;
    found.extend(cycle.map(Violation::Cycle));
    Ok(found)
}

/// Puts adds behind all of the layers before; answers the waypoint behind them.
fn layer(
    history: &History,
    adds: &[AddId],
    behind: Option<Node>,
    builder: &mut GraphBuilder,
) -> Node {
    let next = builder.add_nodes(1);
    if let Some(behind) = behind {
        builder.edge(behind, next, THROUGH);
    }
    for add in adds {
        let unit = history.add(*add).unit;
        if let Some(behind) = behind {
            builder.edge(behind, unit, THROUGH);
        }
        builder.edge(unit, next, WW);
    }
    next
}
