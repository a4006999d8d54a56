//! What the host is said to be able to do, compared with what it does.

use std::path::Path;

use faultbench::host::abilities::{self, Abilities};
use faultbench::host::fabric::{Backend, Choice, Fabric};

use crate::harness::{self, As, Outcome, Scenario, Test};

pub const TESTS: &[Test] = &[
    ("abilities::agree_with_a_run", || {
        agree_with_a_run(As::Oneself)
    }),
    ("abilities::agree_with_a_plain_users_run", || {
        agree_with_a_run(As::PlainUser)
    }),
    ("abilities::leave_the_asking_process_alone", || {
        harness::succeeds("probe-untouched", As::Oneself)
    }),
];

pub const SCENARIOS: &[Scenario] = &[
    ("probe", || {
        println!("{}", serde_json::to_string(&probe()).unwrap());
        0
    }),
    ("probe-untouched", untouched),
    ("enter-and-build", || {
        harness::enter();
        harness::built(Fabric::build(2));
        0
    }),
];

fn probe() -> Abilities {
    abilities::probe(Path::new(".")).unwrap()
}

fn agree_with_a_run(who: As) -> Outcome {
    if let Some(reason) = harness::missing(who) {
        return Outcome::Skipped(reason);
    }
    let probed = harness::scenario("probe", who).output().unwrap();
    assert!(probed.status.success(), "{}", harness::text(&probed));
    let abilities: Abilities = serde_json::from_slice(&probed.stdout).unwrap();
    let run = harness::scenario("enter-and-build", who).output().unwrap();
    assert_eq!(
        abilities.can_run(),
        run.status.success(),
        "{abilities:?}\n{}",
        harness::text(&run)
    );
    let can = |name| {
        let mut abilities = abilities.abilities.iter();
        abilities.any(|ability| ability.name == name && !ability.state.is_no())
    };
    assert_eq!(abilities.fabric.backend == Backend::Tun, can("tun-device"));
    Outcome::Passed
}

/// The process is where it was, and has no child left.
fn untouched() -> i32 {
    let namespaces = || {
        ["net", "pid_for_children", "mnt", "user"]
            .map(|kind| std::fs::read_link(format!("/proc/self/ns/{kind}")).unwrap())
    };
    let before = namespaces();
    let abilities = probe();
    assert_eq!(namespaces(), before);
    assert!(crate::leftovers::children(std::process::id() as i32).is_empty());
    assert_eq!(abilities.fabric, Choice::of_host());
    0
}
