//! Where recorded histories are read from.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use faultbench_checkers::formats::cobra;

use crate::analysis::AnalysisError;
use crate::report::reading::Reading;
use crate::store::RunDir;

/// Bytes read at once.
const BUFFER_BYTES: usize = 1 << 18;

/// What a history is read from.
type Input = Box<dyn BufRead>;

/// Opens a history file, the history of a run directory, a directory of cobra's logs, or standard
/// input.
pub fn open(path: &Path, progress: Option<&Reading>) -> Result<Input, AnalysisError> {
    if path == Path::new("-") {
        return Ok(buffered(io::stdin(), path, progress));
    }
    if !path.is_dir() {
        return open_file(path, progress);
    }
    let logs = cobra_logs(path);
    if logs.is_empty() {
        return open_file(&RunDir::open(path).history(), progress);
    }
    let logs: Result<Vec<_>, _> = logs.iter().map(|log| open_file(log, progress)).collect();
    Ok(cobra::sessions(logs?))
}

/// The logs of a directory that is no run's, in the order of their names.
fn cobra_logs(dir: &Path) -> Vec<PathBuf> {
    if RunDir::open(dir).history().exists() {
        return Vec::new();
    }
    let entries = fs::read_dir(dir).into_iter().flatten().flatten();
    let mut logs: Vec<PathBuf> = entries
        .map(|entry| entry.path())
        .filter(|path| path.extension().is_some_and(|ending| ending == "log"))
        .collect();
    logs.sort();
    logs
}

fn open_file(path: &Path, progress: Option<&Reading>) -> Result<Input, AnalysisError> {
    match File::open(path) {
        Ok(file) => Ok(buffered(file, path, progress)),
        Err(error) => Err(AnalysisError::Open {
            path: path.display().to_string(),
            error,
        }),
    }
}

fn buffered(input: impl Read + Send + 'static, path: &Path, progress: Option<&Reading>) -> Input {
    match progress {
        Some(progress) => {
            let watched = progress.watch(input, &path.display().to_string());
            Box::new(BufReader::with_capacity(BUFFER_BYTES, watched))
        }
        None => Box::new(BufReader::with_capacity(BUFFER_BYTES, input)),
    }
}
