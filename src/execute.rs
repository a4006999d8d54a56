//! One run, from a plan to its results: makes the network and the cluster, drives the runner, and
//! has the recorded history judged.

use std::fs::File;
use std::io::{self, BufReader, BufWriter};
use std::path::PathBuf;
use std::sync::Arc;
use std::time::{Duration, Instant, SystemTime};

use faultbench_checkers::checker::{Params, model_named};
use faultbench_checkers::formats::{Format, ReadOptions};
use tokio::runtime::Runtime;
use tokio::signal::unix::{SignalKind, signal};

use crate::analysis::{Analysis, Limits, Request, analyse};
use crate::cluster::Cluster;
use crate::host::fabric::Fabric;
use crate::log::RunLog;
use crate::nemesis::Nemesis;
use crate::plan::{Plan, Setting};
use crate::report::text;
use crate::results::{RESULTS_VERSION, Results, Times};
use crate::runner::recorder::Recorder;
use crate::runner::stop::{Stopper, stop_pair};
use crate::runner::{self, Parts, Progress, RunFacts, Scene};
use crate::store::RunDir;
use crate::targets;
use crate::verdict::{self, Findings, judge};

/// Makes what shows the progress of one run.
pub type ProgressOf = fn() -> Box<dyn Progress>;

/// How runs are carried out and where they are kept.
pub struct Options {
    /// Where run directories go.
    pub store: PathBuf,
    pub limits: Limits,
    /// Keep the nodes' data even of runs that passed.
    pub keep_data: bool,
    pub log: RunLog,
    pub progress: ProgressOf,
    /// When faultbench was started.
    pub started: Instant,
}

/// Between two looks at the nodes for one that ended by itself.
const WATCH_EVERY: Duration = Duration::from_millis(250);

/// Carries a plan out. The calling process must be a sandbox's controller.
///
/// # Errors
/// Why there is no result: the harness could not do its work.
pub fn execute(plan: Plan, options: &Options) -> Result<Results, String> {
    let started = SystemTime::now();
    let setting = plan.setting.clone();
    let dir = RunDir::create(&options.store, &setting, started).map_err(|error| {
        format!(
            "cannot make a run directory in {}: {error}",
            options.store.display()
        )
    })?;
    let wrote = File::create(dir.plan()).and_then(|file| plan.write(BufWriter::new(file)));
    wrote.map_err(|error| format!("cannot write {}: {error}", dir.plan().display()))?;
    options
        .log
        .switch_to(&dir.log())
        .map_err(|error| format!("cannot write {}: {error}", dir.log().display()))?;
    tracing::info!(seed = setting.seed, dir = %dir.path().display(), "run begins");

    let ran = drive(plan, &dir, options)?;
    let analysis_start = Instant::now();
    let mut harness = ran.harness;
    let analysis = match analyse_run(&dir, &setting, options.limits) {
        Ok(analysis) => Some(analysis),
        Err(error) => {
            harness.push(format!("the recorded history cannot be judged: {error}"));
            None
        }
    };
    let mut times = ran.times;
    times.analysis = millis(analysis_start.elapsed());
    let verdict = judge(&Findings {
        report: analysis.as_ref().map(|a| &a.report),
        ok_ops: analysis.as_ref().map_or(0, |a| a.ok_ops),
        facts: Some(&ran.facts),
        crashes: &ran.crashes,
        harness: &harness,
    });
    if verdict.exit_code == 0 && !options.keep_data {
        let removed = dir.remove_data();
        removed.map_err(|error| format!("cannot remove the nodes' data: {error}"))?;
    }
    let (report, statistics, warnings) = match analysis {
        Some(a) => (Some(a.report), Some(a.statistics), a.warnings),
        None => (None, None, Vec::new()),
    };
    let results = Results {
        version: RESULTS_VERSION,
        faultbench: env!("CARGO_PKG_VERSION"),
        started: humantime::format_rfc3339_millis(started).to_string(),
        sentence: text::sentence(&setting, &verdict, report.as_ref(), &ran.facts),
        setting,
        verdict,
        report,
        statistics,
        warnings,
        faults: ran.facts.faults,
        interrupted: ran.facts.interrupted,
        network: ran.network,
        target_version: ran.target_version,
        times_ms: times,
        dir: dir.path().display().to_string(),
    };
    let written = results.write(&dir.results());
    written.map_err(|error| format!("cannot write {}: {error}", dir.results().display()))?;
    tracing::info!(exit = results.verdict.exit_code, "{}", results.sentence);
    Ok(results)
}

/// What came of driving a cluster, beside the history.
struct Ran {
    facts: RunFacts,
    crashes: Vec<String>,
    harness: Vec<String>,
    network: String,
    target_version: Option<String>,
    times: Times,
}

fn drive(plan: Plan, dir: &RunDir, options: &Options) -> Result<Ran, String> {
    let fabric = Fabric::build(plan.setting.nodes).map_err(|error| error.to_string())?;
    let network = fabric.backend().backend.to_string();
    let fabric = Arc::new(fabric);
    let runtime = runtime_in_hub(&fabric)?;
    let target = targets::build(&plan.setting)?;
    let target_version = targets::version::detect(&target);
    let (stopper, stop) = stop_pair();
    let progress = (options.progress)();
    let within = plan.setting.recovery_deadline();
    let history = dir.history();
    let recorder = Recorder::create(&history)
        .map_err(|error| format!("cannot write {}: {error}", history.display()))?;
    let cluster = Arc::new(Cluster::new(fabric, target, &dir.nodes())?);
    let scene = Scene::new(
        plan,
        Parts {
            system: Arc::clone(&cluster) as _,
            faults: Arc::new(Nemesis::new(Arc::clone(&cluster))),
            progress,
        },
        recorder,
        stop,
    );
    let scene = Arc::new(scene.map_err(|error| error.to_string())?);
    let main = runtime.spawn(conduct(
        Arc::clone(&scene),
        Arc::clone(&cluster),
        stopper,
        within,
    ));
    let (facts, ready) = runtime
        .block_on(main)
        .map_err(|error| format!("the run ended abnormally: {error}"))?;
    cluster.watch();
    let crashes = cluster.crashes();
    cluster.stop();
    runtime.shutdown_background();
    let mut harness: Vec<String> = facts.heal_failure.clone().into_iter().collect();
    if let Err(error) = scene.recorder.close() {
        harness.push(format!("the history is incomplete: {error}"));
    }
    let times = Times {
        first_op: facts
            .first_op
            .map(|first| millis(first.saturating_duration_since(options.started))),
        ready: ready.map(millis),
        load: millis(facts.load),
        recovery: verdict::recovery_time(&facts).map(millis),
        analysis: 0,
    };
    Ok(Ran {
        facts,
        crashes,
        harness,
        network,
        target_version,
        times,
    })
}

/// Waits for the cluster, runs, and listens for signals and for nodes that end by themselves.
async fn conduct(
    scene: Arc<Scene>,
    cluster: Arc<Cluster>,
    stopper: Stopper,
    within: Duration,
) -> (RunFacts, Option<Duration>) {
    tokio::spawn(interrupts(stopper));
    let ready = match cluster.bring_up(within).await {
        Ok(took) => took,
        Err(reason) => {
            let facts = RunFacts {
                setup_failed: Some(reason),
                ..RunFacts::default()
            };
            return (facts, None);
        }
    };
    let watched = Arc::clone(&cluster);
    let watch = tokio::spawn(async move {
        loop {
            tokio::time::sleep(WATCH_EVERY).await;
            watched.watch();
        }
    });
    let facts = runner::run(&scene).await;
    watch.abort();
    (facts, Some(ready))
}

/// The first interrupt ends the load early; the second ends everything at once.
async fn interrupts(stopper: Stopper) {
    let listen = || -> io::Result<_> {
        Ok((
            signal(SignalKind::interrupt())?,
            signal(SignalKind::terminate())?,
            signal(SignalKind::hangup())?,
        ))
    };
    let (mut int, mut term, mut hup) = match listen() {
        Ok(signals) => signals,
        Err(error) => return tracing::warn!("cannot listen for signals: {error}"),
    };
    for again in [false, true] {
        tokio::select! {
            _ = int.recv() => {}
            _ = term.recv() => {}
            _ = hup.recv() => {}
        }
        if again {
            eprintln!("stopped at once, without analysis; `faultbench check` reads the history");
            std::process::exit(i32::from(verdict::Exit::Harness.code()));
        }
        eprintln!("interrupted: healing, then judging what there is; once more to stop at once");
        stopper.request();
        // One wish can arrive as several signals, as when `timeout` signals a whole group.
        tokio::time::sleep(SAME_WISH).await;
    }
}

/// Signals this close together are one wish.
const SAME_WISH: Duration = Duration::from_millis(300);

/// A runtime whose threads live in the clients' network namespace, so that whatever they dial
/// goes through the fabric.
fn runtime_in_hub(fabric: &Arc<Fabric>) -> Result<Runtime, String> {
    let fabric = Arc::clone(fabric);
    tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .on_thread_start(move || {
            fabric
                .enter_hub()
                .expect("a thread of a sandbox's controller may enter its own namespaces");
        })
        .build()
        .map_err(|error| format!("cannot start the clients' runtime: {error}"))
}

fn analyse_run(dir: &RunDir, setting: &Setting, limits: Limits) -> Result<Analysis, String> {
    let workload = setting.workload().map_err(|error| error.to_string())?;
    let claim = workload.claim();
    let path = dir.history();
    let request = Request {
        model: model_named(claim.model),
        params: Params {
            total: claim.total,
            consistency: setting.claims().map_err(|error| error.to_string())?,
            ..Params::default()
        },
        read: ReadOptions {
            format: Format::from_name("json-lines"),
            ..ReadOptions::default()
        },
        staleness: matches!(claim.model, "register" | "cas-register"),
        budget: limits,
    };
    let file = File::open(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let input = Box::new(BufReader::with_capacity(1 << 18, file));
    analyse(input, &path.display().to_string(), &request).map_err(|error| error.to_string())
}

fn millis(duration: Duration) -> u64 {
    duration.as_millis() as u64
}
