//! Sequential consistency: whether one order of all operations keeps that of each process.
//!
//! A linearizable history has one, and linearizability is cheap to decide, so it is asked first;
//! then what follows from sequential consistency, where a checker of that is given. Then each key
//! that is not linearizable is searched alone, since an order of all operations is one of those of
//! each key; then all keys together.

use rustc_hash::FxHashMap;

use crate::budget::Exhausted;
use crate::linearizable::evidence::Teller;
use crate::linearizable::explain::{Stuck, try_steps};
use crate::linearizable::judge::{Judge, Outcome, Verdict};
use crate::linearizable::minimal::{self, Core, OPS_TRIED_MAX};
use crate::linearizable::model::{Decision, Interval, Model, NEVER};
use crate::linearizable::process_order::{OfProcess, ProcessOrder, replays_in_process_order};
use crate::linearizable::vocabulary::Vocabulary;
use crate::report::{Finding, Report, Validity, Witness};

/// Operations that are shrunk to the least that has no order; more take too long, since any
/// process may wait for any other.
const SHRUNK_OPS_MAX: usize = 2000;

/// Operations of some keys, in the order of their starts.
struct Together<V: Vocabulary> {
    ops: Vec<Interval<V::Op>>,
    calls: Vec<u32>,
    searched: Vec<Interval<OfProcess<V::Op>>>,
}

enum Answer {
    Valid(Vec<u32>),
    Invalid(Stuck),
    Unknown(Exhausted, Stuck),
}

/// Judges all keys together. `outcomes` says which of them are linearizable; `rule_out` judges by
/// something that follows.
pub(crate) fn conclude<V: Vocabulary>(
    judge: &Judge<'_, V>,
    outcomes: &[Outcome],
    rule_out: impl FnOnce() -> Option<Report>,
    report: &mut Report,
) {
    let is_valid = |outcome: &&Outcome| matches!(outcome.verdict, Verdict::Valid(_));
    let doubtful: Vec<u32> = outcomes
        .iter()
        .filter(|outcome| !is_valid(outcome))
        .map(|outcome| outcome.key)
        .collect();
    report.figure("keys_linearizable", outcomes.len() - doubtful.len());
    if doubtful.is_empty() {
        if judge.witness {
            add_witness(judge, outcomes, report);
        }
        return;
    }
    if let Some(found) = rule_out().filter(|found| found.validity == Validity::Invalid) {
        report.validity = Validity::Invalid;
        report.findings = found.findings;
        for (name, value) in found.figures {
            report.figures.entry(name).or_insert(value);
        }
        return;
    }
    search(judge, &all_keys(outcomes), &doubtful, report);
}

/// Searches the doubtful keys one by one, then all together.
fn search<V: Vocabulary>(
    judge: &Judge<'_, V>,
    keys: &[u32],
    doubtful: &[u32],
    report: &mut Report,
) {
    let alone = judge.on_all_threads(doubtful, |key| {
        let together = Together::of(judge, &[*key]);
        let answer = together.decide(judge);
        (*key, together, answer)
    });
    let mut wrong: Vec<_> = alone
        .iter()
        .filter_map(|(key, together, (answer, _))| match answer {
            Answer::Invalid(stuck) => Some((
                together.ops[stuck.op as usize].finish,
                *key,
                together,
                stuck,
            )),
            _ => None,
        })
        .collect();
    wrong.sort_unstable_by_key(|(at, key, ..)| (*at, *key));
    let visited: usize = alone.iter().map(|(.., (_, visited))| visited).sum();
    report.figure("configurations", visited);
    if !wrong.is_empty() {
        report.figure("keys_invalid", wrong.len());
        report.validity = Validity::Invalid;
        wrong.truncate(Report::FINDINGS_MAX);
        let share = OPS_TRIED_MAX / wrong.len();
        report.findings = wrong
            .iter()
            .map(|(_, key, together, stuck)| together.finding(judge, *key, stuck, share))
            .collect();
        return;
    }
    if keys.len() == 1 {
        let answered = alone.into_iter().next();
        if let Some((key, together, (answer, _))) = answered {
            together.report(judge, key, answer, report);
        }
        return;
    }
    let together = Together::of(judge, keys);
    let (answer, more) = together.decide(judge);
    report.figure("configurations", visited + more);
    together.report(judge, NO_KEY, answer, report);
}

fn all_keys(outcomes: &[Outcome]) -> Vec<u32> {
    outcomes.iter().map(|outcome| outcome.key).collect()
}

/// An order of all keys together for a history known to have one; with a warning if it cannot be
/// found in time.
fn add_witness<V: Vocabulary>(judge: &Judge<'_, V>, outcomes: &[Outcome], report: &mut Report) {
    let together = Together::of(judge, &all_keys(outcomes));
    match together.decide(judge) {
        (Answer::Valid(order), _) => together.report(judge, NO_KEY, Answer::Valid(order), report),
        _ => report.warnings.push(
            "no witness: each key is linearizable, so there is an order of all, but it was not \
             found within the budget"
                .to_owned(),
        ),
    }
}

/// The key of what is about several: nil.
const NO_KEY: u32 = 0;

impl<V: Vocabulary> Together<V> {
    fn of(judge: &Judge<'_, V>, keys: &[u32]) -> Together<V> {
        let mut all: Vec<(Interval<V::Op>, u32, u32)> = Vec::new();
        for (number, key) in (0u32..).zip(keys) {
            let ops = judge.operations(*key);
            let calls = judge.calls_of(*key, &ops);
            all.extend(
                ops.into_iter()
                    .zip(calls)
                    .map(|(op, call)| (op, call, number)),
            );
        }
        all.sort_unstable_by_key(|(op, ..)| op.start);
        let mut numbers: FxHashMap<i64, u32> = FxHashMap::default();
        let mut together = Together {
            ops: Vec::with_capacity(all.len()),
            calls: Vec::with_capacity(all.len()),
            searched: Vec::with_capacity(all.len()),
        };
        for (op, call, key) in all {
            let next = numbers.len() as u32;
            let process = judge.history.calls[call as usize].process;
            let process = *numbers.entry(process).or_insert(next);
            together.searched.push(Interval {
                op: OfProcess {
                    key,
                    process,
                    op: op.op.clone(),
                },
                start: op.start,
                finish: op.finish,
            });
            together.ops.push(op);
            together.calls.push(call);
        }
        together
    }

    /// The answer, and how many configurations were visited.
    fn decide(&self, judge: &Judge<'_, V>) -> (Answer, usize) {
        let vocabulary = &judge.history.vocabulary;
        let model = vocabulary.model();
        let mut meter = judge.meter();
        let mut search = ProcessOrder::new(&model, &self.searched);
        let outcome = meter.check_clock().and_then(|()| search.run(&mut meter));
        let answer = match outcome {
            Ok(Decision::Linearizable) => Answer::Valid(search.order()),
            Ok(Decision::Impossible(furthest)) => {
                Answer::Invalid(Stuck::new(vocabulary, &model, furthest))
            }
            Err(exhausted) => {
                Answer::Unknown(exhausted, Stuck::new(vocabulary, &model, search.furthest()))
            }
        };
        (answer, search.visited())
    }

    fn teller<'t>(&'t self, judge: &'t Judge<'_, V>, key: u32) -> Teller<'t, V> {
        Teller {
            history: judge.history,
            key,
            ops: &self.ops,
            calls: &self.calls,
        }
    }

    fn report(&self, judge: &Judge<'_, V>, key: u32, answer: Answer, report: &mut Report) {
        match answer {
            Answer::Valid(order) => {
                let model = judge.history.vocabulary.model();
                let teller = self.teller(judge, key);
                if judge.witness && replays_in_process_order(&model, &self.searched, &order) {
                    report.witness.push(Witness {
                        key: teller.key(),
                        ops: order.iter().map(|op| teller.index(*op)).collect(),
                        states: Vec::new(),
                    });
                }
            }
            Answer::Invalid(stuck) => {
                report.validity = Validity::Invalid;
                report.findings = vec![self.finding(judge, key, &stuck, OPS_TRIED_MAX)];
            }
            Answer::Unknown(exhausted, stuck) => {
                let teller = self.teller(judge, key);
                report.doubt(format!(
                    "{exhausted}: {} of {} operations have an order that keeps that of each \
                     process, and no way was found past the {}",
                    stuck.prefix.len(),
                    self.ops.len(),
                    teller.told(stuck.op)
                ));
            }
        }
    }

    fn finding(&self, judge: &Judge<'_, V>, key: u32, stuck: &Stuck, share: usize) -> Finding {
        let core = self.core(judge, share);
        self.teller(judge, key).without_order(stuck, core)
    }

    /// The least of the operations that has no order, whatever the others did.
    fn core(&self, judge: &Judge<'_, V>, share: usize) -> Option<Core> {
        if self.ops.len() > SHRUNK_OPS_MAX {
            return None;
        }
        let meter = judge.meter();
        let model = judge.history.vocabulary.model();
        let is_impossible = |tried: &[Interval<OfProcess<V::Op>>]| {
            let mut meter = meter.fresh(try_steps(tried.len()));
            let outcome = ProcessOrder::new(&model, tried).run(&mut meter);
            matches!(outcome, Ok(Decision::Impossible(_)))
        };
        let prune = |ops: &mut Vec<Interval<OfProcess<V::Op>>>| {
            ops.retain(|op| !(op.is_indefinite() && model.reads_only(&op.op.op)));
        };
        let all: Vec<u32> = (0..self.ops.len() as u32).collect();
        let searched = &self.searched;
        minimal::core(
            searched,
            NEVER,
            Some(&all),
            prune,
            is_impossible,
            &meter,
            share,
        )
    }
}
