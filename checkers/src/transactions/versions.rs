//! What is known of the order of the values of one register.
//!
//! Versions are numbered, the initial one is 0. Each reason for one version to come before another
//! is an edge: the initial version comes first; a transaction that read one value and wrote another
//! put it after; and what the user vouches for ([`Assume`]): that each key keeps the order of every
//! session, or the order of real time.

use crate::budget::{Exhausted, Meter};
use crate::graph::components::{Components, components};
use crate::graph::{GraphBuilder, Kinds};

/// Stated properties of single keys, from which the order of their versions is inferred.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Assume {
    /// Each key is sequentially consistent: versions follow the order of each process.
    pub sequential_keys: bool,
    /// Each key is linearizable: versions follow real time.
    pub linearizable_keys: bool,
    /// A transaction's write follows what it read of the key before, even where not even reads of
    /// committed values are promised.
    pub wfr_keys: bool,
}

impl Assume {
    /// The names `--assume` takes.
    pub const NAMES: [&str; 3] = ["sequential-keys", "linearizable-keys", "wfr-keys"];

    /// Adds an assumption by name; false if there is none of that name.
    pub fn add(&mut self, name: &str) -> bool {
        match name {
            "sequential-keys" => self.sequential_keys = true,
            "linearizable-keys" => self.linearizable_keys = true,
            "wfr-keys" => self.wfr_keys = true,
            _ => return false,
        }
        true
    }
}

/// Why one version precedes another, as kinds of edges.
pub(super) const INITIAL: Kinds = 1;
pub(super) const WFR: Kinds = 1 << 1;
pub(super) const SESSION: Kinds = 1 << 2;
pub(super) const REAL_TIME: Kinds = 1 << 3;

/// How a transaction touched a register.
#[derive(Debug, Clone, Copy)]
pub(super) struct Touch {
    pub process: i64,
    pub begin: u32,
    pub end: u32,
    /// Session and real-time order know of it.
    pub is_timed: bool,
    /// The version it found there, or left if it only wrote.
    pub first: u32,
    /// The version it left, or found if it only read.
    pub last: u32,
}

/// Edges between versions: from, to, why.
pub(super) type Orders = Vec<(u32, u32, Kinds)>;

/// Each session's touches in their order. Of touches in order of invocation.
pub(super) fn session_order(touches: &[Touch], orders: &mut Orders) {
    let mut by_process: Vec<&Touch> = touches.iter().filter(|touch| touch.is_timed).collect();
    by_process.sort_by_key(|touch| touch.process);
    for pair in by_process.windows(2) {
        if pair[0].process == pair[1].process && pair[0].last != pair[1].first {
            orders.push((pair[0].last, pair[1].first, SESSION));
        }
    }
}

/// Touches that ended before others began. Only the frontier is kept, those not followed by
/// another that has ended too, so edges are as many as touches times what runs at once.
pub(super) fn real_time_order(touches: &[Touch], orders: &mut Orders) {
    let timed = || touches.iter().filter(|touch| touch.is_timed);
    let mut ends: Vec<&Touch> = timed().filter(|t| t.end != super::history::NEVER).collect();
    ends.sort_by_key(|touch| touch.end);
    let mut ends = ends.into_iter().peekable();
    let mut frontier: Vec<&Touch> = Vec::new();
    for touch in timed() {
        while let Some(ended) = ends.next_if(|ended| ended.end < touch.begin) {
            frontier.retain(|before| before.end > ended.begin);
            frontier.push(ended);
        }
        for before in &frontier {
            if before.last != touch.first {
                orders.push((before.last, touch.first, REAL_TIME));
            }
        }
    }
}

/// The components of versions that precede each other, by the reasons in `mask`.
pub(super) fn cyclic(
    versions: u32,
    orders: &Orders,
    mask: Kinds,
    meter: &mut Meter,
) -> Result<Components, Exhausted> {
    let mut builder = GraphBuilder::with_nodes(versions);
    for (from, to, why) in orders {
        builder.edge(*from, *to, *why);
    }
    for version in 1..versions {
        builder.edge(0, version, INITIAL);
    }
    components(&builder.build(), mask, meter)
}
