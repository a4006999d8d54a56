//! The page of a checked history, through the command line and, where there is one, a browser.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::{Duration, Instant};

use faultbench::report::html::PAGE_BYTES_MAX;
use tempfile::TempDir;

/// How long a browser may take to draw a page; one that hangs fails the test.
const BROWSER_WAIT: Duration = Duration::from_secs(60);

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn check(args: &[&str]) -> Output {
    Command::new(env!("CARGO_BIN_EXE_faultbench"))
        .arg("check")
        .args(args)
        .current_dir(root())
        .output()
        .expect("faultbench runs")
}

/// The page of a history, which `check` must be able to judge.
fn page_of(history: &str, dir: &TempDir) -> (PathBuf, String) {
    let path = dir.path().join("page.html");
    let output = check(&[history, "--html", path.to_str().expect("a UTF-8 path")]);
    let code = output.status.code();
    assert!(matches!(code, Some(0..=4)), "{code:?}: {output:?}");
    let page = std::fs::read_to_string(&path).expect("a page was written");
    (path, page)
}

#[test]
fn every_history_becomes_a_page_that_needs_nothing_else() {
    let dir = TempDir::new().expect("a directory");
    for history in [
        "bank-torn-transfer.edn",
        "cas-lost.edn",
        "register-linearizable.edn",
        "register-stale-read.jsonl",
        "set-lost.edn",
    ] {
        let history = format!("fixtures/histories/{history}");
        let (_, page) = page_of(&history, &dir);
        assert!(page.starts_with("<!DOCTYPE html>"));
        assert!(page.len() < PAGE_BYTES_MAX);
        for foreign in [
            "http:", "https:", "//cdn", "src=", "@import", "url(", "fetch(",
        ] {
            assert!(
                !page.contains(foreign),
                "{history}: `{foreign}` in the page"
            );
        }
        assert!(page.contains("default-src 'none'"));
        let (head, rest) = page
            .split_once("<section id=\"picture\"")
            .expect("a picture");
        assert!(head.contains(&format!("{history}: ")), "a headline");
        assert_eq!(
            head.contains("VIOLATION"),
            head.contains("class=\"findings\"")
        );
        assert!(rest.contains("<h2>Statistics</h2>"));
    }
}

#[test]
fn the_operations_of_a_finding_are_listed_and_drawn() {
    let dir = TempDir::new().expect("a directory");
    let (_, page) = page_of("fixtures/histories/register-stale-read.jsonl", &dir);
    assert!(page.contains("Operations 1 3 5 <button"));
    assert!(page.contains("cannot be explained: the write of 2 at 0.004 s"));
    assert!(page.contains(r#""ops":[0,1,2],"about":2,"#));
}

#[test]
fn one_page_is_for_one_history() {
    let dir = TempDir::new().expect("a directory");
    let path = dir.path().join("page.html");
    let path = path.to_str().expect("a UTF-8 path");
    let history = "fixtures/histories/cas-lost.edn";
    let output = check(&[history, history, "--html", path]);
    assert_eq!(output.status.code(), Some(254));
    let nowhere = dir.path().join("no/such/page.html");
    let output = check(&[history, "--html", nowhere.to_str().expect("a UTF-8 path")]);
    assert_eq!(
        output.status.code(),
        Some(1),
        "the violation outranks the page"
    );
    let told = String::from_utf8_lossy(&output.stderr);
    assert!(told.contains("cannot write the page"), "{told}");
}

/// The page in a browser after its script ran, or `None` without one.
fn drawn(page: &Path) -> Option<String> {
    let profile = TempDir::new().expect("a directory");
    let dom = profile.path().join("dom.html");
    let mut browser = Command::new("chromium")
        .args([
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
        ])
        .args([
            "--no-first-run",
            "--disable-background-networking",
            "--disable-sync",
        ])
        .args([
            "--disable-component-update",
            "--virtual-time-budget=2000",
            "--dump-dom",
        ])
        .arg(format!("--user-data-dir={}", profile.path().display()))
        .arg(format!("file://{}", page.display()))
        .stdout(std::fs::File::create(&dom).expect("a file"))
        .stderr(std::process::Stdio::null())
        .spawn()
        .ok()?;
    let start = Instant::now();
    while browser.try_wait().expect("a child").is_none() {
        if start.elapsed() > BROWSER_WAIT {
            browser.kill().expect("it was running");
            browser.wait().expect("a child");
            panic!("the browser did not draw the page in {BROWSER_WAIT:?}");
        }
        std::thread::sleep(Duration::from_millis(50));
    }
    Some(std::fs::read_to_string(dom).expect("a document"))
}

/// A hostile value is in the function, the value, the key and the error, and one of its calls is
/// chosen at once, so every way to show it is gone through.
#[test]
fn a_browser_draws_the_page_and_runs_nothing_of_the_history() {
    let dir = TempDir::new().expect("a directory");
    let evil =
        r#"</script><img src=x onerror=\"document.title='run'\"><script>document.title='run'"#;
    let lines = [
        format!(r#"{{"type":"invoke","process":0,"f":"write","value":"{evil}","key":"{evil}"}}"#),
        format!(r#"{{"type":"ok","process":0,"f":"write","value":"{evil}","key":"{evil}"}}"#),
        format!(r#"{{"type":"invoke","process":1,"f":"read","value":null,"key":"{evil}"}}"#),
        format!(r#"{{"type":"ok","process":1,"f":"read","value":"{evil}2","key":"{evil}"}}"#),
    ];
    let history = dir.path().join("hostile.jsonl");
    std::fs::write(&history, lines.join("\n") + "\n").expect("a file");
    let (path, page) = page_of(history.to_str().expect("a UTF-8 path"), &dir);
    assert!(!page.contains("<img"));
    let Some(dom) = drawn(&path) else {
        println!("skipped: chromium is not there");
        return;
    };
    assert!(
        dom.contains("<output id=\"which\">1 of 1</output>"),
        "the script ran"
    );
    assert!(
        dom.contains("finding 1: cannot be explained"),
        "the card is filled"
    );
    assert!(!dom.contains("<title>run"), "a value was executed");
    assert!(!dom.contains("<img"), "a value became markup");
}
