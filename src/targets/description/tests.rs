//! What a target file may say, and how it is told what it may not.

use super::*;
use crate::targets::{TARGETS, describe};

const SMALLEST: &str = r#"
nodes = 3
workloads = ["register"]
client = "resp"
[[process]]
command = ["store", "--listen", "{ip}:{port}"]
"#;

fn parse(text: &str) -> Result<Description, String> {
    Description::parse(text, "mystore", PathBuf::from("/"))
}

/// The problem with the smallest file after one of its texts is replaced.
fn problem(text: &str, by: &str) -> String {
    assert!(SMALLEST.contains(text), "{text}");
    parse(&SMALLEST.replace(text, by)).expect_err(by)
}

#[test]
fn the_smallest_file_is_enough() {
    let description = parse(SMALLEST).unwrap();
    assert_eq!(description.name, "mystore");
    assert_eq!(description.nodes.default, 3);
    assert_eq!(description.clients, Seating::Outside);
    assert!(description.process[0].ready.is_none());
}

#[test]
fn every_built_in_description_is_sound() {
    for kind in TARGETS {
        let description = describe(kind.name).unwrap();
        assert_eq!(description.name, kind.name);
        assert!(!description.workloads.is_empty(), "{}", kind.name);
    }
}

#[test]
fn what_has_no_meaning_is_told() {
    assert!(problem("{port}", "{prot}").contains("no placeholder {prot}"));
    assert!(problem("[\"register\"]", "[\"regster\"]").contains("no workload \"regster\""));
    assert!(problem("nodes = 3", "nodes = 0").contains("nodes are 0"));
    assert!(problem("nodes = 3", "nodes = 3\nname = \"../up\"").contains("../up"));
    assert!(problem("nodes = 3", "nodes = 3\nready = 1").contains("unknown field `ready`"));
    assert!(problem("[\"store\", \"--listen\", \"{ip}:{port}\"]", "[]").contains("[[process]]"));
    let option = "[options.mode]\ndefault = \"c\"\nchoices = [\"a\", \"b\"]\n[[process]]";
    assert!(problem("[[process]]", option).contains("\"c\" is none of its choices"));
}

#[test]
fn every_kind_of_probe_and_client_is_read() {
    for probe in [
        r#"{ tcp = "{ip}:{port}" }"#,
        r#"{ http = "http://{ip}:{port}/health" }"#,
        r#"{ command = ["check", "{ip}"] }"#,
        r#"{ log = "ready" }"#,
    ] {
        let text = format!("{SMALLEST}ready = {probe}\n");
        assert!(parse(&text).unwrap().process[0].ready.is_some(), "{probe}");
    }
    for client in [
        r#"{ http = "http://{ip}/" }"#,
        r#"{ command = ["client"] }"#,
    ] {
        assert!(
            parse(&SMALLEST.replace("\"resp\"", client)).is_ok(),
            "{client}"
        );
    }
}
