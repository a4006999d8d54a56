//! A gate as Markdown, for the page of a CI job.

use std::fmt::Write;

use super::summary::{CaseOutcome, RunOutcome, Summary};
use crate::report::text::tally;
use crate::verdict::Exit;

/// The document.
pub fn document(summary: &Summary) -> String {
    let mut out = format!("## {}\n\n", summary.headline());
    out.push_str("| | case | expected | runs | time |\n|---|---|---|---|---|\n");
    for case in &summary.cases {
        let mark = match case.surprises().next() {
            None => "✅",
            Some(_) => "❌",
        };
        let _ = writeln!(
            out,
            "| {mark} | {} | {} | {} | {:.0} s |",
            cell(&case.name),
            cell(&case.expected),
            tally(&case.exits()),
            case.seconds()
        );
    }
    for case in &summary.cases {
        surprises(&mut out, case);
    }
    out
}

fn surprises(out: &mut String, case: &CaseOutcome) {
    if case.surprises().next().is_none() {
        return;
    }
    let _ = writeln!(out, "\n### {}\n", cell(&case.name));
    for run in &case.runs {
        let Some(surprise) = &run.surprise else {
            continue;
        };
        let RunOutcome { record, .. } = run;
        let _ = writeln!(out, "- seed {}: {}", record.seed, cell(&surprise.problem));
        let _ = writeln!(out, "  - `{}`", record.command());
        if let Some(dir) = &record.dir {
            let _ = writeln!(out, "  - kept in `{dir}`");
        }
    }
    if let Some(missing) = &case.missing {
        let _ = writeln!(out, "- {}", cell(&missing.problem));
        let valid = |run: &&RunOutcome| run.record.exit() == Exit::Valid;
        for run in case.runs.iter().filter(valid) {
            let _ = writeln!(out, "  - without it: `{}`", run.record.command());
        }
    }
}

/// Text that neither ends a table's cell nor its line, nor begins an element.
fn cell(text: &str) -> String {
    text.replace('|', "\\|")
        .replace('<', "&lt;")
        .replace(['\n', '\r'], " ")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::summary::tests::summary;

    #[test]
    fn surprises_are_told_with_their_commands() {
        let text = document(&summary());
        let expected = "\
## gate: 3 runs, 2 surprises

| | case | expected | runs | time |
|---|---|---|---|---|
| ❌ | raft &lt;set> | valid | 2 runs: 1 valid, 1 VIOLATION | 3 s |
| ❌ | raft bank | wrong-total | 1 run: 1 valid | 2 s |

### raft &lt;set>

- seed 2: 2 of 9 elements were lost
  - `faultbench run --workload=bank '--nemesis=partition:n1>n2' --seed 2`
  - kept in `store/raft-bank/run`

### raft bank

- wrong-total was expected of 1 runs and shown by 0 of 1
  - without it: `faultbench run --workload=bank '--nemesis=partition:n1>n2' --seed 1`
";
        assert_eq!(text, expected);
    }
}
