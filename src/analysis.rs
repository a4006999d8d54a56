//! Reads a recorded history and has it judged: the same way for a run of our own, just ended, and
//! for a file from elsewhere.

use std::io::BufRead;
use std::time::{Duration, Instant};

use faultbench_checkers::budget::Budget;
use faultbench_checkers::checker::{self, ModelKind, OpError, Params};
use faultbench_checkers::formats::{self, ReadError, ReadOptions};
use faultbench_checkers::report::Report;
use faultbench_checkers::statistics::{Collector, Statistics};
use faultbench_checkers::{Op, OpType};

/// What to judge a history by.
pub struct Request {
    /// `None`: found out from the first operations.
    pub model: Option<&'static ModelKind>,
    pub params: Params,
    pub read: ReadOptions,
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
    let start = Instant::now();
    let mut reader = formats::open(input, source, request.read)?;
    let mut ahead = Vec::new();
    let model = match request.model {
        Some(model) => model,
        None => {
            let mut clients = 0;
            while clients < DETECT_OPS {
                let Some(op) = reader.next().transpose()? else {
                    break;
                };
                clients += usize::from(op.process.client().is_some());
                ahead.push(op);
            }
            checker::detect(&ahead).map_err(|problem| AnalysisError::Model {
                source_name: source.to_owned(),
                problem,
            })?
        }
    };
    let mut checker = (model.build)(&request.params);
    let mut statistics = Collector::new();
    let mut ok_ops = 0;
    let mut take = |op: &Op| {
        statistics.push(op);
        ok_ops += u64::from(op.kind == OpType::Ok && op.process.client().is_some());
        checker.push(op).map_err(|error| AnalysisError::Op {
            source_name: source.to_owned(),
            error,
        })
    };
    for op in ahead {
        take(&op)?;
    }
    for op in &mut reader {
        take(&op?)?;
    }
    let budget = Budget {
        wall: request.budget.wall,
        steps: u64::MAX,
        bytes: request.budget.bytes,
        clock: &|| start.elapsed(),
    };
    let mut report = checker.finish(&budget);
    let mut warnings = Vec::new();
    if let Some(torn) = reader.torn_line() {
        warnings.push(format!("the last line was left out: {torn}"));
    }
    let skipped = reader.skipped();
    if skipped.count > 0 {
        let problem = format!(
            "{} lines could not be read and were left out",
            skipped.count
        );
        warnings.push(problem.clone());
        warnings.extend(skipped.first.iter().map(ToString::to_string));
        report.doubt(problem);
    }
    Ok(Analysis {
        model,
        report,
        statistics: statistics.finish(),
        ok_ops,
        warnings,
    })
}
