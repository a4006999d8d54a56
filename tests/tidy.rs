//! Keeps the rules of the house that a compiler does not: see `ARCHITECTURE.md`.

use std::fs;
use std::path::{Path, PathBuf};

use faultbench::plan::nemesis::FAMILIES;
use faultbench::targets::template::PLACEHOLDERS;
use faultbench::targets::{self, TARGETS};
use faultbench_checkers::checker::MODELS;
use faultbench_checkers::formats::FORMATS;
use faultbench_checkers::lattice;
use faultbench_workloads::WORKLOADS;

/// Lines of a file at the most: one idea fits.
const FILE_LINES_MAX: usize = 500;
/// Lines of a function at the most: it fits a screen.
const FUNCTION_LINES_MAX: usize = 70;
/// Columns of a line at the most, unless it quotes something long.
const COLUMNS_MAX: usize = 100;

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// Every Rust file of the workspace with its text, by path from the root.
fn sources() -> Vec<(PathBuf, String)> {
    let mut found = Vec::new();
    for room in [
        "src",
        "checkers",
        "workloads",
        "fixtures",
        "tests",
        "benches",
        "fuzz",
    ] {
        collect(&root().join(room), &mut found);
    }
    found.sort();
    assert!(found.len() > 50, "found only {} files", found.len());
    found
}

fn collect(dir: &Path, found: &mut Vec<(PathBuf, String)>) {
    let Ok(entries) = fs::read_dir(dir) else {
        return;
    };
    for entry in entries {
        let path = entry.expect("a readable directory").path();
        if path.is_dir() && !path.ends_with("target") {
            collect(&path, found);
        } else if path.extension().is_some_and(|ending| ending == "rs") {
            let text = fs::read_to_string(&path).expect("source is UTF-8");
            let path = path
                .strip_prefix(root())
                .expect("below the root")
                .to_owned();
            found.push((path, text));
        }
    }
}

/// Fails with every place that breaks a rule, not only the first.
fn none(rule: &str, broken: Vec<String>) {
    assert!(broken.is_empty(), "{rule}:\n  {}", broken.join("\n  "));
}

/// Lines for which `wrong` holds, as `file:line: text`.
fn lines_where(wrong: impl Fn(&Path, &str) -> bool) -> Vec<String> {
    let mut broken = Vec::new();
    for (path, text) in sources() {
        for (n, line) in text.lines().enumerate() {
            if wrong(&path, line) {
                broken.push(format!("{}:{}: {}", path.display(), n + 1, line.trim()));
            }
        }
    }
    broken
}

fn is_test(path: &Path) -> bool {
    path.iter()
        .any(|part| part == "tests" || part == "tests.rs")
}

#[test]
fn unsafe_code_lives_in_host_only() {
    let broken = lines_where(|path, line| {
        let code = line.split("//").next().unwrap_or_default();
        let named = code.contains("unsafe ") && !code.contains("unsafe_code");
        named && !path.starts_with("src/host") && !path.starts_with("src/host.rs") && !is_test(path)
    });
    none("unsafe outside src/host", broken);
}

#[test]
fn imports_run_one_way() {
    let forbidden = |room: &str| -> &[&str] {
        match room {
            "checkers" => &["faultbench_workloads", "faultbench_stores", "faultbench::"],
            "workloads" => &["faultbench_stores", "faultbench::"],
            "fixtures" => &[
                "faultbench_checkers",
                "faultbench_workloads",
                "faultbench::",
            ],
            _ => &[],
        }
    };
    let broken = lines_where(|path, line| {
        let room = path.iter().next().and_then(|first| first.to_str());
        let code = line.split("//").next().unwrap_or_default();
        forbidden(room.unwrap_or_default())
            .iter()
            .any(|name| code.contains(name))
    });
    none(
        "an import against the direction src → workloads → checkers",
        broken,
    );
}

#[test]
fn every_file_says_what_it_is() {
    let silent = sources()
        .into_iter()
        .filter(|(_, text)| !text.starts_with("//!"));
    none(
        "files without module documentation",
        silent.map(|(path, _)| path.display().to_string()).collect(),
    );
}

#[test]
fn files_and_lines_are_short() {
    let long = sources().into_iter().filter_map(|(path, text)| {
        let lines = text.lines().count();
        (lines > FILE_LINES_MAX).then(|| format!("{}: {lines} lines", path.display()))
    });
    none("long files", long.collect());
    let wide = lines_where(|path, line| {
        let wide = line.chars().count() > COLUMNS_MAX;
        wide && !is_test(path) && !line.contains("http") && !line.contains('"')
    });
    none("wide lines", wide);
}

/// Formatted code closes a function with a brace in the column where it began. Tests may hold long
/// tables.
#[test]
fn functions_are_short() {
    let mut long = Vec::new();
    let is_test = |path: &Path| {
        path.iter()
            .any(|part| part == "tests" || part == "tests.rs")
    };
    for (path, text) in sources().into_iter().filter(|(path, _)| !is_test(path)) {
        let lines: Vec<&str> = text.lines().collect();
        for (n, line) in lines.iter().enumerate() {
            let start = line.trim_start();
            let indent = line.len() - start.len();
            let is_fn = [
                "fn ",
                "pub fn ",
                "pub(crate) fn ",
                "async fn ",
                "pub async fn ",
            ]
            .iter()
            .any(|head| start.starts_with(head));
            if !is_fn {
                continue;
            }
            let close = format!("{}}}", " ".repeat(indent));
            let length = lines[n..]
                .iter()
                .position(|l| *l == close)
                .map_or(1, |end| end + 1);
            let ends_at_once = line.ends_with(';') || line.ends_with('}');
            if length > FUNCTION_LINES_MAX && !ends_at_once {
                long.push(format!("{}:{}: {length} lines", path.display(), n + 1));
            }
        }
    }
    none("long functions", long);
}

#[test]
fn nothing_is_postponed_or_silenced() {
    // Put together here so that this file does not break its own rule.
    let marks = [
        concat!("to", "do!("),
        concat!("unimpl", "emented!("),
        concat!("db", "g!("),
        concat!("TO", "DO"),
        concat!("FIX", "ME"),
        concat!("#[ig", "nore"),
        concat!("#[al", "low("),
        concat!("#![al", "low("),
    ];
    let broken = lines_where(|_, line| marks.iter().any(|mark| line.contains(mark)));
    none("postponed or silenced", broken);
}

#[test]
fn modules_are_named_for_what_they_are() {
    let vague = [
        "mod.rs",
        "utils.rs",
        "util.rs",
        "common.rs",
        "helpers.rs",
        "manager.rs",
        "misc.rs",
    ];
    let broken = sources().into_iter().filter_map(|(path, _)| {
        let name = path.file_name()?.to_str()?.to_owned();
        vague
            .contains(&name.as_str())
            .then(|| path.display().to_string())
    });
    none("vague or old-style module files", broken.collect());
}

/// A file nobody declares is never compiled, and nobody notices.
#[test]
fn no_source_file_is_dead() {
    let all = sources();
    let text_of = |wanted: &Path| {
        all.iter()
            .find(|(path, _)| path == wanted)
            .map(|(_, text)| text)
    };
    let mut dead = Vec::new();
    for (path, _) in &all {
        let dir = path.parent().expect("a file has a directory");
        let stem = path
            .file_stem()
            .and_then(|stem| stem.to_str())
            .expect("an ASCII name");
        let is_root = ["lib", "main", "build"].contains(&stem)
            || ["tests", "benches", "examples", "fuzz_targets", "bin"]
                .iter()
                .any(|room| dir.ends_with(room));
        let parents = [
            dir.with_extension("rs"),
            dir.join("lib.rs"),
            dir.join("main.rs"),
        ];
        let declared = parents
            .iter()
            .filter_map(|parent| text_of(parent))
            .any(|text| {
                text.lines().any(|line| {
                    let line = line
                        .trim_start_matches("pub(crate) ")
                        .trim_start_matches("pub ");
                    line.trim() == format!("mod {stem};")
                })
            });
        if !is_root && !declared {
            dead.push(path.display().to_string());
        }
    }
    none("files no module declares", dead);
}

#[test]
fn every_row_of_a_table_is_documented() {
    let text = fs::read_to_string(root().join("docs/reference.md")).expect("docs/reference.md");
    let mut names: Vec<String> = Vec::new();
    names.extend(WORKLOADS.iter().map(|row| row.name.to_owned()));
    names.extend(MODELS.iter().map(|row| row.name.to_owned()));
    names.extend(FORMATS.iter().map(|row| row.name.to_owned()));
    names.extend(lattice::MODELS.iter().map(|row| row.name.to_owned()));
    for target in TARGETS {
        names.push(target.name.to_owned());
        names.extend((target.bugs)().iter().map(|bug| bug.name.to_owned()));
        let options = targets::describe(target.name).unwrap().options;
        names.extend(
            options
                .keys()
                .map(|option| format!("{}:{option}", target.name)),
        );
    }
    for family in FAMILIES {
        names.push(family.name.to_owned());
        let variants = family.variants.iter();
        names.extend(variants.map(|variant| format!("{}:{}", family.name, variant.name)));
    }
    let missing = names
        .into_iter()
        .filter(|name| !text.contains(&format!("`{name}`")));
    none("missing in docs/reference.md", missing.collect());
}

#[test]
fn every_placeholder_is_explained() {
    let text = fs::read_to_string(root().join("docs/targets.md")).expect("docs/targets.md");
    let row = |(name, about): &(&str, &str)| format!("| `{{{name}}}` | {about} |");
    let missing = PLACEHOLDERS
        .iter()
        .map(row)
        .filter(|row| !text.contains(row));
    none("missing in docs/targets.md", missing.collect());
}

#[test]
fn the_readmes_commands_are_what_ci_runs() {
    let readme = fs::read_to_string(root().join("README.md")).expect("README.md");
    let ci = fs::read_to_string(root().join(".ci/run")).expect(".ci/run");
    for command in [
        "cargo run --release -- run --workload bank --nemesis partition",
        "cargo test --workspace",
    ] {
        assert!(readme.contains(command), "README.md lacks `{command}`");
        assert!(ci.contains(command), ".ci/run lacks `{command}`");
    }
}
