//! What requests accept, and what faults they draw.

use super::*;
use crate::plan::seed::Seed;

fn faults(request: &str, nodes: usize, count: usize) -> Vec<Fault> {
    let request: Request = request.parse().unwrap();
    let mut next = request.faults(nodes, Seed(1).stream("test", 0)).unwrap();
    (0..count).map(|_| next()).collect()
}

#[test]
fn requests_print_as_they_parse() {
    for text in [
        "partition",
        "kill:all",
        "pause:leader",
        "partition:n1>n2+n3>n1",
    ] {
        assert_eq!(text.parse::<Request>().unwrap().to_string(), text);
    }
}

#[test]
fn unknown_names_list_the_known_ones() {
    let no_family = "earthquake".parse::<Request>().unwrap_err();
    assert!(no_family.contains("partition, kill, pause"), "{no_family}");
    let no_variant = "kill:some".parse::<Request>().unwrap_err();
    assert!(
        no_variant.contains("one, minority, majority, all, leader, majority-side"),
        "{no_variant}"
    );
    assert!("partition:n1>n1".parse::<Request>().is_err());
}

#[test]
fn a_family_goes_through_all_its_variants() {
    let shapes: std::collections::BTreeSet<_> = faults("partition", 5, 6)
        .into_iter()
        .map(|fault| serde_json::to_value(fault).unwrap()["shape"].to_string())
        .collect();
    assert_eq!(shapes.len(), 6, "{shapes:?}");
}

#[test]
fn a_family_plans_nothing_that_needs_another_fault() {
    for fault in faults("kill", 5, 30) {
        assert!(!fault.to_string().contains("side"), "{fault}");
    }
    let asked_for = faults("kill:majority-side", 5, 1);
    assert_eq!(
        asked_for[0].to_string(),
        "kill the larger side of a partition"
    );
}

#[test]
fn every_partition_cuts_something_and_fits_the_cluster() {
    for nodes in 2..8 {
        for fault in faults("partition", nodes, 60) {
            let Fault::Partition(partition) = &fault else {
                panic!("{fault:?}")
            };
            let links = partition.links(nodes, Some(NodeId(0))).unwrap();
            assert!(!links.is_empty(), "{nodes} nodes: {fault}");
            assert!(
                links
                    .iter()
                    .all(|l| l.from.0 < nodes && l.to.0 < nodes && l.from != l.to)
            );
        }
    }
}

#[test]
fn victims_are_as_many_as_named() {
    for (request, count) in [("one", 1), ("minority", 2), ("majority", 3), ("all", 5)] {
        for fault in faults(&format!("kill:{request}"), 5, 10) {
            let Fault::Kill {
                nodes: Victims::Nodes(nodes),
            } = fault
            else {
                panic!()
            };
            assert_eq!(nodes.len(), count);
        }
    }
}

#[test]
fn what_does_not_fit_is_refused() {
    let ring: Request = "partition:majority-ring".parse().unwrap();
    let error = ring.faults(3, Seed(1).stream("test", 0)).err().unwrap();
    assert!(error.contains("at least 4 nodes"), "{error}");
    let grudge: Request = "partition:n1>n9".parse().unwrap();
    assert!(grudge.faults(5, Seed(1).stream("test", 0)).is_err());
}
