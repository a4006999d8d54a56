#!/usr/bin/env python3
"""Runs real databases under faults and writes docs/findings.md from what was measured.

    ci/findings.py [--seeds N] [--store DIR] [--faultbench PROGRAM] [--only TEXT]

Seeds 1 to N of every row; a run that is in the store already is not made again, so it can be
interrupted and goes on where it was. Rows without a run are left out of the table.
"""
import argparse
import json
import pathlib
import shlex
import statistics
import subprocess

ROOT = pathlib.Path(__file__).resolve().parent.parent
ALL = "partition,kill,pause"
LONG = "--fault-duration 5s --fault-gap 2s"

# Begins what a store promises, where it is expected to keep it.
PROMISE = "promise: "

# What is run, and why it shows what it shows, in one sentence.
ROWS = [
    ("redis-sentinel", "set", "partition", "",
     "Replication is asynchronous: a primary cut off from its replicas goes on acknowledging, and "
     "drops it all when it joins its successor."),
    ("redis-sentinel", "set", "partition", "--with wait=1",
     "A write counts once a replica has it (WAIT), but the failover may promote another replica, or "
     "one that was still copying."),
    ("redis-sentinel", "set", "partition", "--with min-replicas=1",
     "A primary that hears no replica stops taking writes, after a second in which it took some."),
    ("redis-sentinel", "set", "partition", "--with wait=1 --with min-replicas=1",
     "Both together."),
    ("redis-sentinel", "register", "partition", "",
     "Two primaries at a time: reads of either miss the writes of the other."),
    ("redis-sentinel", "list-append", "partition", "",
     "Appends of a deposed primary vanish from lists that had shown them."),
    ("redis-sentinel", "counter", "partition", "",
     "Increments of a deposed primary are dropped."),
    ("redis-sentinel", "queue", "partition", "",
     "What a deposed primary took in is gone, what it gave out comes out again."),
    ("redis-cluster", "set", "partition", "",
     "As with Sentinel, but a primary without a majority stops after the node timeout."),
    ("redis-cluster", "set", "partition", "--with wait=1",
     "A write counts once the replica has it (WAIT)."),
    ("redis-cluster", "set", "partition", "--with min-replicas=1",
     "A primary that hears no replica stops taking writes, after a second in which it took some."),
    ("etcd", "register", ALL, "", PROMISE + "every key is linearizable"),
    ("etcd", "set", ALL, "", PROMISE + "no acknowledged element is lost"),
    ("etcd", "list-append", ALL, "", PROMISE + "transactions are strictly serializable"),
    ("etcd", "bank", ALL, "", PROMISE + "every read sees the right total"),
    ("etcd", "register", "partition", "--reads serializable",
     "A serializable read is answered by one node alone, which may be cut off from the leader."),
    ("etcd", "lock", "pause", LONG,
     "A lock is a lease: a holder whose node stalls for longer loses it without knowing."),
    ("etcd", "lock", "pause", LONG + " --with fencing=on",
     PROMISE + "revisions of the lock grow, so what it protects can turn old holders away"),
]


def command(row):
    target, workload, nemesis, more, _ = row
    return f"faultbench run --target {target} --workload {workload} --nemesis {nemesis} {more}".strip()


def store_of(row, store):
    """Rows have stores of their own: a run is found again by its seed."""
    return store / "".join(c if c.isalnum() else "-" for c in command(row)[len("faultbench run --"):])


def results_of(row, store):
    """The results of a row that are there, by seed."""
    found = {}
    for path in sorted(store_of(row, store).glob("*/*/results.json")):
        results = json.loads(path.read_text())
        found[results["setting"]["seed"]] = results
    return found


def measure(row, options):
    missing = set(range(1, options.seeds + 1)) - set(results_of(row, options.store))
    for seed in sorted(missing):
        words = [options.faultbench, *shlex.split(command(row))[1:], "--seed", str(seed), "--quiet"]
        words += ["--store", str(store_of(row, options.store))]
        print(" ".join(words), flush=True)
        subprocess.run(words, stdout=subprocess.DEVNULL, check=False)


def seconds(results):
    """When what was found shows, in seconds since the start of the run."""
    times = [f["time"] for f in results["report"]["findings"] if f["time"] is not None]
    return min(times) / 1e9 if times else None


# How runs end that show neither that a promise was kept nor that it was broken, by exit code.
OTHERS = {2: "undecided", 3: "not live", 4: "not covered", 254: "not started", 255: "failed"}


def line(row, runs):
    target, workload, nemesis, more, why = row
    invalid = [r for r in runs if r["verdict"]["safety"] == "invalid"]
    valid = [r for r in runs if r["verdict"]["exit_code"] == 0]
    others = [r["verdict"]["exit_code"] for r in runs if r not in invalid and r not in valid]
    told = [f"{others.count(code)} {name}" for code, name in OTHERS.items() if code in others]
    times = [t for t in map(seconds, invalid) if t is not None]
    anomalies = sorted({f["anomaly"] for r in invalid for f in r["report"]["findings"]})
    figures = [r["report"]["figures"] for r in runs if r["report"]]
    lost = "–"
    if workload == "set":
        shares = [f["lost"] / max(f["adds_ok"], 1) for f in figures]
        lost = f"{100 * statistics.median(shares):.1f} %, at most {max(f['lost'] for f in figures)}"
    if why.startswith(PROMISE):
        promise = why.removeprefix(PROMISE)
        why = f"**Broken**: {promise}." if invalid else f"Kept: {promise}."
    # Of Redis, without the checksums of its build.
    version = (runs[0]["target_version"] or "").split(" sha=")[0]
    cells = [
        target,
        version,
        workload,
        nemesis,
        f"{len(invalid)} of {len(runs)}",
        ", ".join([str(len(valid)), *told]),
        ", ".join(anomalies) or "none",
        f"{statistics.median(times):.0f} s" if times else "–",
        lost,
        why,
        f"`{command(row)}`",
    ]
    return "| " + " | ".join(cells) + " |"


HEAD = """# Findings

Real databases under faults, as `ci/findings.py` measured them: it runs every command below with
seeds 1, 2, … and writes this page. Runs take the defaults of `faultbench run`, 30 seconds of load.
A run is *valid* if every part of its verdict is good, *not covered* if one of its faults was not
observed, *not live* if the cluster did not serve when it had to.
*Shows at* is the median of when the first finding shows, since the start of the run. *Lost* is the
median share of acknowledged elements that were lost, and the most that any run lost.

| system | version | workload | nemesis | violations | valid | anomalies | shows at | lost | why | command |
|---|---|---|---|---|---|---|---|---|---|---|
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--store", type=pathlib.Path, default=ROOT / "store" / "findings")
    parser.add_argument("--faultbench", default=str(ROOT / "target" / "release" / "faultbench"))
    parser.add_argument("--only", default="", help="only rows whose command has this text")
    options = parser.parse_args()
    lines = []
    for row in ROWS:
        if options.only in command(row):
            measure(row, options)
        runs = list(results_of(row, options.store).values())
        if runs:
            lines.append(line(row, runs))
    (ROOT / "docs" / "findings.md").write_text(HEAD + "\n".join(lines) + "\n")


main()
