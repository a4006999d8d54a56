//! What a process wrote, as far as it tells why it does not serve.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

/// Lines shown of a log's end, and bytes of each.
const TAIL_LINES: usize = 6;
const TAIL_LINE_CHARS: usize = 200;
/// Bytes read of a log's end: enough for those lines.
const TAIL_BYTES: u64 = 16 * 1024;

/// The last lines of a process's logs, each on a line of its own; nothing if there are none.
pub fn tail(logs: &[PathBuf]) -> String {
    let mut told = String::new();
    for log in logs {
        let text = end_of(log, TAIL_BYTES);
        let lines: Vec<&str> = text.lines().filter(|line| !line.is_empty()).collect();
        for line in &lines[lines.len().saturating_sub(TAIL_LINES)..] {
            let line: String = line.chars().take(TAIL_LINE_CHARS).collect();
            told += &format!("\n    | {line}");
        }
    }
    told
}

/// The last bytes of a file as text; nothing if it cannot be read.
pub fn end_of(path: &Path, bytes: u64) -> String {
    let read = || -> std::io::Result<Vec<u8>> {
        let mut file = File::open(path)?;
        let length = file.metadata()?.len();
        file.seek(SeekFrom::Start(length.saturating_sub(bytes)))?;
        let mut end = Vec::new();
        file.take(bytes).read_to_end(&mut end)?;
        Ok(end)
    };
    String::from_utf8_lossy(&read().unwrap_or_default()).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_tail_is_the_last_lines() {
        let dir = tempfile::tempdir().unwrap();
        let log = dir.path().join("stderr.log");
        let lines: Vec<String> = (0..100).map(|n| format!("line {n}")).collect();
        std::fs::write(&log, lines.join("\n")).unwrap();
        let tail = tail(&[log, dir.path().join("missing")]);
        assert!(
            tail.ends_with("| line 99") && !tail.contains("line 93"),
            "{tail}"
        );
        assert_eq!(tail.lines().count(), TAIL_LINES + 1);
    }
}
