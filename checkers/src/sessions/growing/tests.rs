//! Sets and lists against the definitions taken literally: every order is tried.

mod minimal;

use proptest::prelude::*;

use super::*;
use crate::Value;
use crate::checker::Checker;
use crate::recording::{Recording, anomalies, ints};
use crate::report::Validity;
use crate::sessions::simulated::{self, Object, Shows, Store};
use Guarantee::*;

/// An operation: its session, its key, and an add or what a read shows: bits over the adds of its
/// key, and how far they are turned.
type Shape = (i64, i64, Option<(u8, usize)>);

const KEYS: i64 = 2;

fn shapes() -> impl Strategy<Value = Vec<Shape>> {
    // Most reads show a beginning.
    let bits = prop_oneof![
        4 => prop::sample::select(vec![0u8, 1, 3, 7, 15]),
        1 => any::<u8>(),
    ];
    let turned = prop_oneof![5 => Just(0usize), 1 => 0usize..4];
    let shown = prop::option::weighted(0.5, (bits, turned));
    prop::collection::vec((0..3i64, 0..KEYS, shown), 1..=8)
}

/// Elements are numbers of the operations that add them.
fn recorded(shapes: &[Shape]) -> Recording {
    let mut recording = Recording::default();
    for (at, (session, key, shown)) in shapes.iter().enumerate() {
        let adds = (0..)
            .zip(shapes)
            .filter(|(_, (_, k, s))| k == key && s.is_none());
        let mut elements: Vec<i64> = adds.map(|(at, _)| at).collect();
        let (f, value) = match shown {
            None => ("add", Value::Int(at as i64)),
            Some((bits, turned)) => {
                let turned = turned % elements.len().max(1);
                elements.rotate_left(turned);
                let mut number = 0;
                elements.retain(|_| {
                    number += 1;
                    bits >> (number - 1) & 1 == 1
                });
                ("read", ints(&elements))
            }
        };
        recording.call(*session, f, value);
        for op in recording.ops.iter_mut().rev().take(2) {
            op.key = Some(Value::Int(*key));
        }
    }
    recording
}

fn report(recording: &Recording, guarantee: Guarantee, is_ordered: bool) -> Report {
    let params = Params::default();
    let mut checker = Box::new(match is_ordered {
        true => Growing::lists(guarantee, &params),
        false => Growing::sets(guarantee, &params),
    });
    for op in &recording.ops {
        checker.push(op).expect("a readable operation");
    }
    checker.finish(&Budget::unlimited())
}

/// Operations as numbers, and what must come before what.
struct Oracle<'a> {
    shapes: &'a [Shape],
    /// What each read shows, as numbers of operations.
    shown: Vec<Vec<usize>>,
    is_ordered: bool,
}

type Relation = Vec<Vec<bool>>;

fn close(relation: &mut Relation) {
    for via in 0..relation.len() {
        for from in 0..relation.len() {
            for to in 0..relation.len() {
                relation[from][to] |= relation[from][via] && relation[via][to];
            }
        }
    }
}

impl Oracle<'_> {
    fn is_add(&self, at: usize) -> bool {
        self.shapes[at].2.is_none()
    }

    fn sessions(&self) -> Relation {
        let n = self.shapes.len();
        let before = |a: usize, b: usize| a < b && self.shapes[a].0 == self.shapes[b].0;
        (0..n)
            .map(|a| (0..n).map(|b| before(a, b)).collect())
            .collect()
    }

    fn causality(&self) -> Relation {
        let mut relation = self.sessions();
        for (reader, shown) in self.shown.iter().enumerate() {
            for add in shown {
                relation[*add][reader] = true;
            }
        }
        close(&mut relation);
        relation
    }

    /// Whether some order of `members` that extends `before` passes.
    fn any_order(
        &self,
        members: &[usize],
        before: &Relation,
        placed: &mut Vec<usize>,
        passes: &dyn Fn(&[usize]) -> bool,
    ) -> bool {
        if placed.len() == members.len() {
            return passes(placed);
        }
        members.iter().any(|next| {
            let is_ready = !placed.contains(next)
                && members
                    .iter()
                    .all(|m| !before[*m][*next] || placed.contains(m));
            if !is_ready {
                return false;
            }
            placed.push(*next);
            let found = self.any_order(members, before, placed, passes);
            placed.pop();
            found
        })
    }

    /// Whether a read shows exactly the adds of its key among `earlier`, in their order.
    fn explains(&self, earlier: &[usize], read: usize) -> bool {
        let adds = earlier.iter().copied();
        let adds = adds.filter(|at| self.is_add(*at) && self.shapes[*at].1 == self.shapes[read].1);
        let mut adds: Vec<usize> = adds.collect();
        let mut shown = self.shown[read].clone();
        if !self.is_ordered {
            adds.sort_unstable();
            shown.sort_unstable();
        }
        adds == shown
    }

    fn orders(
        &self,
        members: &[usize],
        before: &Relation,
        passes: &dyn Fn(&[usize]) -> bool,
    ) -> bool {
        let is_cyclic = members.iter().any(|m| before[*m][*m]);
        !is_cyclic && self.any_order(members, before, &mut Vec::new(), passes)
    }

    fn reads(&self) -> Vec<usize> {
        (0..self.shapes.len())
            .filter(|at| !self.is_add(*at))
            .collect()
    }

    /// Whether each read is closed under `asks(shown add or read, other add)` and in its order.
    fn each_closed(&self, asks: &dyn Fn(usize, usize, usize) -> bool) -> bool {
        let adds: Vec<usize> = (0..self.shapes.len())
            .filter(|at| self.is_add(*at))
            .collect();
        self.reads().into_iter().all(|read| {
            // Some set of adds, in some order, that is closed and shows what was shown.
            (0u32..1 << adds.len()).any(|set| {
                let held: Vec<usize> = (0..adds.len())
                    .filter(|bit| set >> bit & 1 == 1)
                    .map(|bit| adds[bit])
                    .collect();
                let n = self.shapes.len();
                let mut before = vec![vec![false; n]; n];
                for other in &adds {
                    if asks(read, read, *other) && !held.contains(other) {
                        return false;
                    }
                    for add in &held {
                        if asks(read, *add, *other) {
                            before[*other][*add] = true;
                            if !held.contains(other) {
                                return false;
                            }
                        }
                    }
                }
                let mut shown = held.clone();
                shown.retain(|at| self.shapes[*at].1 == self.shapes[read].1);
                let mut all = self.shown[read].clone();
                all.sort_unstable();
                shown == all && self.orders(&held, &before, &|order| self.explains(order, read))
            })
        })
    }

    fn holds(&self, guarantee: Guarantee) -> bool {
        let n = self.shapes.len();
        let all: Vec<usize> = (0..n).collect();
        let session = self.sessions();
        let co = self.causality();
        let past = |at: usize| -> Vec<usize> {
            all.iter().copied().filter(|other| co[*other][at]).collect()
        };
        let had_seen = |unit: usize, add: usize| {
            (0..n).any(|read| session[read][unit] && self.shown[read].contains(&add))
        };
        match guarantee {
            ReadYourWrites => {
                self.each_closed(&|read, of, other| of == read && session[other][read])
            }
            MonotonicReads => self.each_closed(&|read, of, other| {
                of == read && had_seen(read, other) && self.shapes[other].1 == self.shapes[read].1
            }),
            MonotonicWrites => {
                self.each_closed(&|_, of, other| self.is_add(of) && session[other][of])
            }
            WritesFollowReads => {
                self.each_closed(&|_, of, other| self.is_add(of) && had_seen(of, other))
            }
            Causal => self.reads().into_iter().all(|read| {
                !co[read][read]
                    && self.orders(&past(read), &co, &|order| self.explains(order, read))
            }),
            CausalConvergence => self.orders(&all, &co, &|order| {
                self.reads().into_iter().all(|read| {
                    let known = order.iter().copied().filter(|at| co[*at][read]);
                    self.explains(&known.collect::<Vec<usize>>(), read)
                })
            }),
            Pram | CausalMemory => self.reads().into_iter().all(|last| {
                let own = |at: &usize| self.shapes[*at].0 == self.shapes[last].0;
                let before = if guarantee == Pram { &session } else { &co };
                let members: Vec<usize> = match guarantee {
                    Pram => all
                        .iter()
                        .copied()
                        .filter(|at| self.is_add(*at) || own(at))
                        .collect(),
                    _ => past(last).into_iter().chain([last]).collect(),
                };
                self.orders(&members, before, &|order| {
                    order.iter().enumerate().all(|(at, unit)| {
                        self.is_add(*unit) || !own(unit) || self.explains(&order[..at], *unit)
                    })
                })
            }),
            ConsistentPrefix => {
                let adds: Vec<usize> = all.iter().copied().filter(|at| self.is_add(*at)).collect();
                self.orders(&adds, &session, &|order| {
                    self.reads().into_iter().all(|read| {
                        (0..=order.len()).any(|length| self.explains(&order[..length], read))
                    })
                })
            }
        }
    }
}

fn oracle<'a>(shapes: &'a [Shape], recording: &Recording, is_ordered: bool) -> Oracle<'a> {
    let shown = |at: usize| match shapes[at].2 {
        None => Vec::new(),
        Some(_) => {
            let items = recording.ops[2 * at + 1]
                .value
                .as_items()
                .expect("elements");
            let numbers = items
                .iter()
                .map(|item| item.as_int().expect("a number") as usize);
            numbers.collect()
        }
    };
    Oracle {
        shapes,
        shown: (0..shapes.len()).map(shown).collect(),
        is_ordered,
    }
}

proptest! {
    #[test]
    fn collections_are_judged_as_by_every_order(shapes in shapes(), is_ordered: bool) {
        let recording = recorded(&shapes);
        let oracle = oracle(&shapes, &recording, is_ordered);
        for (guarantee, name) in Guarantee::NAMES {
            let report = report(&recording, guarantee, is_ordered);
            if guarantee == WritesFollowReads && anomalies(&report) == ["cyclic-causality"] {
                continue;
            }
            let holds = report.validity != Validity::Invalid;
            prop_assert_eq!(holds, oracle.holds(guarantee), "{} {:#?} {:#?}", name, report, shapes);
        }
    }
}

fn numbers(shown: &[usize]) -> Value {
    ints(&shown.iter().map(|add| *add as i64).collect::<Vec<i64>>())
}

/// Sets or lists of simulated stores.
fn objects(is_ordered: bool, test: impl Fn(&Object)) {
    test(&Object {
        shows: Shows::All,
        judge: &|calls, guarantee| {
            let element = |add: usize| Value::Int(add as i64);
            let recording = simulated::recorded(calls, "add", element, numbers);
            report(&recording, guarantee, is_ordered).validity
        },
    });
}

#[test]
fn collections_that_keep_their_promises_are_never_flagged() {
    for is_ordered in [false, true] {
        objects(is_ordered, |collections| {
            let flagged = |store, broken: &[_]| collections.is_flagged_only_for(store, broken);
            flagged(Store::Beginnings, &[]);
            // What differs between orders of sessions, sets do not show.
            let (own, one): (&[_], &[_]) = match is_ordered {
                true => (&[Pram, CausalMemory], &[CausalConvergence]),
                false => (&[], &[]),
            };
            assert!(flagged(Store::Convergent, &[&[ConsistentPrefix], own].concat()) > 0);
            assert!(flagged(Store::Memory, &[&[ConsistentPrefix], one].concat()) > 0);
            let beyond = [Causal, CausalConvergence, CausalMemory, WritesFollowReads];
            assert!(flagged(Store::Pram, &[&beyond[..], &[ConsistentPrefix]].concat()) > 0);
        });
    }
}

#[test]
fn each_break_of_collections_is_caught_at_its_guarantee() {
    let four = [
        ReadYourWrites,
        MonotonicReads,
        MonotonicWrites,
        WritesFollowReads,
    ];
    for is_ordered in [false, true] {
        objects(is_ordered, |collections| {
            collections.is_caught_at_each_of(&four)
        });
    }
}
