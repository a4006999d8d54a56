//! Sums the answers about keys up.

use std::collections::BTreeMap;

use serde_json::Value as Json;

use crate::linearizable::judge::{Judge, Outcome, Verdict};
use crate::linearizable::vocabulary::Vocabulary;
use crate::report::{Report, Validity};
use crate::story;

/// Keys named in the figures of a report.
const KEYS_LISTED_MAX: usize = 100;

/// The figures and the validity of all outcomes, which are in the order of their keys.
pub(crate) fn conclude<V: Vocabulary>(
    judge: &Judge<'_, V>,
    outcomes: &[Outcome],
    report: &mut Report,
) {
    let name = |key: u32| story::json(judge.history.keys.value(key));
    let mut methods: BTreeMap<&'static str, u64> = BTreeMap::new();
    let mut invalid: Vec<u32> = Vec::new();
    let mut unknown: Vec<Json> = Vec::new();
    let mut why = None;
    for outcome in outcomes {
        *methods.entry(outcome.method).or_default() += 1;
        match &outcome.verdict {
            Verdict::Invalid(_) => invalid.push(outcome.key),
            Verdict::Unknown(exhausted, far) => {
                why.get_or_insert(*exhausted);
                unknown.push(far.clone());
            }
            Verdict::Valid(_) | Verdict::Waiting { .. } => {}
        }
    }
    for (method, count) in methods {
        report.figure(&format!("keys_by_{}", method.replace('-', "_")), count);
    }
    let visited: usize = outcomes.iter().map(|outcome| outcome.visited).sum();
    report.figure("configurations", visited);
    let valid = outcomes.len() - invalid.len() - unknown.len();
    report.figure("keys_valid", valid);
    report.figure("keys_invalid", invalid.len());
    report.figure("keys_unknown", unknown.len());
    if !invalid.is_empty() {
        report.validity = Validity::Invalid;
        let named = invalid.iter().take(KEYS_LISTED_MAX);
        let names: Vec<Json> = named.map(|key| name(*key)).collect();
        report.figure("invalid_keys", names);
    }
    if let Some(exhausted) = why {
        let undecided = unknown.len();
        let mut reason = format!(
            "{exhausted} with {undecided} of {} keys undecided",
            outcomes.len()
        );
        if let Some(far) = unknown[0]["reason"].as_str() {
            reason = format!("{reason}; {far}");
        }
        unknown.truncate(KEYS_LISTED_MAX);
        report.figure("unknown_keys", unknown);
        report.doubt(reason);
    }
}
