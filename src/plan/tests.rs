//! What a plan promises: the same setting, the same bytes; and a file that reads back as it was.

use super::*;

/// A setting with everything in it.
pub(crate) fn setting() -> Setting {
    Setting {
        version: PLAN_VERSION,
        seed: 7,
        target: "raft".into(),
        bug: None,
        options: BTreeMap::new(),
        binaries: BTreeMap::new(),
        nodes: 5,
        leaderless: false,
        workload: "bank".into(),
        consistency: Vec::new(),
        nemesis: ["partition", "kill:leader", "pause"]
            .iter()
            .map(|text| text.parse().unwrap())
            .collect(),
        concurrency: 10,
        rate_per_s: 100,
        time_limit_ms: 20_000,
        op_timeout_ms: 1000,
        recovery_deadline_ms: 10_000,
    }
}

pub(crate) fn draw(setting: Setting) -> Result<Plan, PlanError> {
    let rhythm = Rhythm {
        fault: Duration::from_secs(2),
        calm: Duration::from_secs(1),
        overlap: false,
    };
    Plan::draw(setting, rhythm)
}

fn bytes(plan: &Plan) -> Vec<u8> {
    let mut bytes = Vec::new();
    plan.write(&mut bytes).unwrap();
    bytes
}

#[test]
fn the_same_setting_gives_the_same_bytes() {
    for kind in faultbench_workloads::WORKLOADS {
        let setting = Setting {
            workload: kind.name.into(),
            ..setting()
        };
        let drawn = bytes(&draw(setting.clone()).unwrap());
        assert_eq!(drawn, bytes(&draw(setting.clone()).unwrap()));
        let other = Setting { seed: 8, ..setting };
        assert_ne!(drawn, bytes(&draw(other).unwrap()));
    }
}

#[test]
fn a_file_reads_back_as_it_was() {
    let plan = draw(setting()).unwrap();
    assert_eq!(plan.ops.len(), 2000);
    assert!(plan.faults.len() >= 3);
    assert_eq!(Plan::read(&bytes(&plan)[..]).unwrap(), plan);
}

#[test]
fn a_longer_run_begins_with_the_same_operations() {
    let longer = Setting {
        time_limit_ms: 40_000,
        ..setting()
    };
    let (short, long) = (draw(setting()).unwrap(), draw(longer).unwrap());
    assert_eq!(short.ops[..], long.ops[..short.ops.len()]);
}

#[test]
fn what_cannot_be_is_refused() {
    let refused = |change: fn(&mut Setting)| {
        let mut setting = setting();
        change(&mut setting);
        draw(setting).unwrap_err().to_string()
    };
    assert!(refused(|s| s.nodes = 0).contains("--nodes is 0"));
    assert!(refused(|s| s.rate_per_s = 0).contains("--rate"));
    assert!(refused(|s| s.workload = "quux".into()).contains("queue, register, set"));
    let long = refused(|s| {
        s.rate_per_s = 1_000_000;
        s.time_limit_ms = 3_600_000;
    });
    assert!(long.contains("lower --rate"), "{long}");
}

#[test]
fn hostile_plan_files_are_refused() {
    let text = String::from_utf8(bytes(&draw(setting()).unwrap())).unwrap();
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

#[test]
fn only_what_can_be_judged_of_the_workload_is_planned() {
    let claiming = |workload: &str, name: &str| {
        draw(Setting {
            workload: workload.into(),
            consistency: vec![name.into()],
            ..setting()
        })
    };
    assert!(claiming("register", "causal").is_ok());
    let unknown = claiming("register", "casual").unwrap_err().to_string();
    assert!(unknown.contains("\"casual\""), "{unknown}");
    let misfit = claiming("bank", "causal").unwrap_err().to_string();
    assert!(misfit.contains("invariant"), "{misfit}");
}
