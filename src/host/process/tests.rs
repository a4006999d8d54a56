//! Signals and their effect, on real processes.

use std::os::unix::process::ExitStatusExt;

use super::*;

fn shell(script: &str) -> Spawn<'static> {
    let mut spawn = Spawn::new("/bin/sh");
    spawn.args = vec!["-c".into(), script.into()];
    spawn
}

fn wait_for(process: &mut Process) -> ExitStatus {
    loop {
        if let Some(status) = process.try_exit_status().unwrap() {
            return status;
        }
        std::thread::sleep(LOOK_INTERVAL);
    }
}

fn wait_for_text(path: &Path) -> String {
    loop {
        match std::fs::read_to_string(path) {
            Ok(text) if text.ends_with('\n') => return text,
            _ => std::thread::sleep(LOOK_INTERVAL),
        }
    }
}

#[test]
fn logs_are_appended_and_the_exit_status_is_seen() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    std::fs::write(&log, "before\n").unwrap();
    let mut spawn = shell("echo $WORD; pwd; echo oops >&2; exit 7");
    spawn.env = vec![("WORD".into(), "hello".into())];
    spawn.cwd = Some("/".into());
    spawn.stdout = Some(log.clone());
    spawn.stderr = Some(log.clone());
    assert_eq!(wait_for(&mut spawn.start().unwrap()).code(), Some(7));
    assert_eq!(
        std::fs::read_to_string(&log).unwrap(),
        "before\nhello\n/\noops\n"
    );
}

#[test]
fn descriptors_are_not_inherited() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    // dup(2) clears close-on-exec.
    let file = std::fs::File::open("/dev/null").unwrap();
    // SAFETY: dup(2) of an open descriptor.
    let leak = unsafe { libc::dup(file.as_raw_fd()) };
    let mut spawn = shell(&format!("test -e /proc/self/fd/{leak}; echo $?"));
    spawn.stdout = Some(log.clone());
    wait_for(&mut spawn.start().unwrap());
    // SAFETY: the descriptor is ours alone.
    unsafe { libc::close(leak) };
    assert_eq!(std::fs::read_to_string(&log).unwrap(), "1\n");
}

#[test]
fn kill_ends_the_whole_group() {
    let dir = tempfile::tempdir().unwrap();
    let log = dir.path().join("log");
    let mut spawn = shell("sleep 1000 & echo $!; wait");
    spawn.stdout = Some(log.clone());
    let mut process = spawn.start().unwrap();
    let child: i32 = wait_for_text(&log).trim().parse().unwrap();
    let killed = process.kill().unwrap();
    assert_eq!(killed.status.signal(), Some(libc::SIGKILL));
    assert!(!killed.ended_before);
    let stat = std::fs::read_to_string(format!("/proc/{child}/stat")).unwrap_or_default();
    assert!(
        stat.is_empty() || stat.contains(") Z "),
        "the child lives: {stat}"
    );
    let again = process.kill().unwrap();
    assert_eq!((again.status, again.ended_before), (killed.status, true));
}

#[test]
fn a_pause_is_observed_and_can_be_ended_or_killed() {
    let mut process = shell("sleep 1000 & wait").start().unwrap();
    let paused = process.pause().unwrap();
    assert!(paused.threads >= 1, "{paused:?}");
    assert_eq!(process.try_exit_status().unwrap(), None);
    let resumed = process.resume().unwrap();
    assert!(resumed.threads >= 1, "{resumed:?}");
    process.pause().unwrap();
    assert_eq!(process.kill().unwrap().status.signal(), Some(libc::SIGKILL));
}

#[test]
fn what_has_ended_cannot_be_paused() {
    let mut process = shell("exit 3").start().unwrap();
    wait_for(&mut process);
    let error = process.pause().unwrap_err();
    assert!(error.to_string().contains("exit status: 3"), "{error}");
    let killed = process.kill().unwrap();
    assert_eq!((killed.status.code(), killed.ended_before), (Some(3), true));
}

#[test]
fn errors_name_the_file() {
    let error = Spawn::new("/no/such/program").start().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("cannot start /no/such/program: "),
        "{error}"
    );
    let mut spawn = shell("true");
    spawn.stdout = Some("/no/such/dir/log".into());
    let error = spawn.start().unwrap_err();
    assert!(error.to_string().contains("/no/such/dir/log"), "{error}");
}

#[test]
fn a_process_can_move_between_threads() {
    fn assert_send<T: Send>() {}
    assert_send::<Process>();
}
