//! Carries a plan's schedule of faults out and keeps a record of each.
//!
//! A fault that cannot be put in place at once (nobody leads yet, its victims are down from another
//! fault) is tried again until its window is over: a plan should happen as planned if it can.

use std::sync::Arc;
use std::time::Duration;

use faultbench_checkers::{Process, Value};
use serde::Serialize;
use tokio::task::JoinSet;
use tokio::time::Instant;

use super::Scene;
use super::client::Pending;
use crate::plan::fault::Fault;
use crate::plan::schedule::PlannedFault;

/// Puts faults in place.
pub trait Faults: Send + Sync {
    /// Puts one fault in place.
    ///
    /// # Errors
    /// Why it cannot be, at this moment.
    fn inject<'a>(&'a self, fault: &'a Fault) -> Pending<'a, Result<Box<dyn Injected>, String>>;

    /// Lifts whatever is in place, known to the plan or not: after this nothing is cut, stopped or
    /// down. Safe to call at any time.
    ///
    /// # Errors
    /// What could not be lifted, and why.
    fn heal_all(&self) -> Result<(), String>;
}

/// A fault in place.
pub trait Injected: Send {
    /// The fault in words, with what is known only now, such as who led.
    fn what(&self) -> String;

    /// Lifts it, and tells what it was seen to do.
    fn heal(self: Box<Self>) -> Evidence;
}

/// What is known of a fault's effect.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(tag = "state", rename_all = "kebab-case")]
pub enum Evidence {
    /// It was in place and its effect was observed.
    Installed { observed: String },
    /// It was never in place.
    Skipped { reason: String },
    /// It was in place as far as can be told, but no effect was observed.
    Indeterminate { reason: String },
}

impl Evidence {
    /// What was observed, or why nothing was.
    pub fn reason(&self) -> &str {
        match self {
            Evidence::Installed { observed: reason }
            | Evidence::Skipped { reason }
            | Evidence::Indeterminate { reason } => reason,
        }
    }
}

/// One fault as it happened.
#[derive(Debug, Clone, Serialize)]
pub struct FaultRecord {
    pub id: u32,
    pub family: &'static str,
    /// As planned.
    pub plan: String,
    /// As it happened.
    pub what: String,
    /// Nanoseconds since the start of the run; `None` if never in place.
    pub begin_ns: Option<i64>,
    pub end_ns: Option<i64>,
    pub evidence: Evidence,
}

impl FaultRecord {
    pub fn observed(&self) -> bool {
        matches!(self.evidence, Evidence::Installed { .. })
    }
}

/// Between two tries to put a fault in place.
const RETRY_PAUSE: Duration = Duration::from_millis(50);

/// Carries out the whole schedule of the scene's plan. Ends when the last fault is lifted, or early
/// when asked to stop; then faults whose time had not come are left out of the records.
pub async fn carry_out(scene: &Arc<Scene>, load_start: Instant) -> Vec<FaultRecord> {
    let mut running = JoinSet::new();
    for n in 0..scene.plan.faults.len() {
        let scene = Arc::clone(scene);
        running.spawn(async move { one(&scene, &scene.plan.faults[n], load_start).await });
    }
    let mut records: Vec<_> = running.join_all().await.into_iter().flatten().collect();
    records.sort_by_key(|record| record.id);
    records
}

async fn one(scene: &Scene, planned: &PlannedFault, load_start: Instant) -> Option<FaultRecord> {
    let start = load_start + Duration::from_millis(planned.start_ms);
    let end = load_start + Duration::from_millis(planned.end_ms);
    if !scene.stop.sleep_until(start).await {
        return None;
    }
    let mut record = FaultRecord {
        id: planned.id,
        family: planned.fault.family(),
        plan: planned.fault.to_string(),
        what: planned.fault.to_string(),
        begin_ns: None,
        end_ns: None,
        evidence: Evidence::Skipped {
            reason: String::new(),
        },
    };
    match inject_by(scene, planned, end).await {
        Ok(injected) => {
            record.what = injected.what();
            record.begin_ns = Some(note(scene, &record, "begin"));
            scene.stop.sleep_until(end).await;
            record.evidence = injected.heal();
            record.end_ns = Some(note(scene, &record, "end"));
        }
        Err(reason) => {
            record.evidence = Evidence::Skipped { reason };
            note(scene, &record, "skipped");
        }
    }
    Some(record)
}

async fn inject_by(
    scene: &Scene,
    planned: &PlannedFault,
    end: Instant,
) -> Result<Box<dyn Injected>, String> {
    loop {
        match scene.faults.inject(&planned.fault).await {
            Ok(injected) => return Ok(injected),
            Err(reason) => {
                let next = Instant::now() + RETRY_PAUSE;
                if next >= end || !scene.stop.sleep_until(next).await {
                    return Err(reason);
                }
            }
        }
    }
}

/// Writes a fault's event to the history, the log and the progress; returns its time.
fn note(scene: &Scene, record: &FaultRecord, event: &'static str) -> i64 {
    let evidence = serde_json::to_string(&record.evidence).unwrap_or_default();
    tracing::info!(fault = record.id, event, what = record.what, evidence);
    scene.progress.fault(&format!("{event}: {}", record.what));
    let value = Value::Map(vec![
        (Value::keyword("fault"), Value::Int(i64::from(record.id))),
        (Value::keyword("event"), Value::str(event)),
        (Value::keyword("what"), Value::str(&record.what)),
    ]);
    scene.recorder.event(Process::NEMESIS, record.family, value)
}
