//! The run directory: everything a run leaves behind.
//!
//! `STORE/<target>-<workload>/<UTC time>-<seed>/` holds `plan.json`, `history.jsonl` (appended
//! live), `results.json`, `run.log`, and for each node `nodes/<name>/` with its logs and, unless
//! the run passed, its data. `STORE/latest` points to the newest.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use crate::plan::Setting;

/// A run's directory.
#[derive(Debug, Clone)]
pub struct RunDir {
    path: PathBuf,
}

/// Runs of one seed that begin within one second, at the most.
const SAME_NAME_MAX: u32 = 1000;

impl RunDir {
    /// Makes a new directory below `store` and points `latest` to it.
    pub fn create(store: &Path, setting: &Setting, now: SystemTime) -> io::Result<RunDir> {
        let family = store.join(format!("{}-{}", setting.target_name(), setting.workload));
        fs::create_dir_all(&family)?;
        let time: String = humantime::format_rfc3339_seconds(now)
            .to_string()
            .replace(['-', ':'], "");
        let name = format!("{time}-{}", setting.seed);
        let path = create_unique(&family, &name)?;
        // Absolute: nodes are given paths inside it and run in directories of their own.
        let path = fs::canonicalize(path)?;
        point_latest(store, &path)?;
        Ok(RunDir { path })
    }

    /// The directory of an earlier run: `path` itself, or one of its files.
    pub fn open(path: &Path) -> RunDir {
        let path = if path.is_file() {
            path.parent().unwrap_or(Path::new(".")).to_owned()
        } else {
            path.to_owned()
        };
        RunDir { path }
    }

    pub fn path(&self) -> &Path {
        &self.path
    }

    pub fn plan(&self) -> PathBuf {
        self.path.join("plan.json")
    }

    pub fn history(&self) -> PathBuf {
        self.path.join("history.jsonl")
    }

    pub fn results(&self) -> PathBuf {
        self.path.join("results.json")
    }

    pub fn log(&self) -> PathBuf {
        self.path.join("run.log")
    }

    pub fn nodes(&self) -> PathBuf {
        self.path.join("nodes")
    }

    /// Removes the nodes' data and keeps their logs.
    pub fn remove_data(&self) -> io::Result<()> {
        for node in fs::read_dir(self.nodes())? {
            let data = node?.path().join("data");
            if data.exists() {
                fs::remove_dir_all(data)?;
            }
        }
        Ok(())
    }

    /// Removes the whole run, and `latest` of `store` if it points here.
    pub fn remove(&self, store: &Path) -> io::Result<()> {
        let latest = store.join("latest");
        if fs::canonicalize(&latest).is_ok_and(|run| run == self.path) {
            fs::remove_file(latest)?;
        }
        fs::remove_dir_all(&self.path)?;
        // The family's folder goes with its last run, and is left where there are others.
        let _ = self.path.parent().map(fs::remove_dir);
        Ok(())
    }
}

/// Two runs of one seed can begin within a second: the later gets a number.
fn create_unique(family: &Path, name: &str) -> io::Result<PathBuf> {
    for n in 1..=SAME_NAME_MAX {
        let path = match n {
            1 => family.join(name),
            _ => family.join(format!("{name}-{n}")),
        };
        match fs::create_dir(&path) {
            Err(error) if error.kind() == io::ErrorKind::AlreadyExists => {}
            result => return result.map(|()| path),
        }
    }
    Err(io::ErrorKind::AlreadyExists.into())
}

/// Replaces the link in one step, so that whoever follows it always finds a run.
fn point_latest(store: &Path, run: &Path) -> io::Result<()> {
    let fresh = store.join(format!(".latest-{}", std::process::id()));
    let _ = fs::remove_file(&fresh);
    #[cfg(unix)]
    std::os::unix::fs::symlink(run, &fresh)?;
    #[cfg(not(unix))]
    fs::write(&fresh, run.display().to_string())?;
    fs::rename(fresh, store.join("latest"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::tests::setting;

    #[test]
    fn runs_of_one_second_get_directories_of_their_own() {
        let store = tempfile::tempdir().unwrap();
        let setting = setting();
        let now = SystemTime::UNIX_EPOCH;
        let first = RunDir::create(store.path(), &setting, now).unwrap();
        let second = RunDir::create(store.path(), &setting, now).unwrap();
        assert_ne!(first.path(), second.path());
        assert!(first.path().ends_with("raft-bank/19700101T000000Z-7"));
        let latest = fs::canonicalize(store.path().join("latest")).unwrap();
        assert_eq!(latest, second.path());
    }

    #[test]
    fn a_removed_run_leaves_no_link_to_it() {
        let store = tempfile::tempdir().unwrap();
        let store = store.path();
        let (first, second) = {
            let now = SystemTime::UNIX_EPOCH;
            let create = || RunDir::create(store, &setting(), now).unwrap();
            (create(), create())
        };
        first.remove(store).unwrap();
        assert_eq!(
            fs::canonicalize(store.join("latest")).unwrap(),
            second.path()
        );
        second.remove(store).unwrap();
        assert_eq!(fs::read_dir(store).unwrap().count(), 0);
    }

    #[test]
    fn removing_data_keeps_logs() {
        let store = tempfile::tempdir().unwrap();
        let run = RunDir::open(store.path());
        let node = run.nodes().join("n1");
        fs::create_dir_all(node.join("data")).unwrap();
        fs::write(node.join("stderr.log"), "x").unwrap();
        run.remove_data().unwrap();
        assert!(!node.join("data").exists() && node.join("stderr.log").exists());
    }
}
