//! The table of models and the choice of one.

use super::*;
use crate::OpType;
use crate::Process;
use crate::recording::{Recording, ints};
use crate::report::Validity;

fn detected(recording: &Recording) -> Result<&'static str, String> {
    detect(&recording.ops).map(|kind| kind.name)
}

#[test]
fn names_and_aliases_are_unique() {
    let mut names: Vec<&str> = MODELS
        .iter()
        .flat_map(|kind| kind.aliases.iter().chain([&kind.name]))
        .copied()
        .collect();
    let count = names.len();
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), count);
    for kind in MODELS {
        assert_eq!(
            model_named(kind.name).map(|found| found.name),
            Some(kind.name)
        );
        assert!(!kind.about.is_empty() && !kind.functions.is_empty());
    }
}

#[test]
fn functions_tell_the_model() {
    let cases: [(&[&'static str], &str); 5] = [
        (&["read", "transfer"], "bank"),
        (&["open", "read"], "bank"),
        (&["add", "read"], "set"),
        (&["read", "write"], "cas-register"),
        (&["cas", "read", "write"], "cas-register"),
    ];
    for (functions, expected) in cases {
        let mut recording = Recording::default();
        recording.event(Process::NEMESIS, OpType::Info, "kill", Value::Nil);
        for (process, f) in functions.iter().enumerate() {
            recording.invoke(process as i64, f, Value::Nil);
        }
        assert_eq!(detected(&recording), Ok(expected));
    }
}

#[test]
fn reads_alone_tell_by_their_values() {
    for (value, expected) in [
        (Value::Map(Vec::new()), "bank"),
        (ints(&[1]), "set"),
        (Value::Int(1), "cas-register"),
    ] {
        let mut recording = Recording::default();
        recording.call(0, "read", value);
        assert_eq!(detected(&recording), Ok(expected));
    }
}

#[test]
fn a_mixed_vocabulary_is_an_error_that_helps() {
    let mut recording = Recording::default();
    recording.invoke(0, "transfer", Value::Nil);
    recording.invoke(1, "write", Value::Nil);
    let error = detected(&recording).unwrap_err();
    assert!(
        error.contains("transfer, write") && error.contains("--model: bank"),
        "{error}"
    );
    assert!(detected(&Recording::default()).is_err());
}

#[test]
fn a_bad_event_leaves_the_checker_as_it_was() {
    // Functions without arguments: every model has one of them.
    const BARE: [&str; 12] = [
        "txn",
        "read",
        "watch",
        "poll",
        "get",
        "dequeue",
        "pop",
        "delete-min",
        "generate",
        "release",
        "inspect",
        "insert",
    ];
    for kind in MODELS {
        let f = BARE.into_iter().find(|f| kind.functions.contains(f));
        let f = f.expect("a function without arguments");
        let mut recording = Recording::default();
        recording.ok(9, f, Value::Nil);
        recording.invoke(0, f, Value::Nil);
        recording.invoke(0, f, Value::Nil);
        let mut checker = kind.checker(&Params::default());
        assert!(checker.push(&recording.ops[0]).is_err(), "{}", kind.name);
        assert!(checker.push(&recording.ops[1]).is_ok(), "{}", kind.name);
        assert!(checker.push(&recording.ops[2]).is_err(), "{}", kind.name);
        let report = checker.finish(&Budget::unlimited());
        assert_eq!(report.validity, Validity::Unknown);
    }
}
