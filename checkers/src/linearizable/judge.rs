//! Decides key after key, on all threads there are, and sums up.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value as Json, json};

use crate::budget::{Budget, Exhausted};
use crate::linearizable::calls::Calls;
use crate::linearizable::evidence::Teller;
use crate::linearizable::minimal;
use crate::linearizable::model::{Decision, Interval, replays};
use crate::linearizable::search::Search;
use crate::linearizable::vocabulary::Vocabulary;
use crate::report::{Finding, Report, Validity, Witness};
use crate::story;

/// Keys named in the figures of a report.
const KEYS_LISTED_MAX: usize = 100;

/// The name of the general method in figures.
const SEARCH: &str = "search";

/// Decides the keys of a history.
pub(crate) struct Judge<'a, V: Vocabulary> {
    history: &'a Calls<V>,
    budget: Budget<'a>,
    witness: bool,
    order: Vec<u32>,
    offsets: Vec<u32>,
}

/// The answer about one key.
struct Outcome {
    key: u32,
    method: &'static str,
    verdict: Verdict,
    /// Configurations a search visited.
    visited: usize,
}

enum Verdict {
    Valid(Option<Witness>),
    Invalid(Finding),
    Unknown {
        exhausted: Exhausted,
        operations: usize,
        linearized: usize,
    },
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
    pub fn decide_all(&self, report: &mut Report) {
        let keys: Vec<u32> = (0..self.history.keys.len() as u32)
            .filter(|key| !self.calls(*key).is_empty())
            .collect();
        let mut outcomes = self.on_all_threads(&keys, |key| self.decide_directly(key));
        let mut waiting: Vec<(usize, u32)> = outcomes
            .iter()
            .filter_map(|outcome| match outcome.verdict {
                Verdict::Waiting { operations } => Some((operations, outcome.key)),
                _ => None,
            })
            .collect();
        waiting.sort_unstable();
        let waiting: Vec<u32> = waiting.into_iter().map(|(_, key)| key).collect();
        outcomes.retain(|outcome| !matches!(outcome.verdict, Verdict::Waiting { .. }));
        outcomes.extend(self.on_all_threads(&waiting, |key| self.search(key)));
        outcomes.sort_unstable_by_key(|outcome| outcome.key);
        report.figure("calls", self.history.calls.len());
        report.figure("ok", self.history.succeeded);
        report.figure("keys", keys.len());
        conclude(self, outcomes, report);
    }

    /// What `decide` says of every key, in any order.
    fn on_all_threads(&self, keys: &[u32], decide: impl Fn(u32) -> Outcome + Sync) -> Vec<Outcome> {
        let next = AtomicUsize::new(0);
        let all = Mutex::new(Vec::with_capacity(keys.len()));
        let job = || {
            let mut mine = Vec::new();
            while let Some(key) = keys.get(next.fetch_add(1, Ordering::Relaxed)) {
                mine.push(decide(*key));
            }
            all.lock()
                .unwrap_or_else(PoisonError::into_inner)
                .append(&mut mine);
        };
        if keys.len() < 2 {
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
    fn operations(&self, key: u32) -> Vec<Interval<V::Op>> {
        let calls = self.calls(key).iter();
        let mut ops: Vec<_> = calls
            .filter_map(|call| self.history.interval(*call))
            .collect();
        self.history.vocabulary.prune(&mut ops);
        ops
    }

    /// The call of each operation: both are in the order of their starts.
    fn calls_of(&self, key: u32, ops: &[Interval<V::Op>]) -> Vec<u32> {
        let mut ops = ops.iter().peekable();
        let mut is_next = |call: &u32| {
            let start = self.history.calls[*call as usize].start;
            ops.next_if(|op| op.start == start).is_some()
        };
        let calls = self.calls(key).iter().copied();
        calls.filter(|call| is_next(call)).collect()
    }

    /// Calls `tell` with a teller of the key.
    fn told<T>(
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

    fn decide_directly(&self, key: u32) -> Outcome {
        let ops = self.operations(key);
        let direct = self.history.vocabulary.decide(&ops, self.witness);
        let (method, verdict) = match direct {
            None => (
                SEARCH,
                Verdict::Waiting {
                    operations: ops.len(),
                },
            ),
            Some(direct) => {
                let verdict = match direct.outcome {
                    // A witness was asked for and the method makes none.
                    Ok(None) if self.witness => return self.search(key),
                    Ok(order) => Verdict::Valid(self.witnessed(key, &ops, order)),
                    Err(found) => Verdict::Invalid(self.told(key, &ops, |teller| {
                        teller.contradiction(direct.method, &found)
                    })),
                };
                (direct.method, verdict)
            }
        };
        Outcome {
            key,
            method,
            verdict,
            visited: 0,
        }
    }

    fn search(&self, key: u32) -> Outcome {
        let ops = self.operations(key);
        let model = self.history.vocabulary.model();
        let mut budget = self.budget;
        budget.bytes /= budget.workers.count().max(1) as u64;
        let mut meter = budget.meter();
        let mut search = Search::new(&model, &ops);
        let outcome = meter.check_clock().and_then(|()| search.run(&mut meter));
        let verdict = match outcome {
            Ok(Decision::Linearizable) => {
                let order = self.witness.then(|| search.linearization());
                Verdict::Valid(self.witnessed(key, &ops, order))
            }
            Ok(Decision::Impossible(furthest)) => {
                let core = minimal::contradiction(&model, &ops, furthest.stuck, &meter);
                Verdict::Invalid(self.told(key, &ops, |teller| {
                    teller.stuck(&model, &furthest, core.as_deref())
                }))
            }
            Err(exhausted) => Verdict::Unknown {
                exhausted,
                operations: ops.len(),
                linearized: search.furthest().prefix.len(),
            },
        };
        Outcome {
            key,
            method: SEARCH,
            verdict,
            visited: search.visited(),
        }
    }

    /// The order as a witness, if replaying it explains every operation.
    fn witnessed(
        &self,
        key: u32,
        ops: &[Interval<V::Op>],
        order: Option<Vec<u32>>,
    ) -> Option<Witness> {
        let order = order?;
        if !replays(&self.history.vocabulary.model(), ops, &order) {
            return None;
        }
        Some(self.told(key, ops, |teller| Witness {
            key: story::json(self.history.keys.value(key)),
            ops: order.iter().map(|op| teller.index(*op)).collect(),
        }))
    }
}

/// Sums the outcomes up. They are in the order of their keys.
fn conclude<V: Vocabulary>(judge: &Judge<'_, V>, outcomes: Vec<Outcome>, report: &mut Report) {
    let keys = outcomes.len();
    let name = |key: u32| story::json(judge.history.keys.value(key));
    let mut methods: BTreeMap<&'static str, u64> = BTreeMap::new();
    let (mut valid, mut visited) = (0u64, 0);
    let mut invalid: Vec<(u32, Finding)> = Vec::new();
    let mut unknown: Vec<Json> = Vec::new();
    let mut why = None;
    for outcome in outcomes {
        *methods.entry(outcome.method).or_default() += 1;
        visited += outcome.visited;
        match outcome.verdict {
            Verdict::Valid(witness) => {
                valid += 1;
                report.witness.extend(witness);
            }
            Verdict::Invalid(finding) => invalid.push((outcome.key, finding)),
            Verdict::Unknown {
                exhausted,
                operations,
                linearized,
            } => {
                why.get_or_insert(exhausted);
                unknown.push(json!({
                    "key": name(outcome.key),
                    "reason": exhausted.to_string(),
                    "operations": operations,
                    "longest_linearized_prefix": linearized,
                }));
            }
            Verdict::Waiting { .. } => {}
        }
    }
    for (method, count) in methods {
        report.figure(&format!("keys_by_{}", method.replace('-', "_")), count);
    }
    report.figure("configurations", visited);
    report.figure("keys_valid", valid);
    report.figure("keys_invalid", invalid.len());
    report.figure("keys_unknown", unknown.len());
    if !invalid.is_empty() {
        report.validity = Validity::Invalid;
        report.witness.clear();
        // The story of a run goes by its time.
        invalid.sort_by_key(|(key, finding)| (finding.time, finding.ops.first().copied(), *key));
        let named = invalid.iter().take(KEYS_LISTED_MAX);
        let names: Vec<Json> = named.map(|(key, _)| name(*key)).collect();
        report.figure("invalid_keys", names);
    }
    let findings = invalid.into_iter().map(|(_, finding)| finding);
    report.findings = findings.take(Report::FINDINGS_MAX).collect();
    if let Some(exhausted) = why {
        let undecided = unknown.len();
        unknown.truncate(KEYS_LISTED_MAX);
        report.figure("unknown_keys", unknown);
        report.doubt(format!(
            "{exhausted} with {undecided} of {keys} keys undecided"
        ));
    }
}
