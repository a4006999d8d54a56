//! Real databases, and a store of one's own by its target file.
//!
//! A test whose database is not installed says `skipped: …` and which.

use std::fs;
use std::path::Path;
use std::time::Duration;

use nix::sys::signal::Signal;

use crate::lab::{Lab, signal};

/// Faults in quick succession, the more of them in a short run.
const QUICK: &[&str] = &["--fault-duration", "2500ms", "--fault-gap", "700ms"];

const MYSTORE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/fixtures/mystore/mystore.toml");

/// A place to run in, if these programs are there.
fn lab(programs: &[&str]) -> Option<Lab> {
    let path = std::env::var("PATH").unwrap_or_default() + ":/usr/sbin";
    let there = |program: &str| {
        path.split(':')
            .any(|dir| Path::new(dir).join(program).exists())
    };
    if let Some(missing) = programs.iter().find(|program| !there(program)) {
        eprintln!("skipped: {missing} is not installed");
        return None;
    }
    Lab::new()
}

fn args<'a>(target: &'a str, workload: &'a str, more: &[&'a str]) -> Vec<&'a str> {
    let named = ["--target", target, "--workload", workload];
    [&named, QUICK, more].concat()
}

#[test]
fn etcd_keeps_its_promise() {
    let Some(lab) = lab(&["etcd"]) else { return };
    for workload in ["register", "list-append"] {
        let faults = [
            "--nemesis",
            "partition,kill:one",
            "--time-limit",
            "8s",
            "--seed",
            "3",
        ];
        let run = lab.run(&args("etcd", workload, &faults));
        let results = run.results();
        assert_eq!(run.code, Some(0), "{workload}: {run}");
        let version = results["target_version"].as_str().unwrap();
        assert!(version.starts_with("etcd Version"), "{version}");
    }
}

#[test]
fn a_serializable_read_of_etcd_is_caught_being_stale() {
    let Some(lab) = lab(&["etcd"]) else { return };
    let faults = [
        "--nemesis",
        "partition:one",
        "--time-limit",
        "10s",
        "--seed",
        "1",
    ];
    let more = [&faults[..], &["--reads", "serializable"]].concat();
    let run = lab.run(&args("etcd", "register", &more));
    assert_eq!(run.code, Some(1), "{run}");
}

#[test]
fn a_lock_of_etcd_excludes_nobody_but_its_tokens_grow() {
    let Some(lab) = lab(&["etcd"]) else { return };
    // Longer than the lease, and often.
    let mut words = vec![
        "--target",
        "etcd",
        "--workload",
        "lock",
        "--nemesis",
        "pause:one",
    ];
    words.extend(["--fault-duration", "5s", "--fault-gap", "1s"]);
    words.extend(["--time-limit", "25s", "--seed", "1"]);
    let run = lab.run(&words);
    assert_eq!(run.code, Some(1), "{run}");
    assert_eq!(
        run.results()["report"]["findings"][0]["anomaly"],
        "two-holders"
    );
    words.extend(["--with", "fencing=on"]);
    let run = lab.run(&words);
    assert_eq!(run.results()["verdict"]["safety"], "valid", "{run}");
}

#[test]
fn redis_loses_what_a_deposed_primary_acknowledged() {
    let Some(lab) = lab(&["redis-server", "redis-sentinel", "redis-cli"]) else {
        return;
    };
    for target in ["redis-sentinel", "redis-cluster"] {
        let faults = [
            "--nemesis",
            "partition:leader",
            "--time-limit",
            "12s",
            "--seed",
            "1",
        ];
        let run = lab.run(&args(target, "set", &faults));
        assert_eq!(run.code, Some(1), "{target}: {run}");
        let results = run.results();
        let finding = &results["report"]["findings"][0];
        assert_eq!(finding["anomaly"], "lost", "{target}: {run}");
        let by_fault = finding["details"]["by_fault"].as_array().unwrap();
        assert!(
            by_fault.iter().any(|loss| loss["fault"].is_u64()),
            "{by_fault:?}"
        );
    }
}

#[test]
fn every_node_of_a_redis_cluster_serves_every_workload() {
    let Some(lab) = lab(&["redis-server", "redis-cli"]) else {
        return;
    };
    for workload in WORKLOADS {
        let run = lab.run(&args("redis-cluster", workload, &["--time-limit", "2s"]));
        assert_eq!(run.code, Some(0), "{workload}: {run}");
    }
}

#[test]
fn nothing_of_a_database_outlives_a_killed_run() {
    let Some(lab) = lab(&["redis-server", "redis-sentinel", "redis-cli"]) else {
        return;
    };
    for sent in [Signal::SIGKILL, Signal::SIGINT] {
        let more = ["--time-limit", "60s"];
        let mut run = lab.start(&args("redis-sentinel", "set", &more));
        lab.wait_for_history(Duration::from_secs(20));
        signal(&run, sent);
        run.wait().unwrap();
        lab.wait_until_no_process_is_left(Duration::from_secs(5));
    }
}

#[test]
fn a_store_of_ones_own_is_judged() {
    let Some(lab) = lab(&["python3"]) else { return };
    let faults = [
        "--nemesis",
        "partition,kill:one",
        "--time-limit",
        "8s",
        "--seed",
        "2",
    ];
    let run = lab.run(&args(MYSTORE, "register", &faults));
    assert_eq!(run.code, Some(0), "{run}");
    let planted = [&faults[..], &["--with", "reads=cached"]].concat();
    let run = lab.run(&args(MYSTORE, "register", &planted));
    assert_eq!(run.code, Some(1), "{run}");
}

/// Documents over HTTP, in the memory of one node.
const DOCUMENTS: &str = "
import sys
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
documents = {}
class Requests(BaseHTTPRequestHandler):
    protocol_version = 'HTTP/1.1'
    def do_GET(self):
        self.answer(200 if self.path in documents else 404, documents.get(self.path, b''))
    def do_PUT(self):
        documents[self.path] = self.rfile.read(int(self.headers['Content-Length']))
        self.answer(204, b'')
    def answer(self, status, body):
        self.send_response(status)
        self.send_header('Content-Length', str(len(body)))
        self.end_headers()
        self.wfile.write(body)
ThreadingHTTPServer((sys.argv[1], 7000), Requests).serve_forever()
";

#[test]
fn stores_of_documents_and_of_redis_commands_need_no_client() {
    let Some(lab) = lab(&["python3", "redis-server"]) else {
        return;
    };
    let dir = lab.latest().parent().unwrap().to_owned();
    fs::create_dir_all(&dir).unwrap();
    fs::write(dir.join("documents.py"), DOCUMENTS).unwrap();
    let ready = "ready = { tcp = \"{ip}:{port}\" }";
    let documents = target("python3\", \"{dir}/documents.py\", \"{ip}", ready)
        .replace("\"resp\"", "{ http = \"http://{ip}:{port}/kv/\" }");
    fs::write(dir.join("documents.toml"), documents).unwrap();
    let listen = "redis-server\", \"--port\", \"7000\", \"--protected-mode\", \"no";
    fs::write(dir.join("redis.toml"), target(listen, ready)).unwrap();
    for (file, workloads) in [
        ("documents.toml", &WORKLOADS[..1]),
        ("redis.toml", WORKLOADS),
    ] {
        let file = dir.join(file);
        for workload in workloads {
            let run = lab.run(&args(
                file.to_str().unwrap(),
                workload,
                &["--time-limit", "2s"],
            ));
            assert_eq!(run.code, Some(0), "{}, {workload}: {run}", file.display());
        }
    }
}

/// What Redis's commands serve; documents only the first.
const WORKLOADS: &[&str] = &["register", "set", "counter", "queue", "list-append"];

#[test]
fn a_missing_program_is_told_with_its_package() {
    let Some(lab) = lab(&[]) else { return };
    let more = ["--binary", "etcd=/no/such/etcd"];
    let run = lab.run(&args("etcd", "register", &more));
    assert_eq!(run.code, Some(254), "{run}");
    assert_eq!(run.stderr.lines().count(), 1, "{run}");
    let file = lab.latest().with_file_name("missing.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    fs::write(&file, target("no-such-server", "package = \"the-package\"")).unwrap();
    let run = lab.run(&args(file.to_str().unwrap(), "register", &[]));
    assert_eq!(run.code, Some(254), "{run}");
    assert!(run.stderr.contains("apt-get install the-package"), "{run}");
}

#[test]
fn a_node_that_does_not_come_up_shows_its_log() {
    let Some(lab) = lab(&["sh"]) else { return };
    let file = lab.latest().with_file_name("broken.toml");
    fs::create_dir_all(file.parent().unwrap()).unwrap();
    let ready = "ready = { tcp = \"{ip}:{port}\" }";
    let broken = target("sh\", \"-c\", \"echo the disk is full >&2; exit 3", ready);
    fs::write(&file, broken).unwrap();
    let run = lab.run(&args(file.to_str().unwrap(), "register", &[]));
    assert_eq!(run.code, Some(3), "{run}");
    assert!(run.stdout.contains("| the disk is full"), "{run}");
}

/// A target file of one process.
fn target(command: &str, more: &str) -> String {
    format!(
        "nodes = 1\nport = 7000\nworkloads = {WORKLOADS:?}\nclient = \"resp\"\n\
         [[process]]\ncommand = [\"{command}\"]\n{more}\n"
    )
}
