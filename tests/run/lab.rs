//! A place to run faultbench in: a directory of its own, one run at a time.

use std::fmt;
use std::fs;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, Uid};

/// Runs load both cores: two at once would disturb each other.
static ONE_AT_A_TIME: Mutex<()> = Mutex::new(());

/// The user `nobody` of every Linux.
const NOBODY: u32 = 65534;

pub struct Lab {
    dir: tempfile::TempDir,
    program: PathBuf,
    uid: Option<u32>,
    _turn: MutexGuard<'static, ()>,
}

/// A faultbench that ended.
pub struct Ended {
    pub code: Option<i32>,
    pub stdout: String,
    pub stderr: String,
    store: PathBuf,
}

impl Lab {
    /// `None`, said loudly, where the host cannot run a cluster.
    pub fn new() -> Option<Lab> {
        let turn = ONE_AT_A_TIME.lock().unwrap_or_else(PoisonError::into_inner);
        let lab = Lab {
            dir: tempfile::tempdir().unwrap(),
            program: env!("CARGO_BIN_EXE_faultbench").into(),
            uid: None,
            _turn: turn,
        };
        lab.able().then_some(lab)
    }

    /// The same place for a plain user; `None`, said loudly, unless that can be tried.
    pub fn into_nobodys(mut self) -> Option<Lab> {
        if !Uid::effective().is_root() {
            eprintln!("skipped: the tests already run as a plain user");
            return None;
        }
        // The build directory may be closed to others.
        let program = self.dir.path().join("faultbench");
        fs::copy(&self.program, &program).unwrap();
        std::os::unix::fs::chown(self.dir.path(), Some(NOBODY), None).unwrap();
        self.program = program;
        self.uid = Some(NOBODY);
        self.able().then_some(self)
    }

    fn able(&self) -> bool {
        let doctor = self.faultbench(&["doctor", "--json"]);
        let able = doctor.json()["can_run"] == true;
        if !able {
            eprintln!("skipped: this host cannot run a cluster: {}", doctor.stdout);
        }
        able
    }

    pub fn store(&self) -> String {
        self.path("store").display().to_string()
    }

    /// A path in the directory faultbench runs in.
    pub fn path(&self, name: &str) -> PathBuf {
        self.dir.path().join(name)
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command
            .args(args)
            .current_dir(self.dir.path())
            .stdin(Stdio::null());
        if let Some(uid) = self.uid {
            command.uid(uid).gid(uid);
        }
        command
    }

    pub fn faultbench(&self, args: &[&str]) -> Ended {
        let output = self.command(args).output().unwrap();
        Ended {
            code: output.status.code(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
            store: self.store().into(),
        }
    }

    pub fn run(&self, args: &[&str]) -> Ended {
        self.faultbench(&[&["run"], args].concat())
    }

    /// Starts a run and returns while it goes on.
    pub fn start(&self, args: &[&str]) -> Child {
        // A new run is told from the one before by its link.
        let _ = fs::remove_file(Path::new(&self.store()).join("latest"));
        let mut command = self.command(&[&["run"], args].concat());
        command
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap()
    }

    pub fn latest(&self) -> PathBuf {
        Path::new(&self.store()).join("latest")
    }

    pub fn latest_results(&self) -> serde_json::Value {
        read_json(&self.latest().join("results.json"))
    }

    /// Waits until something is recorded.
    pub fn wait_for_history(&self, within: Duration) {
        let history = self.latest().join("history.jsonl");
        wait("a recorded operation", within, || {
            fs::metadata(&history).is_ok_and(|file| file.len() > 0)
        });
    }

    /// Every process of a run has its directory in the command line.
    pub fn wait_until_no_process_is_left(&self, within: Duration) {
        let name = self.dir.path().to_str().unwrap();
        wait("the end of every process", within, || {
            processes_naming(name).is_empty()
        });
    }
}

impl Ended {
    /// What the run wrote to `results.json`.
    pub fn results(&self) -> serde_json::Value {
        assert!(
            self.store.join("latest").exists(),
            "there is no run: {self}"
        );
        read_json(&self.store.join("latest/results.json"))
    }

    pub fn json(&self) -> serde_json::Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("{error}: {self}"))
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "exit {:?}\n{}\n{}", self.code, self.stdout, self.stderr)
    }
}

pub fn signal(child: &Child, signal: Signal) {
    kill(Pid::from_raw(child.id() as i32), signal).unwrap();
}

pub fn mounts() -> String {
    fs::read_to_string("/proc/self/mountinfo").unwrap()
}

pub fn interfaces() -> Vec<String> {
    let entries = fs::read_dir("/sys/class/net").unwrap();
    let mut names: Vec<_> = entries
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

fn processes_naming(text: &str) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir("/proc").unwrap().flatten() {
        // A process can end between the listing and the reading.
        let cmdline = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let cmdline = String::from_utf8_lossy(&cmdline).replace('\0', " ");
        if cmdline.contains(text) {
            found.push(cmdline);
        }
    }
    found
}

fn wait(what: &str, within: Duration, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < within,
            "{what} did not come within {within:?}"
        );
        std::thread::sleep(Duration::from_millis(20));
    }
}

fn read_json(path: &Path) -> serde_json::Value {
    let text = fs::read(path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    serde_json::from_slice(&text).unwrap()
}
