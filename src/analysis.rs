//! Reads a recorded history and has it judged: the same way for a run of our own, just ended, and
//! for a file from elsewhere.

use std::io::BufRead;
use std::time::{Duration, Instant};

use faultbench_checkers::budget::{Budget, Workers};
use faultbench_checkers::checker::{self, Checker, ModelKind, OpError, Params};
use faultbench_checkers::formats::{self, OpReader, ReadError, ReadOptions};
use faultbench_checkers::report::Report;
use faultbench_checkers::statistics::{Collector, Statistics};
use faultbench_checkers::{Op, OpType};

/// What to judge a history by.
pub struct Request {
    /// `None`: found out from the first operations.
    pub model: Option<&'static ModelKind>,
    pub params: Params,
    pub read: ReadOptions,
    /// Whether to measure how stale reads of registers are.
    pub staleness: bool,
    pub budget: Limits,
}

/// Limits on the analysis of one history.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// Wall-clock time, reading included.
    pub wall: Duration,
    /// What a search may hold in memory beside the history.
    pub bytes: u64,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            wall: Duration::from_secs(60),
            bytes: 2 << 30,
        }
    }
}

/// What became of a history.
pub struct Analysis {
    pub model: &'static ModelKind,
    pub report: Report,
    pub statistics: Statistics,
    /// Client operations that succeeded.
    pub ok_ops: u64,
    /// What was left out on the way: bad lines, a torn line, oddities of the history.
    pub warnings: Vec<String>,
}

/// Why a history could not be judged at all.
#[derive(Debug, thiserror::Error)]
pub enum AnalysisError {
    #[error(transparent)]
    Read(#[from] ReadError),
    #[error("{path}: cannot open it: {error}")]
    Open { path: String, error: std::io::Error },
    #[error("{source_name}: {problem}")]
    Model {
        source_name: String,
        problem: String,
    },
    #[error("{source_name}: {error}")]
    Op { source_name: String, error: OpError },
}

/// A thread for each core.
struct Cores;

impl Workers for Cores {
    fn count(&self) -> usize {
        std::thread::available_parallelism().map_or(1, usize::from)
    }

    fn run(&self, job: &(dyn Fn() + Sync)) {
        std::thread::scope(|scope| {
            for _ in 1..self.count() {
                scope.spawn(job);
            }
            job();
        });
    }
}

/// Client operations looked at to find the model out.
const DETECT_OPS: usize = 1000;

/// Reads and judges one history. `source` names it in messages.
///
/// # Errors
/// The input is no history, or not one of the model's vocabulary.
pub fn analyse(
    input: Box<dyn BufRead>,
    source: &str,
    request: &Request,
) -> Result<Analysis, AnalysisError> {
    analyse_watched(input, source, request, &mut |_| {})
}

/// The same, with `watch` shown every operation that is judged, in order.
///
/// # Errors
/// As [`analyse`].
pub fn analyse_watched(
    input: Box<dyn BufRead>,
    source: &str,
    request: &Request,
    watch: &mut dyn FnMut(&Op),
) -> Result<Analysis, AnalysisError> {
    let start = Instant::now();
    let mut reader = formats::open(input, source, request.read)?;
    let mut ahead = Vec::new();
    let model = match request.model {
        Some(model) => model,
        None => detect(&mut reader, &mut ahead, source)?,
    };
    model
        .fits(&request.params.consistency)
        .map_err(|problem| AnalysisError::Model {
            source_name: source.to_owned(),
            problem,
        })?;
    let params = Params {
        sessions_only: request.params.sessions_only || reader.format().sessions_only,
        ..request.params.clone()
    };
    let mut intake = Intake {
        checker: model.checker(&params),
        statistics: match request.staleness {
            true => Collector::with_staleness(),
            false => Collector::new(),
        },
        ok_ops: 0,
        left_out: 0,
        warnings: Vec::new(),
        forgiving: request.read.skip_bad_lines,
        source,
        watch,
    };
    if intake.checker.takes_packed() {
        reader.pack_transactions();
    }
    for op in ahead {
        intake.take(&op)?;
    }
    let mut op = Op::default();
    while reader.next_into(&mut op)? {
        intake.take(&op)?;
    }
    intake.note_left_out(&reader);
    let budget = Budget {
        wall: request.budget.wall,
        steps: u64::MAX,
        bytes: request.budget.bytes,
        clock: &|| start.elapsed(),
        workers: &Cores,
    };
    let mut report = intake.checker.finish(&budget);
    intake.warnings.extend(report.warnings.iter().cloned());
    if intake.left_out > 0 {
        report.doubt(format!(
            "{} lines or operations could not be used and were left out",
            intake.left_out
        ));
    }
    Ok(Analysis {
        model,
        report,
        statistics: intake.statistics.finish(),
        ok_ops: intake.ok_ops,
        warnings: intake.warnings,
    })
}

/// Finds the model out from the first operations, which are kept in `ahead`.
fn detect(
    reader: &mut OpReader,
    ahead: &mut Vec<Op>,
    source: &str,
) -> Result<&'static ModelKind, AnalysisError> {
    let mut clients = 0;
    while clients < DETECT_OPS {
        let Some(op) = reader.next().transpose()? else {
            break;
        };
        clients += usize::from(op.process.client().is_some());
        ahead.push(op);
    }
    checker::detect(ahead).map_err(|problem| AnalysisError::Model {
        source_name: source.to_owned(),
        problem,
    })
}

/// Takes a history in, an operation at a time.
struct Intake<'a> {
    checker: Box<dyn Checker>,
    statistics: Collector,
    ok_ops: u64,
    /// Lines and operations that could not be used.
    left_out: u64,
    warnings: Vec<String>,
    /// Leave out what cannot be used instead of ending.
    forgiving: bool,
    source: &'a str,
    watch: &'a mut dyn FnMut(&Op),
}

/// Operations left out that are told in full.
const LEFT_OUT_TOLD_MAX: u64 = 8;

impl Intake<'_> {
    fn take(&mut self, op: &Op) -> Result<(), AnalysisError> {
        if let Err(error) = self.checker.push(op) {
            let error = AnalysisError::Op {
                source_name: self.source.to_owned(),
                error,
            };
            if !self.forgiving {
                return Err(error);
            }
            self.left_out += 1;
            if self.left_out <= LEFT_OUT_TOLD_MAX {
                self.warnings.push(format!("left out: {error}"));
            }
            return Ok(());
        }
        self.statistics.push(op);
        (self.watch)(op);
        self.ok_ops += u64::from(op.kind == OpType::Ok && op.process.client().is_some());
        Ok(())
    }

    /// What the reader left out.
    fn note_left_out(&mut self, reader: &OpReader) {
        if let Some(torn) = reader.torn_line() {
            let warning = format!("left out a line that was cut off: {torn}");
            self.warnings.push(warning);
        }
        let skipped = reader.skipped();
        self.left_out += skipped.count;
        let told = skipped.first.iter();
        self.warnings
            .extend(told.map(|error| format!("left out: {error}")));
    }
}
