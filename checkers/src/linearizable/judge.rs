//! Decides key after key, on all threads there are; explains only thereafter.
//!
//! Evidence is made once every key is decided, so that neither a shrinking history nor a witness
//! that is hard to find takes time from a decision, or makes one unknown.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::Value as Json;

use crate::budget::{Budget, Exhausted, Meter};
use crate::linearizable::calls::Calls;
use crate::linearizable::evidence::Teller;
use crate::linearizable::explain::{Cause, Stuck, explain};
use crate::linearizable::model::{Decision, Interval};
use crate::linearizable::search::Search;
use crate::linearizable::summary;
use crate::linearizable::vocabulary::Vocabulary;
use crate::report::{Finding, Report, Validity, Witness};
use crate::story;

/// The name of the general method in figures.
const SEARCH: &str = "search";

/// Decides the keys of a history.
pub(crate) struct Judge<'a, V: Vocabulary> {
    pub history: &'a Calls<V>,
    budget: Budget<'a>,
    pub witness: bool,
    order: Vec<u32>,
    offsets: Vec<u32>,
}

/// The answer about one key.
pub(crate) struct Outcome {
    pub key: u32,
    pub method: &'static str,
    pub verdict: Verdict,
    /// Configurations a search visited.
    pub visited: usize,
}

pub(crate) enum Verdict {
    /// With an order, if one was asked for and came with the decision.
    Valid(Option<Vec<u32>>),
    Invalid(Cause),
    /// With how far it came, for programs.
    Unknown(Exhausted, Json),
    /// No direct method applies.
    Waiting {
        operations: usize,
    },
}

impl<'a, V: Vocabulary> Judge<'a, V> {
    pub fn new(history: &'a Calls<V>, budget: &Budget<'a>, witness: bool) -> Judge<'a, V> {
        let (order, offsets) = history.by_key();
        Judge {
            history,
            budget: *budget,
            witness,
            order,
            offsets,
        }
    }

    /// Decides every key: first those that need no search, then the others, small ones first, so
    /// that one hard key does not use up the time the others need.
    pub fn decide(&self) -> Vec<Outcome> {
        let keys: Vec<u32> = (0..self.history.keys.len() as u32)
            .filter(|key| !self.calls(*key).is_empty())
            .collect();
        let mut outcomes = self.on_all_threads(&keys, |key| self.decide_directly(*key));
        let mut waiting: Vec<(usize, u32)> = outcomes
            .iter()
            .filter_map(|outcome| match outcome.verdict {
                Verdict::Waiting { operations } => Some((operations, outcome.key)),
                _ => None,
            })
            .collect();
        waiting.sort_unstable();
        outcomes.retain(|outcome| !matches!(outcome.verdict, Verdict::Waiting { .. }));
        outcomes.extend(self.on_all_threads(&waiting, |(_, key)| self.search(*key)));
        outcomes.sort_unstable_by_key(|outcome| outcome.key);
        outcomes
    }

    /// Sums the outcomes up and adds the evidence there is.
    pub fn conclude(&self, outcomes: &[Outcome], report: &mut Report) {
        summary::conclude(self, outcomes, report);
        match report.validity {
            Validity::Invalid => report.findings = self.explain_first(outcomes),
            Validity::Valid if self.witness => self.add_witnesses(outcomes, report),
            _ => {}
        }
    }

    /// What `make` makes of every item, in any order.
    pub fn on_all_threads<I: Sync, T: Send>(
        &self,
        items: &[I],
        make: impl Fn(&I) -> T + Sync,
    ) -> Vec<T> {
        let next = AtomicUsize::new(0);
        let all = Mutex::new(Vec::with_capacity(items.len()));
        let job = || {
            let mut mine = Vec::new();
            while let Some(item) = items.get(next.fetch_add(1, Ordering::Relaxed)) {
                mine.push(make(item));
            }
            all.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .append(&mut mine);
        };
        if items.len() < 2 {
            job();
        } else {
            self.budget.workers.run(&job);
        }
        all.into_inner().unwrap_or_else(PoisonError::into_inner)
    }

    fn calls(&self, key: u32) -> &[u32] {
        let key = key as usize;
        &self.order[self.offsets[key] as usize..self.offsets[key + 1] as usize]
    }

    /// The operations of a key that matter.
    pub fn operations(&self, key: u32) -> Vec<Interval<V::Op>> {
        let calls = self.calls(key);
        let mut ops = Vec::with_capacity(calls.len());
        ops.extend(calls.iter().filter_map(|call| self.history.interval(*call)));
        self.history.vocabulary.prune(&mut ops);
        ops
    }

    /// The call of each operation: both are in the order of their starts.
    pub fn calls_of(&self, key: u32, ops: &[Interval<V::Op>]) -> Vec<u32> {
        let mut ops = ops.iter().peekable();
        let mut is_next = |call: &u32| {
            let start = self.history.calls[*call as usize].start;
            ops.next_if(|op| op.start == start).is_some()
        };
        let calls = self.calls(key).iter().copied();
        calls.filter(|call| is_next(call)).collect()
    }

    /// Calls `tell` with a teller of the key.
    pub fn told<T>(
        &self,
        key: u32,
        ops: &[Interval<V::Op>],
        tell: impl FnOnce(&Teller<'_, V>) -> T,
    ) -> T {
        tell(&Teller {
            history: self.history,
            key,
            ops,
            calls: &self.calls_of(key, ops),
        })
    }

    /// The share of one thread in the budget.
    pub fn meter(&self) -> Meter<'a> {
        let mut budget = self.budget;
        budget.bytes /= budget.workers.count().max(1) as u64;
        budget.meter()
    }

    /// The answer about a key that there was no time to look at.
    fn not_begun(&self, key: u32, exhausted: Exhausted) -> Outcome {
        let teller = Teller {
            history: self.history,
            key,
            ops: &[],
            calls: self.calls(key),
        };
        Outcome {
            key,
            method: "none",
            verdict: Verdict::Unknown(exhausted, teller.unfinished(exhausted, None, 0)),
            visited: 0,
        }
    }

    fn decide_directly(&self, key: u32) -> Outcome {
        let mut meter = self.meter();
        if let Err(exhausted) = meter.check_clock() {
            return self.not_begun(key, exhausted);
        }
        let ops = self.operations(key);
        let vocabulary = &self.history.vocabulary;
        let direct = vocabulary.decide(&ops, self.witness, &mut meter);
        let (method, verdict) = match direct {
            Ok(None) => {
                let operations = ops.len();
                (SEARCH, Verdict::Waiting { operations })
            }
            Ok(Some(direct)) => {
                let verdict = match direct.outcome {
                    Ok(order) => Verdict::Valid(order),
                    Err(found) => Verdict::Invalid(Cause::Contradiction(direct.method, found)),
                };
                (direct.method, verdict)
            }
            Err(exhausted) => return self.not_begun(key, exhausted),
        };
        Outcome {
            key,
            method,
            verdict,
            visited: 0,
        }
    }

    fn search(&self, key: u32) -> Outcome {
        let mut meter = self.meter();
        if let Err(exhausted) = meter.check_clock() {
            return self.not_begun(key, exhausted);
        }
        let ops = self.operations(key);
        let model = self.history.vocabulary.model();
        let mut search = Search::new(&model, &ops);
        let outcome = search.run(&mut meter);
        let stuck = |furthest| Stuck::new(&self.history.vocabulary, &model, furthest);
        let verdict = match outcome {
            Ok(Decision::Linearizable) => {
                Verdict::Valid(self.witness.then(|| search.linearization()))
            }
            Ok(Decision::Impossible(furthest)) => {
                Verdict::Invalid(Cause::Stuck(SEARCH, stuck(furthest)))
            }
            Err(exhausted) => {
                let stuck = stuck(search.furthest());
                let far = self.told(key, &ops, |teller| {
                    teller.unfinished(exhausted, Some(&stuck), search.visited())
                });
                Verdict::Unknown(exhausted, far)
            }
        };
        Outcome {
            key,
            method: SEARCH,
            verdict,
            visited: search.visited(),
        }
    }

    /// Findings about the keys that went wrong first, in the order of the history.
    fn explain_first(&self, outcomes: &[Outcome]) -> Vec<Finding> {
        let mut wrong: Vec<(u32, u32, &Cause)> = outcomes
            .iter()
            .filter_map(|outcome| match &outcome.verdict {
                Verdict::Invalid(cause) => {
                    let ops = self.operations(outcome.key);
                    let at = ops[cause.about() as usize].finish;
                    Some((at, outcome.key, cause))
                }
                _ => None,
            })
            .collect();
        wrong.sort_unstable_by_key(|(at, key, _)| (*at, *key));
        wrong.truncate(Report::FINDINGS_MAX);
        let mut findings = self.on_all_threads(&wrong, |(at, key, cause)| {
            (*at, *key, explain(self, *key, cause, wrong.len()))
        });
        findings.sort_by_key(|(at, key, _)| (*at, *key));
        findings
            .into_iter()
            .map(|(_, _, finding)| finding)
            .collect()
    }

    /// An order for every key; one that cannot be found in time is missing, with a warning.
    fn add_witnesses(&self, outcomes: &[Outcome], report: &mut Report) {
        let mut witnesses = self.on_all_threads(outcomes, |outcome| {
            let Verdict::Valid(order) = &outcome.verdict else {
                return (outcome.key, None);
            };
            (outcome.key, self.witness(outcome.key, order.as_deref()))
        });
        witnesses.sort_unstable_by_key(|(key, _)| *key);
        let missing = witnesses
            .iter()
            .filter(|(_, order)| order.is_none())
            .count();
        report.witness = witnesses
            .into_iter()
            .filter_map(|(_, order)| order)
            .collect();
        if missing > 0 {
            report.warnings.push(format!(
                "no witness for {missing} of {} keys: each is valid, but an order was not found \
                 within the budget",
                outcomes.len()
            ));
        }
    }

    /// The order given, or else one that a search finds, if replaying it explains every operation.
    fn witness(&self, key: u32, order: Option<&[u32]>) -> Option<Witness> {
        let ops = self.operations(key);
        let order = match order {
            Some(order) => order.to_vec(),
            None => {
                let model = self.history.vocabulary.model();
                let mut search = Search::new(&model, &ops);
                search.run(&mut self.meter()).ok()?;
                search.linearization()
            }
        };
        if !self.history.vocabulary.replays(&ops, &order) {
            return None;
        }
        Some(self.told(key, &ops, |teller| Witness {
            key: story::json(self.history.keys.value(key)),
            ops: order.iter().map(|op| teller.index(*op)).collect(),
            states: self.history.vocabulary.tell_states(&ops, &order),
        }))
    }
}
