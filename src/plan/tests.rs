//! What a plan promises: the same wish, the same bytes; and a file that reads back as it was.

use super::*;

/// A wish with everything in it.
pub(crate) fn wish() -> Wish {
    Wish {
        seed: 7,
        target: "raft".into(),
        bug: None,
        nodes: 5,
        workload: "bank".into(),
        nemesis: ["partition", "kill:leader", "pause"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect(),
        rhythm: Rhythm {
            fault: Duration::from_secs(2),
            calm: Duration::from_secs(1),
            overlap: false,
        },
        concurrency: 10,
        rate_per_s: 100,
        time_limit: Duration::from_secs(20),
        op_timeout: Duration::from_secs(1),
        recovery_deadline: Duration::from_secs(10),
    }
}

fn bytes(plan: &Plan) -> Vec<u8> {
    let mut bytes = Vec::new();
    plan.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_same_wish_gives_the_same_bytes() {
    for kind in faultbench_workloads::WORKLOADS {
        let wish = Wish {
            workload: kind.name.into(),
            ..wish()
        };
        let drawn = bytes(&Plan::draw(&wish).unwrap());
        assert_eq!(drawn, bytes(&Plan::draw(&wish).unwrap()));
        let other = Wish { seed: 8, ..wish };
        assert_ne!(drawn, bytes(&Plan::draw(&other).unwrap()));
    }
}

#[test]
fn a_file_reads_back_as_it_was() {
    let plan = Plan::draw(&wish()).unwrap();
    assert_eq!(plan.ops.len(), 2000);
    assert!(plan.faults.len() >= 3);
    assert_eq!(Plan::read(&bytes(&plan)[..]).unwrap(), plan);
}

#[test]
fn a_longer_run_begins_with_the_same_operations() {
    let longer = Wish {
        time_limit: Duration::from_secs(40),
        ..wish()
    };
    let (short, long) = (Plan::draw(&wish()).unwrap(), Plan::draw(&longer).unwrap());
    assert_eq!(short.ops[..], long.ops[..short.ops.len()]);
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |change: fn(&mut Wish)| {
        let mut wish = wish();
        change(&mut wish);
        Plan::draw(&wish).unwrap_err().to_string()
    };
    assert!(refused(|w| w.nodes = 0).contains("--nodes is 0"));
    assert!(refused(|w| w.rate_per_s = 0).contains("--rate"));
    assert!(refused(|w| w.workload = "quux".into()).contains("bank, register, set"));
    let long = refused(|w| {
        w.rate_per_s = 1_000_000;
        w.time_limit = Duration::from_secs(3600);
    });
    assert!(long.contains("lower --rate"), "{long}");
}

#[test]
fn hostile_plan_files_are_refused() {
    let text = String::from_utf8(bytes(&Plan::draw(&wish()).unwrap())).unwrap();
    let refused = |from: &str, to: &str| {
        let changed = text.replacen(from, to, 1);
        assert_ne!(changed, text, "{from}");
        Plan::read(changed.as_bytes()).unwrap_err().to_string()
    };
    assert!(refused("\"nodes\": 5", "\"nodes\": 0").contains("--nodes"));
    assert!(refused("\"nodes\": 5", "\"nodes\": 1").contains("names n"));
    assert!(refused("\"version\": 1", "\"version\": 9").contains("version 9"));
    assert!(refused("\"version\": 1,", "").contains("version"));
    for cut in 0..text.len().min(3000) {
        assert!(Plan::read(&text.as_bytes()[..cut]).is_err());
    }
}
