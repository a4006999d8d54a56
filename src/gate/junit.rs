//! A gate as JUnit XML, which CI systems show as tests: a case is a suite, a run a test.

use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, TestCase, TestCaseStatus, TestSuite};

use super::expect::Surprise;
use super::summary::{CaseOutcome, RunOutcome, Summary};
use crate::report::text::plain_word;
use crate::verdict::Exit;

/// The document.
///
/// # Errors
/// It cannot be serialised.
pub fn document(summary: &Summary) -> Result<String, String> {
    let mut report = Report::new("faultbench gate");
    for case in &summary.cases {
        report.add_test_suite(suite(case));
    }
    report.to_string().map_err(|error| error.to_string())
}

fn suite(case: &CaseOutcome) -> TestSuite {
    let mut suite = TestSuite::new(&*case.name);
    suite.set_time(Duration::from_secs_f64(case.seconds()));
    suite.add_property(("expected", &*case.expected));
    for run in &case.runs {
        suite.add_test_case(test(&case.name, run));
    }
    if let Some(missing) = &case.missing {
        let mut test = TestCase::new("all seeds", failure(missing, &missing.problem));
        test.set_classname(&*case.name);
        suite.add_test_case(test);
    }
    suite
}

fn test(case: &str, run: &RunOutcome) -> TestCase {
    let record = &run.record;
    let status = match &run.surprise {
        None => TestCaseStatus::success(),
        Some(surprise) => {
            let kept = record.dir.iter().map(|dir| format!("\nkept in {dir}"));
            let kept: String = kept.collect();
            let command = record.command();
            failure(surprise, &format!("{}\n{command}{kept}", surprise.problem))
        }
    };
    let mut test = TestCase::new(format!("seed {}", record.seed), status);
    test.set_classname(case);
    test.set_time(Duration::from_secs_f64(record.seconds));
    test.set_system_out(&*record.sentence);
    test
}

/// A harness that failed is an error, everything else a failure.
fn failure(surprise: &Surprise, text: &str) -> TestCaseStatus {
    let exit = Exit::from_code(surprise.exit_code).unwrap_or(Exit::Harness);
    let kind = match exit {
        Exit::Harness | Exit::Usage => NonSuccessKind::Error,
        _ => NonSuccessKind::Failure,
    };
    let mut status = TestCaseStatus::non_success(kind);
    status
        .set_type(plain_word(exit))
        .set_message(&*surprise.problem)
        .set_description(text);
    status
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::gate::summary::tests::summary;

    #[test]
    fn a_run_is_a_test_and_a_surprise_a_failure() {
        let xml = document(&summary()).unwrap();
        for part in [
            r#"<testsuites name="faultbench gate" tests="4" skipped="0" failures="2" errors="0">"#,
            r#"<testsuite name="raft &lt;set&gt;" tests="2" skipped="0" errors="0" failures="1" time="3.000">"#,
            r#"<testcase name="seed 2" classname="raft &lt;set&gt;" time="1.500">"#,
            r#"<failure message="2 of 9 elements were lost" type="VIOLATION">"#,
            "kept in store/raft-bank/run",
            r#"<testcase name="all seeds" classname="raft bank">"#,
        ] {
            assert!(xml.contains(part), "no {part} in\n{xml}");
        }
    }
}
