//! The journal of a gate: a line for every run that ended, written as it happens, so that a gate
//! that was stopped goes on where it was.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::Path;

use super::record::Record;

/// An open journal.
pub struct Journal {
    file: File,
    earlier: Vec<Record>,
}

impl Journal {
    /// Begins one at `path`, over what was there.
    pub fn begin(path: &Path) -> io::Result<Journal> {
        create_folder(path)?;
        Ok(Journal {
            file: File::create(path)?,
            earlier: Vec::new(),
        })
    }

    /// Goes on with the one at `path`, or begins it if there is none.
    ///
    /// # Errors
    /// It cannot be read or written, or a line of it is no record. A last line that was cut off
    /// when the gate was stopped is left out: that run is done again.
    pub fn resume(path: &Path) -> io::Result<Journal> {
        create_folder(path)?;
        let text = match fs::read_to_string(path) {
            Ok(text) => text,
            Err(error) if error.kind() == io::ErrorKind::NotFound => String::new(),
            Err(error) => return Err(error),
        };
        let whole = text.rfind('\n').map_or(0, |end| end + 1);
        let mut earlier = Vec::new();
        for (n, line) in text[..whole].lines().enumerate() {
            let record = serde_json::from_str(line);
            earlier.push(record.map_err(|error| {
                let problem = format!("line {}: not a record of a run: {error}", n + 1);
                io::Error::new(io::ErrorKind::InvalidData, problem)
            })?);
        }
        let file = OpenOptions::new().create(true).append(true).open(path)?;
        file.set_len(whole as u64)?;
        Ok(Journal { file, earlier })
    }

    /// The newest record of this run with the same options, unless faultbench itself failed then.
    pub fn earlier(&self, case: &str, args: &[String], seed: u64) -> Option<&Record> {
        let mut records = self.earlier.iter().rev();
        let record = records.find(|run| run.case == case && run.args == args && run.seed == seed);
        record.filter(|run| run.harness.is_empty())
    }

    pub fn write(&mut self, record: &Record) -> io::Result<()> {
        let mut line = serde_json::to_vec(record)?;
        line.push(b'\n');
        self.file.write_all(&line)
    }
}

fn create_folder(path: &Path) -> io::Result<()> {
    path.parent().map_or(Ok(()), fs::create_dir_all)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::record::tests::record;
    use crate::verdict::Exit;

    #[test]
    fn a_journal_goes_on_after_a_torn_line() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("gate/journal.jsonl");
        let run = record(Exit::Safety, &["lost"]);
        Journal::begin(&path).unwrap().write(&run).unwrap();
        let whole = fs::read(&path).unwrap();
        let torn = [&whole[..], &whole[..whole.len() / 2]].concat();
        fs::write(&path, torn).unwrap();

        let mut journal = Journal::resume(&path).unwrap();
        assert_eq!(journal.earlier(&run.case, &run.args, 1), Some(&run));
        assert_eq!(journal.earlier(&run.case, &run.args, 2), None);
        assert_eq!(journal.earlier(&run.case, &[], 1), None);
        let second = Record { seed: 2, ..run };
        journal.write(&second).unwrap();
        let journal = Journal::resume(&path).unwrap();
        assert!(journal.earlier(&second.case, &second.args, 2).is_some());
        assert_eq!(journal.earlier.len(), 2);
    }

    #[test]
    fn a_foreign_file_is_refused() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        fs::write(&path, "{}\n").unwrap();
        let error = Journal::resume(&path).err().unwrap().to_string();
        assert!(error.contains("line 1"), "{error}");
    }
}
