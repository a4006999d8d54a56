//! Runs the tests one after the other and prints what `cargo test` prints.

use std::fs::{self, Permissions};
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Output};
use std::sync::OnceLock;

use faultbench::host::fabric::{Fabric, FabricError};
use faultbench::host::sandbox::{self, Entered, Options, SandboxError};
use nix::errno::Errno;

/// A test passes unless it panics.
pub type Test = (&'static str, fn() -> Outcome);

/// What a started copy of this program does; it fails unless it returns 0.
pub type Scenario = (&'static str, fn() -> i32);

pub enum Outcome {
    Passed,
    Skipped(String),
}

/// The exit status of a scenario that the host refused a sandbox.
pub const EXIT_REFUSED: i32 = 77;

/// A user without privileges: nobody.
const PLAIN_UID: u32 = 65_534;

pub fn run(args: &[String], tests: &[&[Test]]) -> ExitCode {
    let filter = args.iter().find(|arg| !arg.starts_with('-'));
    let wanted = |name: &str| filter.is_none_or(|filter| name.contains(filter.as_str()));
    let tests = || tests.iter().flat_map(|tests| tests.iter());
    if args.iter().any(|arg| arg == "--list") {
        tests().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let (mut passed, mut failed, mut ignored) = (0, 0, 0);
    let chosen: Vec<_> = tests().filter(|(name, _)| wanted(name)).collect();
    println!("\nrunning {} tests", chosen.len());
    for (name, test) in &chosen {
        let word = match catch_unwind(AssertUnwindSafe(test)) {
            Ok(Outcome::Passed) => {
                passed += 1;
                "ok"
            }
            Ok(Outcome::Skipped(reason)) => {
                eprintln!("skipped: {name}: {reason}");
                ignored += 1;
                "ignored"
            }
            Err(_) => {
                failed += 1;
                "FAILED"
            }
        };
        println!("test {name} ... {word}");
    }
    if let Some(program) = PROGRAM_FOR_ALL.get() {
        fs::remove_dir_all(program.parent().unwrap()).unwrap();
    }
    let result = if failed == 0 { "ok" } else { "FAILED" };
    let filtered = tests().count() - chosen.len();
    println!(
        "\ntest result: {result}. {passed} passed; {failed} failed; {ignored} ignored; 0 measured; \
         {filtered} filtered out\n"
    );
    if failed == 0 {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    }
}

pub fn play(name: &str, scenarios: &[&[Scenario]]) -> ExitCode {
    let mut scenarios = scenarios.iter().flat_map(|scenarios| scenarios.iter());
    match scenarios.find(|(known, _)| *known == name) {
        Some((_, scenario)) => ExitCode::from(scenario() as u8),
        None => panic!("there is no scenario {name}"),
    }
}

/// Enters the sandbox; ends the process where the host refuses it.
pub fn enter() -> Entered {
    enter_with(Options::default())
}

pub fn enter_with(options: Options) -> Entered {
    sandbox::enter(options).unwrap_or_else(|error| {
        let SandboxError::Refused(_) = error else {
            panic!("{error}")
        };
        eprint!("{error}");
        std::process::exit(EXIT_REFUSED)
    })
}

/// The fabric; ends the process where the host forbids it or lacks the devices. Other refusals are
/// bugs in the wiring.
pub fn built(fabric: Result<Fabric, FabricError>) -> Fabric {
    fabric.unwrap_or_else(|error| {
        let FabricError::Refused(refused) = &error else {
            panic!("{error}")
        };
        match Errno::from_raw(refused.errno) {
            Errno::EPERM | Errno::EACCES | Errno::ENOSPC | Errno::ENODEV | Errno::EOPNOTSUPP => {
                eprint!("{error}");
                std::process::exit(EXIT_REFUSED)
            }
            _ => panic!("{error}"),
        }
    })
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum As {
    /// Whoever runs the tests.
    Oneself,
    /// A user without privileges.
    PlainUser,
}

pub fn is_root() -> bool {
    nix::unistd::geteuid().is_root()
}

/// Why the scenario cannot be played as that user, if so: root of a container may not have others.
pub fn missing(who: As) -> Option<String> {
    let others = || {
        let map = fs::read_to_string("/proc/self/uid_map").unwrap();
        map.lines().any(|line| {
            let mut numbers = line
                .split_ascii_whitespace()
                .filter_map(|n| n.parse::<u64>().ok());
            let (first, count) = (numbers.next().unwrap(), numbers.nth(1).unwrap());
            (first..first + count).contains(&u64::from(PLAIN_UID))
        })
    };
    (who == As::PlainUser && is_root() && !others())
        .then(|| format!("uid {PLAIN_UID} does not exist in this user namespace"))
}

/// A command that plays a scenario.
pub fn scenario(name: &str, who: As) -> Command {
    let mut command = match who {
        As::PlainUser if is_root() => {
            let mut command = Command::new(program_for_all());
            command.uid(PLAIN_UID).gid(PLAIN_UID).current_dir("/");
            command
        }
        _ => Command::new(std::env::current_exe().unwrap()),
    };
    command.args(["--scenario", name]);
    command
}

/// This program where a plain user can execute it, whatever directory it was built in.
fn program_for_all() -> &'static Path {
    PROGRAM_FOR_ALL.get_or_init(|| {
        let dir = tempfile::Builder::new()
            .prefix("faultbench-test")
            .tempdir()
            .unwrap();
        let open = Permissions::from_mode(0o755);
        fs::set_permissions(&dir, open.clone()).unwrap();
        let program = dir.keep().join("host");
        fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
        fs::set_permissions(&program, open).unwrap();
        program
    })
}

/// In a directory of its own, removed by `run` since statics are not dropped.
static PROGRAM_FOR_ALL: OnceLock<PathBuf> = OnceLock::new();

/// Plays a scenario to its end, which must be 0.
pub fn succeeds(name: &str, who: As) -> Outcome {
    if let Some(reason) = missing(who) {
        return Outcome::Skipped(reason);
    }
    let output = scenario(name, who).output().unwrap();
    if let Some(reason) = refused(&output) {
        return Outcome::Skipped(reason);
    }
    assert!(
        output.status.success(),
        "{name} as {who:?}: {}",
        text(&output)
    );
    Outcome::Passed
}

/// Why the host refused the scenario its sandbox, if it did.
pub fn refused(output: &Output) -> Option<String> {
    (output.status.code() == Some(EXIT_REFUSED))
        .then(|| String::from_utf8_lossy(&output.stderr).trim().to_owned())
}

pub fn text(output: &Output) -> String {
    format!(
        "{}\nstdout: {}\nstderr: {}",
        output.status,
        String::from_utf8_lossy(&output.stdout),
        String::from_utf8_lossy(&output.stderr)
    )
}
