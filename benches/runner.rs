//! What the runner alone can drive: generated calls through workers, timeouts and the recorder to
//! a client that answers at once, against the same client called in a bare loop.
//!
//!     cargo bench --bench runner

use std::collections::BTreeMap;
use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use faultbench::node::NodeId;
use faultbench::plan::fault::Fault;
use faultbench::plan::schedule::Rhythm;
use faultbench::plan::{PLAN_VERSION, Plan, Setting};
use faultbench::report::progress::Silent;
use faultbench::runner::client::{Client, Pending, System};
use faultbench::runner::faults::{Faults, Injected};
use faultbench::runner::recorder::Recorder;
use faultbench::runner::stop::stop_pair;
use faultbench::runner::{self, Parts, Scene};
use faultbench_checkers::Value;
use faultbench_workloads::{Call, Outcome};

/// Calls that are due at once: the runner is never ahead of its plan.
const RATE_PER_S: u32 = 1_000_000;
const LOAD: Duration = Duration::from_secs(2);

struct NoOp;

impl Client for NoOp {
    fn call<'a>(&'a mut self, call: &'a Call) -> Pending<'a, Outcome> {
        let returned = matches!(call, Call::Read { .. }).then_some(Value::Int(1));
        Box::pin(async move { Outcome::Ok(returned) })
    }
}

impl System for NoOp {
    fn nodes(&self) -> usize {
        5
    }

    fn connect(&self, _: NodeId) -> Box<dyn Client> {
        Box::new(NoOp)
    }

    fn settle(&self, _: Duration) -> Pending<'_, Result<(), String>> {
        Box::pin(async { Ok(()) })
    }
}

impl Faults for NoOp {
    fn inject<'a>(&'a self, _: &'a Fault) -> Pending<'a, Result<Box<dyn Injected>, String>> {
        Box::pin(async { Err("there are no faults here".to_owned()) })
    }

    fn heal_all(&self) -> Result<(), String> {
        Ok(())
    }
}

fn plan() -> Plan {
    let setting = Setting {
        version: PLAN_VERSION,
        seed: 1,
        target: "no-op".into(),
        bug: None,
        options: BTreeMap::new(),
        binaries: BTreeMap::new(),
        nodes: 5,
        leaderless: false,
        workload: "register".into(),
        consistency: Vec::new(),
        nemesis: Vec::new(),
        concurrency: 10,
        rate_per_s: RATE_PER_S,
        time_limit_ms: LOAD.as_millis() as u64,
        op_timeout_ms: 1000,
        recovery_deadline_ms: 1000,
    };
    let rhythm = Rhythm {
        fault: LOAD,
        calm: LOAD,
        overlap: false,
    };
    Plan::draw(setting, rhythm).expect("the setting is possible")
}

fn main() {
    let start = Instant::now();
    let plan = plan();
    let drawn = plan.ops.len() as f64 / start.elapsed().as_secs_f64();
    println!(
        "plan: {} calls drawn, {:.0}k/s",
        plan.ops.len(),
        drawn / 1e3
    );

    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(2)
        .enable_all()
        .build()
        .expect("a runtime");
    let bare = bare_loop(&runtime, &plan);
    println!("bare loop, one thread: {:.0}k calls/s", bare / 1e3);

    let dir = tempfile::tempdir().expect("a directory");
    let path = dir.path().join("history.jsonl");
    let (_stopper, stop) = stop_pair();
    let parts = Parts {
        system: Arc::new(NoOp),
        faults: Arc::new(NoOp),
        progress: Box::new(Silent),
    };
    let recorder = Recorder::create(&path).expect("a history file");
    let scene = Arc::new(Scene::new(plan, parts, recorder, stop).expect("a scene"));
    let facts = {
        let scene = Arc::clone(&scene);
        runtime.block_on(runtime.spawn(async move { runner::run(&scene).await }))
    };
    let facts = facts.expect("the runner does not panic");
    let events = scene.recorder.close().expect("a complete history");
    let bytes = std::fs::metadata(&path).expect("a history").len();
    let rate = facts.issued as f64 / facts.load.as_secs_f64();
    println!(
        "runner, two threads, recording: {:.0}k calls/s ({} events, {:.0} MB/s), {:.2} of the bare loop",
        rate / 1e3,
        events,
        bytes as f64 / 1e6 / facts.load.as_secs_f64(),
        rate / bare,
    );
}

fn bare_loop(runtime: &tokio::runtime::Runtime, plan: &Plan) -> f64 {
    let mut client = NoOp;
    let start = Instant::now();
    runtime.block_on(async {
        for planned in &plan.ops {
            black_box(client.call(&planned.call).await);
        }
    });
    plan.ops.len() as f64 / start.elapsed().as_secs_f64()
}
