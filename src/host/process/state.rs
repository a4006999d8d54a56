//! The states of a process group's threads, as /proc tells them (`proc_pid_stat(5)`).

use std::fmt;
use std::fs;
use std::io;
use std::path::Path;

/// Living threads of a process group; what is dead and only waits to be reaped does not count.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct GroupState {
    pub processes: usize,
    pub threads: usize,
    /// Threads stopped by a signal.
    pub stopped: usize,
}

impl fmt::Display for GroupState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let GroupState {
            processes,
            threads,
            stopped,
        } = self;
        write!(
            f,
            "{stopped} of {threads} threads in {processes} processes are stopped"
        )
    }
}

/// Looks at all processes of the group. Those that come and go meanwhile may be missed.
pub(super) fn group_state(group: i32) -> io::Result<GroupState> {
    let mut state = GroupState::default();
    for entry in fs::read_dir("/proc")? {
        let path = entry?.path();
        if number(&path).is_none() || read_stat(&path).is_none_or(|stat| stat.group != group) {
            continue;
        }
        let threads = thread_states(&path);
        if !threads.is_empty() {
            state.processes += 1;
            state.threads += threads.len();
            state.stopped += threads.iter().filter(|&&state| state == 'T').count();
        }
    }
    Ok(state)
}

/// Living threads only; none of a process that is gone meanwhile.
fn thread_states(process: &Path) -> Vec<char> {
    let Ok(threads) = fs::read_dir(process.join("task")) else {
        return Vec::new();
    };
    threads
        .filter_map(|thread| Some(read_stat(&thread.ok()?.path())?.state))
        .filter(|state| !matches!(state, 'Z' | 'X'))
        .collect()
}

fn number(path: &Path) -> Option<u32> {
    path.file_name()?.to_str()?.parse().ok()
}

#[derive(Debug, PartialEq, Eq)]
struct Stat {
    state: char,
    group: i32,
}

fn read_stat(process_or_thread: &Path) -> Option<Stat> {
    parse_stat(&fs::read(process_or_thread.join("stat")).ok()?)
}

/// `pid (name) state parent group …`; the name may contain anything, parentheses too.
fn parse_stat(bytes: &[u8]) -> Option<Stat> {
    let end_of_name = bytes.iter().rposition(|&byte| byte == b')')?;
    let fields = std::str::from_utf8(&bytes[end_of_name + 1..]).ok()?;
    let mut fields = fields.split_ascii_whitespace();
    let state = fields.next()?.chars().next()?;
    let group = fields.nth(1)?.parse().ok()?;
    Some(Stat { state, group })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parses_names_made_to_confuse() {
        let stat = |text: &str| parse_stat(text.as_bytes());
        assert_eq!(
            stat("7 (sh) S 1 7 7 0"),
            Some(Stat {
                state: 'S',
                group: 7
            })
        );
        assert_eq!(
            stat("7 (a) R 9 (b) T 1 42 7"),
            Some(Stat {
                state: 'T',
                group: 42
            })
        );
        assert_eq!(
            parse_stat(b"7 (\xff\n) Z 1 8"),
            Some(Stat {
                state: 'Z',
                group: 8
            })
        );
        assert_eq!(stat("7 (sh) S"), None);
        assert_eq!(stat(""), None);
    }

    #[test]
    fn sees_its_own_process() {
        let group = nix::unistd::getpgrp().as_raw();
        let state = group_state(group).unwrap();
        assert!(
            state.processes >= 1 && state.threads >= state.processes,
            "{state}"
        );
        assert_eq!(group_state(i32::MAX).unwrap(), GroupState::default());
    }
}
