//! Definitions taken literally, for small histories: every order is tried.

use super::history::{History, INIT, UnitId};

/// `before[a][b]`: unit `a` must come before unit `b`.
pub(crate) type Relation = Vec<Vec<bool>>;

pub(crate) fn close(relation: &mut Relation) {
    let n = relation.len();
    for via in 0..n {
        for from in 0..n {
            if relation[from][via] {
                let onward = relation[via].clone();
                for (known, more) in relation[from].iter_mut().zip(onward) {
                    *known |= more;
                }
            }
        }
    }
}

pub(crate) fn is_cyclic(relation: &Relation) -> bool {
    (0..relation.len()).any(|at| relation[at][at])
}

/// Session order, and the reads of the sessions `reads_of` holds for; closed.
pub(crate) fn order(history: &History, reads_of: impl Fn(u32) -> bool) -> Relation {
    let n = history.units();
    let mut relation = vec![vec![false; n]; n];
    for a in 0..n as UnitId {
        for b in 0..n as UnitId {
            relation[a as usize][b as usize] |=
                history.session_of(a) == history.session_of(b) && a < b;
        }
        if reads_of(history.session_of(a)) {
            for read in history.reads(a).iter().filter(|read| read.source != INIT) {
                relation[read.source as usize][a as usize] = true;
            }
        }
    }
    close(&mut relation);
    relation
}

pub(crate) fn causality(history: &History) -> Relation {
    order(history, |_| true)
}

/// Whether some order of the `members` that extends the relation passes.
fn any_order(
    members: &[UnitId],
    before: &Relation,
    passes: &mut dyn FnMut(&[UnitId]) -> bool,
) -> bool {
    let mut placed = Vec::new();
    extend(members, before, &mut placed, passes)
}

fn extend(
    members: &[UnitId],
    before: &Relation,
    placed: &mut Vec<UnitId>,
    passes: &mut dyn FnMut(&[UnitId]) -> bool,
) -> bool {
    if placed.len() == members.len() {
        return passes(placed);
    }
    for next in members {
        let is_ready = !placed.contains(next)
            && members
                .iter()
                .all(|other| !before[*other as usize][*next as usize] || placed.contains(other));
        if is_ready {
            placed.push(*next);
            if extend(members, before, placed, passes) {
                return true;
            }
            placed.pop();
        }
    }
    false
}

fn writes(history: &History, unit: UnitId, key: u32) -> bool {
    history.writes(unit).iter().any(|write| write.key == key)
}

/// Whether each read of `unit` returns the last write among `earlier`.
fn explains(history: &History, earlier: &[UnitId], unit: UnitId) -> bool {
    history.reads(unit).iter().all(|read| {
        let mut writers = earlier.iter().rev().copied();
        let last = writers.find(|writer| writes(history, *writer, read.key));
        last.unwrap_or(INIT) == read.source
    })
}

fn all(history: &History) -> Vec<UnitId> {
    (0..history.units() as UnitId).collect()
}

fn past(history: &History, co: &Relation, unit: UnitId) -> Vec<UnitId> {
    let mut units = all(history);
    units.retain(|other| co[*other as usize][unit as usize]);
    units
}

/// Causal consistency: some order of each unit's past explains what it read.
pub(crate) fn is_causal(history: &History) -> bool {
    let co = causality(history);
    !is_cyclic(&co)
        && all(history).iter().all(|unit| {
            any_order(&past(history, &co, *unit), &co, &mut |order| {
                explains(history, order, *unit)
            })
        })
}

/// Causal convergence: one order of everything explains every read by its past.
pub(crate) fn is_convergent(history: &History) -> bool {
    let co = causality(history);
    !is_cyclic(&co)
        && any_order(&all(history), &co, &mut |order| {
            all(history).iter().all(|unit| {
                let known = order.iter().copied();
                let known: Vec<UnitId> = known
                    .filter(|other| co[*other as usize][*unit as usize])
                    .collect();
                explains(history, &known, *unit)
            })
        })
}

/// For each session some order of all its operations and the `others` explains all its reads.
fn each_session(history: &History, before: impl Fn(u32) -> Relation, only_past: bool) -> bool {
    (0..history.sessions() as u32).all(|session| {
        let Some(last) = history.session(session).last() else {
            return true;
        };
        let before = before(session);
        let mut members = all(history);
        members.retain(|unit| *unit == last || !only_past || before[*unit as usize][last as usize]);
        !is_cyclic(&before)
            && any_order(&members, &before, &mut |order| {
                order.iter().enumerate().all(|(at, unit)| {
                    history.session_of(*unit) != session || explains(history, &order[..at], *unit)
                })
            })
    })
}

/// Causal memory.
pub(crate) fn is_causal_memory(history: &History) -> bool {
    each_session(history, |_| causality(history), true)
}

/// PRAM.
pub(crate) fn is_pram(history: &History) -> bool {
    each_session(history, |_| order(history, |_| false), false)
}

/// Whether no read of `unit` from the `since`-th on is older, by `older`, than a write of `seen`.
pub(crate) fn is_fresh(
    history: &History,
    unit: UnitId,
    older: &Relation,
    seen: impl Fn(UnitId) -> bool,
) -> bool {
    history.reads(unit).iter().all(|read| {
        let mut newer = all(history).into_iter().filter(|writer| {
            *writer != unit
                && *writer != read.source
                && seen(*writer)
                && writes(history, *writer, read.key)
        });
        !newer.any(|writer| read.source == INIT || older[read.source as usize][writer as usize])
    })
}

/// A commit order in which the writers that `sees` tells of come before those a unit read from.
pub(crate) fn has_commit_order(
    history: &History,
    sees: impl Fn(UnitId, UnitId, usize) -> bool,
) -> bool {
    let co = causality(history);
    !is_cyclic(&co)
        && any_order(&all(history), &co, &mut |order| {
            let place = |unit: UnitId| order.iter().position(|other| *other == unit);
            all(history).iter().all(|unit| {
                history.reads(*unit).iter().enumerate().all(|(at, read)| {
                    all(history).iter().all(|other| {
                        let counts = *other != read.source
                            && *other != *unit
                            && writes(history, *other, read.key)
                            && sees(*unit, *other, at);
                        let is_earlier = read.source != INIT && place(*other) < place(read.source);
                        !counts || is_earlier
                    })
                })
            })
        })
}
