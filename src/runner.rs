//! The runner: drives clients and faults through the phases of a run, and records what happens.
//!
//! Setup → load with faults → heal → recover → final reads. It judges nothing: what it returns are
//! facts, what it writes is the history.

pub mod client;
pub mod faults;
pub mod recorder;
pub mod stop;
mod worker;

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use faultbench_checkers::events::{HARNESS, Phase};
use faultbench_checkers::{Process, Value};
use faultbench_workloads::Workload;
use tokio::task::JoinSet;
use tokio::time::Instant;

use crate::node::NodeId;
use crate::plan::{Plan, PlanError};
use client::System;
use faults::{FaultRecord, Faults};
use recorder::Recorder;
use stop::Stop;
use worker::{OpQueue, Worker};

/// Everything a run works with.
pub struct Scene {
    pub plan: Plan,
    pub workload: Box<dyn Workload>,
    pub system: Arc<dyn System>,
    pub faults: Arc<dyn Faults>,
    pub recorder: Recorder,
    pub stop: Stop,
    pub progress: Box<dyn Progress>,
    next_process: AtomicI64,
}

impl Scene {
    pub fn new(
        plan: Plan,
        parts: Parts,
        recorder: Recorder,
        stop: Stop,
    ) -> Result<Scene, PlanError> {
        Ok(Scene {
            workload: plan.setting.workload()?,
            plan,
            system: parts.system,
            faults: parts.faults,
            progress: parts.progress,
            recorder,
            stop,
            next_process: AtomicI64::new(0),
        })
    }

    /// A process number nobody had before.
    fn new_process(&self) -> i64 {
        self.next_process.fetch_add(1, Ordering::Relaxed)
    }
}

/// What a run is attached to.
pub struct Parts {
    pub system: Arc<dyn System>,
    pub faults: Arc<dyn Faults>,
    pub progress: Box<dyn Progress>,
}

/// Told what goes on while it goes on.
pub trait Progress: Send + Sync {
    fn phase(&self, phase: Phase);
    /// The load so far.
    fn load(&self, load: LoadSoFar);
    /// A fault began, ended, or could not be put in place.
    fn fault(&self, text: &str);
}

/// How far the load is.
#[derive(Debug, Clone, Copy)]
pub struct LoadSoFar {
    pub elapsed: Duration,
    pub limit: Duration,
    pub issued: usize,
    pub succeeded: usize,
}

/// What the runner saw beside the history.
#[derive(Debug, Clone, Default)]
pub struct RunFacts {
    /// A setup call that never succeeded: nothing else was done.
    pub setup_failed: Option<String>,
    /// When the first operation was made.
    pub first_op: Option<std::time::Instant>,
    pub load: Duration,
    pub issued: usize,
    /// The load was ended before its time.
    pub interrupted: bool,
    pub faults: Vec<FaultRecord>,
    /// Why the faults could not all be lifted.
    pub heal_failure: Option<String>,
    /// How long each node took to serve again after the faults were lifted; `None`: it never did.
    pub recovery: Vec<(NodeId, Option<Duration>)>,
    /// Why the nodes were not at one about their roles in the end.
    pub unsettled: Option<String>,
    /// Final reads that never succeeded, as `read through n3`.
    pub final_reads_missing: Vec<String>,
}

/// How long each setup call and each final read may take, retries included.
const MUST_SUCCEED_WITHIN: Duration = Duration::from_secs(15);

/// How often progress is told during the load.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);

/// Runs the plan to its end, or until asked to stop; then heals, waits for health and reads.
pub async fn run(scene: &Arc<Scene>) -> RunFacts {
    let mut facts = RunFacts::default();
    enter(scene, Phase::Setup);
    facts.first_op = Some(std::time::Instant::now());
    if let Err(failure) = set_up(scene).await {
        facts.setup_failed = Some(failure);
        return facts;
    }
    enter(scene, Phase::Load);
    load(scene, &mut facts).await;
    enter(scene, Phase::Heal);
    facts.heal_failure = scene.faults.heal_all().err();
    enter(scene, Phase::Recover);
    let deadline = scene.plan.setting.recovery_deadline();
    let (recovery, settled) = tokio::join!(recover(scene), scene.system.settle(deadline));
    facts.recovery = recovery;
    facts.unsettled = settled.err();
    enter(scene, Phase::FinalReads);
    facts.final_reads_missing = final_reads(scene, facts.issued).await;
    facts
}

fn enter(scene: &Scene, phase: Phase) {
    tracing::info!(phase = phase.name(), "phase begins");
    scene.progress.phase(phase);
    let value = Value::Map(vec![(Value::keyword("phase"), Value::str(phase.name()))]);
    scene
        .recorder
        .event(Process::Named(HARNESS.into()), "phase", value);
}

async fn set_up(scene: &Arc<Scene>) -> Result<(), String> {
    let mut worker = Worker::new(NodeId(0), scene);
    for call in scene.workload.setup() {
        if !worker
            .call_until_ok(&call, Instant::now() + MUST_SUCCEED_WITHIN)
            .await
        {
            return Err(format!(
                "`{}` did not succeed within {MUST_SUCCEED_WITHIN:?}",
                call.f()
            ));
        }
    }
    Ok(())
}

async fn load(scene: &Arc<Scene>, facts: &mut RunFacts) {
    let start = Instant::now();
    let limit = scene.plan.setting.time_limit();
    let queue = Arc::new(OpQueue::new(scene.plan.ops.len(), start, start + limit));
    let mut workers = JoinSet::new();
    for slot in 0..scene.plan.setting.concurrency {
        let mut worker = Worker::new(NodeId(slot % scene.system.nodes()), scene);
        let queue = Arc::clone(&queue);
        workers.spawn(async move { worker.work(&queue).await });
    }
    let for_faults = Arc::clone(scene);
    let faults = tokio::spawn(async move { faults::carry_out(&for_faults, start).await });
    let mut ticks = tokio::time::interval(PROGRESS_EVERY);
    loop {
        tokio::select! {
            biased;
            done = workers.join_next() => if done.is_none() { break },
            _ = ticks.tick() => scene.progress.load(LoadSoFar {
                elapsed: start.elapsed(),
                limit,
                issued: queue.issued(),
                succeeded: queue.succeeded(),
            }),
        }
    }
    // Faults last as long as was planned, even if the calls ran out before.
    facts.faults = faults.await.expect("faults do not panic");
    facts.interrupted = scene.stop.is_requested();
    facts.load = start.elapsed();
    facts.issued = queue.issued();
}

/// Asks every node, by itself, until it serves.
async fn recover(scene: &Arc<Scene>) -> Vec<(NodeId, Option<Duration>)> {
    let start = Instant::now();
    let deadline = start + scene.plan.setting.recovery_deadline();
    let mut probes = JoinSet::new();
    for node in NodeId::all(scene.system.nodes()) {
        let scene = Arc::clone(scene);
        probes.spawn(async move {
            let mut prober = Worker::new(node, &scene);
            let served = prober
                .call_until_served(&scene.workload.probe(), deadline)
                .await;
            (node, served.then(|| start.elapsed()))
        });
    }
    let mut recovery = probes.join_all().await;
    recovery.sort();
    recovery
}

async fn final_reads(scene: &Arc<Scene>, issued: usize) -> Vec<String> {
    let mut readers = JoinSet::new();
    for node in NodeId::all(scene.system.nodes()) {
        let scene = Arc::clone(scene);
        readers.spawn(async move {
            let mut reader = Worker::new(node, &scene);
            let mut missing = Vec::new();
            for call in scene.workload.final_reads(issued as u64) {
                if !reader
                    .call_until_ok(&call, Instant::now() + MUST_SUCCEED_WITHIN)
                    .await
                {
                    missing.push(format!("{} through {node}", call.f()));
                    break;
                }
            }
            missing
        });
    }
    let mut missing = readers.join_all().await.concat();
    missing.sort();
    missing
}
