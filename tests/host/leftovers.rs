//! What a run could leave behind: processes, namespaces, mounts, interfaces.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::time::{Duration, Instant};

use faultbench::host::fabric::INTERFACE;

/// A living process and whose child it is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Living {
    pub pid: i32,
    pub parent: i32,
    pub name: String,
}

/// All processes but zombies.
pub fn living() -> Vec<Living> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|entry| {
        let name = entry.ok()?.file_name();
        name.to_str()?.parse::<i32>().ok()
    });
    pids.filter_map(|pid| {
        let stat = fs::read_to_string(format!("/proc/{pid}/stat")).ok()?;
        let (start, fields) = stat.rsplit_once(')')?;
        let name = start.split_once('(')?.1.to_owned();
        let fields: Vec<&str> = fields.split_ascii_whitespace().collect();
        let parent = fields.get(1)?.parse().ok()?;
        (fields[0] != "Z" && fields[0] != "X").then_some(Living { pid, parent, name })
    })
    .collect()
}

/// Living processes with `NAME=value` in their environment, which they pass on to their children.
pub fn marked(mark: &str) -> Vec<i32> {
    let has_mark = |pid: i32| {
        let environment = fs::read(format!("/proc/{pid}/environ")).unwrap_or_default();
        environment
            .split(|&byte| byte == 0)
            .any(|variable| variable == mark.as_bytes())
    };
    living()
        .iter()
        .map(|living| living.pid)
        .filter(|&pid| has_mark(pid))
        .collect()
}

pub fn children(pid: i32) -> Vec<i32> {
    living()
        .iter()
        .filter(|living| living.parent == pid)
        .map(|living| living.pid)
        .collect()
}

/// The child of init that is this program too, not an orphan it took in.
pub fn controller(init: i32) -> i32 {
    let command = |pid: i32| fs::read(format!("/proc/{pid}/cmdline")).unwrap();
    let is_controller = |pid: &i32| command(*pid) == command(init);
    children(init).into_iter().find(is_controller).unwrap()
}

pub fn descendants(pid: i32) -> Vec<i32> {
    let mut found = vec![pid];
    let mut next = 0;
    while next < found.len() {
        found.extend(children(found[next]));
        next += 1;
    }
    found
}

/// The namespaces processes are in or hold, as `net:[4026531840]`; those of other users' processes
/// only if root asks.
pub fn namespaces_of(pids: &[i32]) -> BTreeSet<String> {
    let links = pids.iter().flat_map(|pid| {
        let of = |kind| {
            fs::read_dir(format!("/proc/{pid}/{kind}"))
                .into_iter()
                .flatten()
                .flatten()
        };
        of("ns")
            .chain(of("fd"))
            .map(|entry| entry.path())
            .collect::<Vec<_>>()
    });
    links.filter_map(|link| namespace(&link)).collect()
}

fn namespace(link: &Path) -> Option<String> {
    let target = fs::read_link(link).ok()?.to_str()?.to_owned();
    target.contains(":[").then_some(target).filter(|target| {
        ["net:", "pid:", "mnt:", "user:"]
            .iter()
            .any(|kind| target.starts_with(kind))
    })
}

/// Mounts and interfaces of the host that could be a run's: others come and go meanwhile.
pub fn host_state() -> Vec<String> {
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    let of_proc = mounts.lines().filter(|line| line.contains(" proc "));
    let mounts = of_proc.map(|line| format!("mount {line}"));
    let interfaces = fs::read_dir("/sys/class/net")
        .into_iter()
        .flatten()
        .flatten();
    let names = interfaces.map(|entry| entry.file_name().to_string_lossy().into_owned());
    let ours = names.filter(|name| name == INTERFACE || name.starts_with("port"));
    let mut state: Vec<String> = mounts.chain(ours).collect();
    state.sort();
    state
}

/// Polls until `done` or a generous deadline.
pub fn eventually(what: &str, mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(
            start.elapsed() < Duration::from_secs(20),
            "not within 20 s: {what}"
        );
        std::thread::sleep(Duration::from_millis(5));
    }
}
