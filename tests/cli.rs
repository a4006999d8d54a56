//! Golden tests of the command line: each file in `tests/cli` shows commands and what they print.
//!
//! `TRYCMD=overwrite cargo test --test cli` rewrites them; read the difference before keeping it.

#[test]
fn commands_print_what_they_did() {
    trycmd::TestCases::new()
        .case("tests/cli/*.trycmd")
        .env("NO_COLOR", "1");
}
