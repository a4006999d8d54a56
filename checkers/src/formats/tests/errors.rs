//! The words of errors: one golden line for each class of bad input.

use super::*;

#[track_caller]
fn check(text: impl Into<Vec<u8>>, expected: &str) {
    assert_eq!(read(text).expect_err("a bad input").to_string(), expected);
}

const FIX: &str = "correct it, or pass --skip-bad-lines to go on without this line";

/// An EDN operation with more text in it, on line 2, after a good one.
#[track_caller]
fn check_edn(rest: &str, expected: &str) {
    let good = "{:type :ok, :process 0, :f :r}";
    check(
        format!("{good}\n{{:type :ok, :process 0, :f :r, {rest}}}\n"),
        expected,
    );
}

#[test]
fn wrong_fields() {
    for (text, what) in [
        (
            "{:type :done, :process 0, :f :r}",
            "history:1:8: `:done, :process 0, :f :r}`, expected `type` to be invoke, ok, fail or info",
        ),
        (
            "{:type 1, :process 0, :f :r}",
            "history:1:8: `1, :process 0, :f :r}`, expected `type` to be invoke, ok, fail or info",
        ),
        (
            "{:type :ok, :process 1.5, :f :r}",
            "history:1:22: `1.5, :f :r}`, expected `process` to be an integer or a name such as \
             nemesis",
        ),
        (
            "{:type :ok, :process 99999999999999999999, :f :r}",
            "history:1:22: `99999999999999999999, :f :r}`, expected `process` to be an integer or \
             a name such as nemesis",
        ),
        (
            "{:type :ok, :process 0, :f :r, :time \"noon\"}",
            "history:1:38: `\"noon\"}`, expected `time` to be an integer of nanoseconds",
        ),
        (
            "{:type :ok, :process 0, :f :r, :index -1}",
            "history:1:39: `-1}`, expected `index` to be an integer from 0",
        ),
        (
            "{:type :ok, :process 0, :f [:r]}",
            "history:1:28: `[:r]}`, expected `f` to be the name of a function",
        ),
        (
            "{:type :ok, :process 0, :f :r, :type :ok}",
            "history:1:32: a second key of the same name, expected each key once",
        ),
        (
            "{:process 0, :f :r}",
            "history:1:1: an operation without `type`, expected `type` to be invoke, ok, fail or \
             info",
        ),
        (
            "{:type :ok, :process 0}",
            "history:1:1: an operation without `f`, expected `f` to be the name of a function",
        ),
        (
            "{\"type\":\"ok\",\"process\":0,\"f\":null}",
            "history:1:30: `null}`, expected `f` to be the name of a function",
        ),
        (
            "{\"type\":\"ok\",\"process\":0,\"f\":\"r\",\"f\":\"r\"}",
            "history:1:34: a second key of the same name, expected each key once",
        ),
    ] {
        check(text, &format!("{what}; {FIX}"));
    }
    check(
        "{:type :ok, :f :r}",
        "history:1:1: an operation without `process`, expected `process` to be an integer or a \
         name such as nemesis; add it, or pass --lenient to take the operations as one process's",
    );
}

#[test]
fn wrong_edn() {
    for (rest, what) in [
        (
            ":value [1 2}",
            "history:2:43: `}}`, expected `]` or another member",
        ),
        (
            ":value {1}",
            "history:2:41: `}}`, expected a value for the last key of the map",
        ),
        (
            ":value ",
            "history:2:39: `}`, expected a value for the key before it",
        ),
        (
            ":value 1x",
            "history:2:39: `1x}`, expected a number such as 3, -1.5, 2e10, 3N, 1.5M or 1/3",
        ),
        (
            ":value 007",
            "history:2:39: `007}`, expected a number such as 3, -1.5, 2e10, 3N, 1.5M or 1/3",
        ),
        (
            ":value 1/0",
            "history:2:39: `1/0}`, expected a ratio of two integers, the second not zero",
        ),
        (
            ":value 1e999",
            "history:2:39: `1e999}`, expected a number within the range of a 64-bit float (write \
             M after it for a decimal)",
        ),
        (
            r#":value "a\qb""#,
            r#"history:2:42: `qb"}`, expected an escape: \t \r \n \b \f \\ \" \uXXXX or \ooo"#,
        ),
        (
            r#":value "\ud800""#,
            r#"history:2:46: `"}`, expected a \u escape of the second half of a UTF-16 pair"#,
        ),
        (
            r#":value "\u12x4""#,
            r#"history:2:44: `x4"}`, expected four hexadecimal digits after \u"#,
        ),
        (
            r":value \foo",
            r"history:2:39: `\foo}`, expected a character: \c, \newline, \space, \tab or \uXXXX",
        ),
        (":value :", "history:2:39: `:}`, expected a keyword"),
        (
            ":value ##Nan",
            "history:2:39: `##Nan}`, expected ##NaN, ##Inf or ##-Inf",
        ),
        (
            ":value #\"regex\"",
            "history:2:39: `#\"regex\"}`, expected a tag such as #inst, a set or a discard after `#`",
        ),
        (
            ":value #jepsen.independent.Tuple[1]",
            "history:2:39: `#jepsen.independent.Tuple[1]}`, expected an independent tuple: a \
             vector of key and value",
        ),
        (
            ":key 1 :value #jepsen.independent.Tuple[1 2]",
            "history:2:46: an independent tuple beside a `key`, expected the key in one of the two \
             places",
        ),
    ] {
        check_edn(rest, &format!("{what}; {FIX}"));
    }
    const OPERATION: &str =
        "expected an operation: a map such as {:type :invoke, :process 0, :f :read}";
    let op = "{:type :ok, :process 0, :f :r}";
    check(
        format!("{op}\n  junk \u{7} é"),
        &format!("history:2:3: `junk \\u{{7}} é`, {OPERATION}; {FIX}"),
    );
    check(
        format!("#foo{op}"),
        &format!("history:1:1: `#foo{{:type :ok, :process 0, :f :…`, {OPERATION}; {FIX}"),
    );
    check(
        format!("[{op}] {op}"),
        &format!(
            "history:1:34: `{op}`, expected nothing after the bracket that closes the history; {FIX}"
        ),
    );
    check(
        format!("[{op}\n{op}\n"),
        &format!("history:3:1: the file ends too early, expected `]` to close the history; {FIX}"),
    );
}

/// A JSON operation with more text in it.
#[track_caller]
fn check_json(rest: &str, what: &str) {
    let line = format!("{{\"type\":\"ok\",\"process\":0,\"f\":\"r\"{rest}\n");
    check(line, &format!("history:1:{what}; {FIX}"));
}

#[test]
fn wrong_json() {
    check_json(",\"value\":[1,2}}", "46: `}}`, expected `,` or `]`");
    check_json(",\"value\":tru}", "42: `tru}`, expected a JSON value");
    check_json(
        ",\"value\":01}",
        "42: `01}`, expected a JSON number such as 3, -1.5 or 2e10",
    );
    check_json(
        ",\"value\":1e-+2}",
        "42: `1e-+2}`, expected a JSON number such as 3, -1.5 or 2e10",
    );
    check_json(
        ",\"value\":1e999}",
        "42: `1e999}`, expected a number within the range of a 64-bit float",
    );
    check_json(",}", "34: `}`, expected a string for a key");
    check_json(",\"value\" 1}", "42: `1}`, expected `:` after a key");
    check_json("} x", "35: `x`, expected the end of the line");
    check_json(
        ",\"value\":\"\t\"}",
        "43: a bare control character, expected control characters in strings to be escaped",
    );
    check_json(
        ",\"value\":\"\\x\"}",
        r#"44: `x"}`, expected an escape: \" \\ \/ \b \f \n \r \t or \uXXXX"#,
    );
    check_json(
        ",\"value\":\"\\udc00\"}",
        "45: `dc00\"}`, expected a character: this is half a UTF-16 pair",
    );
    check_json(
        ",\"value\":[1,",
        "45: the line ends too early, expected a JSON value",
    );
    check(
        "[{\"type\":\"ok\",\"process\":0,\"f\":\"r\"} {",
        &format!("history:1:36: `{{`, expected `,` or `]`; {FIX}"),
    );
    check(
        "[{\"type\":\"ok\",\"process\":0,\"f\":\"r\"},",
        &format!(
            "history:1:36: the file ends too early, expected `]`, the end of the array; {FIX}"
        ),
    );
}

#[test]
fn torn_lines_say_how_to_go_on() {
    check(
        "{\"type\":\"ok\",\"process\":0,\"f\":\"r\"}\n{\"type\":\"o",
        "history:2:11: the file ends too early, expected the closing quote of a string; if the run \
         that wrote it was killed, pass --drop-torn-line",
    );
}

#[test]
fn wrong_logs() {
    check(
        "INFO  jepsen.util - 0 :ok :read 1",
        "history:1:34: the file ends too early, expected the end of the line, without which the \
         value may be cut; if the run that wrote it was killed, pass --drop-torn-line",
    );
    check(
        "INFO  jepsen.util - 0 :invoke :read nil\nat java.lang.Thread\n",
        &format!(
            "history:2:1: `at java.lang.Thread`, expected a log line such as `INFO  jepsen.util - \
             0 :invoke :read nil`; {FIX}"
        ),
    );
    check(
        "INFO  jepsen.util - 0 :invoke\n",
        &format!("history:1:30: the line ends too early, expected a value; {FIX}"),
    );
    let kv = "{:process 0, :type :ok, :f :get, :key \"1\", :value nil}";
    check(
        format!("{kv}\n{}", kv.replace(":get", ":scan")),
        &format!(
            "history:2:1: another operation, expected get, put or append with a string for its \
             key; {FIX}"
        ),
    );
}

#[test]
fn bytes_that_are_not_text() {
    let mut bytes =
        b"{:type :ok, :process 0, :f :r}\n{:type :ok, :process 0, :f \"\xc3\xa9".to_vec();
    bytes.extend_from_slice(b"\xff\"}");
    check(
        bytes,
        &format!(
            "history:2:30: the byte 0xff, which is not UTF-8, expected the closing quote of a \
             string; {FIX}"
        ),
    );
}

#[test]
fn unknown_formats() {
    let known = "expected one of jepsen-log, porcupine-kv, plume, awdit, dbcop, dbcop-yaml, cobra, \
                 json-lines, json-array, edn; check that this is a history, and name its format if it is one of these";
    check(
        "x(1,0,0,0)\n",
        &format!("history:1:1: `x(1,0,0,0)` begins no known history, {known}"),
    );
    check(
        b"\xff\xfe".as_slice(),
        &format!("history:1:1: the byte 0xff, which is not UTF-8 begins no known history, {known}"),
    );
}
