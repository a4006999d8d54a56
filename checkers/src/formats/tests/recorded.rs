//! Histories other projects recorded: every file of a known format is read whole.
//!
//! The folder is data beside the project: `FAULTBENCH_PEER_HISTORIES` names it, and where it is
//! absent the test says so and proves nothing.

use std::collections::HashSet;
use std::fs::{self, File};
use std::io::BufReader;
use std::path::{Path, PathBuf};

use super::*;

fn folder() -> PathBuf {
    match std::env::var_os("FAULTBENCH_PEER_HISTORIES") {
        Some(folder) => folder.into(),
        None => Path::new(env!("CARGO_MANIFEST_DIR")).join("../../shared/histories"),
    }
}

fn files_under(folder: &Path, files: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("a readable folder") {
        let path = entry.expect("a readable folder").path();
        let history = path.extension().is_some_and(|ending| {
            ["edn", "json", "log", "txt"]
                .iter()
                .any(|known| ending == *known)
        });
        if path.is_dir() {
            files_under(&path, files);
        } else if path.is_file() && history {
            files.push(path);
        }
    }
}

/// Operations in a file, counted without our parsers; `None` where that cannot be done.
fn count(path: &Path, text: &str) -> Option<usize> {
    if text.starts_with(['r', 'w']) {
        return Some(2 * transactions(text));
    }
    match path.extension()?.to_str()? {
        "json" => serde_json::from_str::<Vec<serde::de::IgnoredAny>>(text)
            .ok()
            .map(|ops| ops.len()),
        "edn" | "txt" if text.contains("throw+") => None,
        "edn" | "txt" => {
            let code = text
                .lines()
                .filter(|line| !line.trim_start().starts_with(';'));
            Some(code.map(|line| line.matches(":type :").count()).sum())
        }
        _ => Some(text.lines().count()),
    }
}

/// Transactions in a text of plume or AWDIT.
fn transactions(text: &str) -> usize {
    if text.contains('(') {
        let owners: HashSet<Vec<&str>> = text
            .lines()
            .map(|line| line.split([',', ')']).skip(2).collect())
            .collect();
        return owners.len();
    }
    let parts = text.split(['-', '=']);
    parts.filter(|part| !part.trim().is_empty()).count()
}

#[test]
fn peer_histories_are_read_whole() {
    let folder = folder();
    if !folder.is_dir() {
        eprintln!("skipped: no recorded histories in {}", folder.display());
        return;
    }
    let mut files = Vec::new();
    files_under(&folder, &mut files);
    assert!(files.len() > 400, "{} files", files.len());
    let options = ReadOptions {
        lenient: true,
        ..ReadOptions::default()
    };
    for path in files {
        let input = Box::new(BufReader::new(File::open(&path).expect("a readable file")));
        let reader = open(input, &path.display().to_string(), options);
        let ops: Result<Vec<Op>, _> = reader.and_then(Iterator::collect);
        let ops = ops.unwrap_or_else(|error| panic!("{error}"));
        let text = fs::read_to_string(&path).expect("text");
        let expected = count(&path, &text).unwrap_or(ops.len());
        assert_eq!(ops.len(), expected, "{}", path.display());
    }
}
