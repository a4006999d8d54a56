//! Findings of a checker as failures of a picture: their operations become bars.

use std::collections::BTreeMap;

use faultbench_checkers::report::{Finding, Report};
use serde_json::Value as Json;

use super::picture::{Bar, Failure};
use super::texts::clipped;
use crate::report::diagram::cycle::Cycle;

/// Characters of a finding's sentence; a checker may quote a large value.
pub const STORY_CHARS_MAX: usize = 2000;
/// Operations of a finding that are drawn and listed.
pub const FAILURE_OPS_MAX: usize = 64;
/// Possible states listed.
const STATES_MAX: usize = 32;
/// Characters of a state.
const STATE_CHARS_MAX: usize = 100;

/// The failures a report tells of, in its order.
pub fn of(report: &Report, bars: &[Bar]) -> Vec<Failure> {
    let rows = rows(report, bars);
    let failure = |finding: &Finding| failure(finding, &rows);
    report.findings.iter().map(failure).collect()
}

/// The bar of each operation some finding names, by invocation or completion.
fn rows(report: &Report, bars: &[Bar]) -> BTreeMap<u64, u32> {
    let findings = report.findings.iter();
    let named = findings.flat_map(|finding| finding.ops.iter().copied().chain(about(finding)));
    let mut wanted: Vec<u64> = named.collect();
    wanted.sort_unstable();
    wanted.dedup();
    let mut rows = BTreeMap::new();
    for (row, bar) in bars.iter().enumerate() {
        for index in [Some(bar.invoke), bar.complete].into_iter().flatten() {
            if wanted.binary_search(&index).is_ok() {
                rows.insert(index, row as u32);
            }
        }
    }
    rows
}

/// The index of the operation that cannot be explained, where the checker names one.
fn about(finding: &Finding) -> Option<u64> {
    let operation = &finding.details["operation"];
    let complete = operation["complete"].as_u64();
    complete.or_else(|| operation["invoke"].as_u64())
}

fn failure(finding: &Finding, rows: &BTreeMap<u64, u32>) -> Failure {
    let about = about(finding).and_then(|index| rows.get(&index).copied());
    let mut ops: Vec<u32> = Vec::new();
    let mut beyond = Vec::new();
    for index in finding.ops.iter().take(FAILURE_OPS_MAX) {
        match rows.get(index) {
            Some(row) if ops.contains(row) => {}
            Some(row) => ops.push(*row),
            None => beyond.push(*index),
        }
    }
    ops.extend(about.filter(|row| !ops.contains(row)));
    let states = finding.details["possible_states"].as_array();
    let state = |state: &Json| match state {
        Json::String(text) => clipped(text, STATE_CHARS_MAX),
        other => clipped(other, STATE_CHARS_MAX),
    };
    Failure {
        anomaly: finding.anomaly.to_owned(),
        story: clipped(&finding.summary, STORY_CHARS_MAX),
        ops,
        about,
        beyond,
        states: states.map_or_else(Vec::new, |states| {
            states.iter().take(STATES_MAX).map(state).collect()
        }),
        diagram: Cycle::of(finding).map(|cycle| cycle.svg()),
    }
}
