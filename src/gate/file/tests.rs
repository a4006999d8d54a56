//! What gate files come to.

use super::*;

fn names(cases: &[Case]) -> Vec<&str> {
    cases.iter().map(|case| &*case.name).collect()
}

fn refusal(text: &str) -> String {
    parse(text).expect_err(text).to_string()
}

#[test]
fn lists_multiply() {
    let cases = parse(
        r#"
        [run]
        time-limit = "5s"
        nodes = 3
        overlap = true
        [[case]]
        workload = ["bank", "set"]
        nemesis = ["kill", "partition,pause"]
        nodes = 5
        seeds = "3-5"
        "#,
    )
    .unwrap();
    let expected = [
        "bank kill",
        "set kill",
        "bank partition,pause",
        "set partition,pause",
    ];
    let mut sorted = names(&cases);
    sorted.sort_unstable();
    let mut expected: Vec<&str> = expected.to_vec();
    expected.sort_unstable();
    assert_eq!(sorted, expected);
    let one = cases.iter().find(|case| case.name == "bank kill").unwrap();
    assert_eq!(one.seeds, [3, 4, 5]);
    let mut args = one.args.clone();
    args.sort_unstable();
    let expected = [
        "--nemesis=kill",
        "--nodes=5",
        "--overlap",
        "--time-limit=5s",
        "--workload=bank",
    ];
    assert_eq!(args, expected);
    assert_eq!(one.expectation.text(), "valid");
}

#[test]
fn a_known_anomaly_is_expected_of_every_seed_unless_said() {
    let gate = |extra: &str| {
        let text = format!("[[case]]\nseeds = [4, 9]\nexpect = 'lost'\n{extra}");
        parse(&text).unwrap().remove(0).expectation
    };
    assert_eq!(gate("").shown_min, 2);
    assert_eq!(gate("at-least = 1").shown_min, 1);
    let minimum = Minimum { ok: 7, faults: 0 };
    assert_eq!(gate("minimum = { ok = 7 }").minimum, minimum);
}

#[test]
fn given_names_tell_only_what_differs() {
    let text = "[[case]]\nname = 'pairs'\nworkload = ['bank', 'set']\nnodes = [3, 5]\nrate = 9";
    let cases = parse(text).unwrap();
    let mut found = names(&cases);
    found.sort_unstable();
    let expected = ["pairs bank 3", "pairs bank 5", "pairs set 3", "pairs set 5"];
    assert_eq!(found, expected);
}

#[test]
fn a_table_is_an_option_given_several_times() {
    let cases = parse("[[case]]\nwith = { wait = 1, reads = 'local' }").unwrap();
    assert_eq!(cases[0].args, ["--with=reads=local", "--with=wait=1"]);
    assert_eq!(cases[0].name, "reads=local wait=1");
}

#[test]
fn what_is_wrong_is_told_with_its_place() {
    for (text, part) in [
        ("", "no [[case]]"),
        ("[[case]]\nnodes = ", "line 2"),
        ("[[cases]]\n", "unknown field `cases`"),
        ("[[case]]\nseeds = []", "there are no seeds"),
        ("[[case]]\nseeds = '5-3'", "there are no seeds"),
        ("[[case]]\nseeds = [1, 1]", "given twice"),
        ("[[case]]\nseeds = 'many'", "no range such as"),
        ("[[case]]\nseeds = -1", "expected seeds such as"),
        ("[[case]]\nseeds = '0-18446744073709551615'", "10000 runs"),
        ("[[case]]\nexpect = ['valid', 'lost']", "not both"),
        ("[[case]]\nat-least = 1", "none is expected"),
        ("[[case]]\nexpect = 'lost'\nat-least = 2", "between 1 and 1"),
        ("[[case]]\nminimum = { okay = 1 }", "unknown field `okay`"),
        ("[[case]]\nnodes = []", "empty list"),
        ("[[case]]\nnodes = { a = [1] }", "nodes.a holds: array"),
        ("[[case]]\nnodes = [[1]]", "nodes holds: array"),
        ("[[case]]\n[[case]]\n", "another is called the same"),
    ] {
        let refusal = refusal(text);
        assert!(refusal.contains(part), "{text}: {refusal}");
    }
}

#[test]
fn a_matrix_beyond_the_limit_is_refused_before_it_is_made() {
    let list = |option: char| {
        let values: Vec<String> = (0..200).map(|n| n.to_string()).collect();
        format!("{option} = [{}]\n", values.join(","))
    };
    let text: String = ('a'..='z').map(list).collect();
    assert!(refusal(&format!("[[case]]\n{text}")).contains("10000 runs"));
}
