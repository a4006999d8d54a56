//! Tests of the readers and writers, each on the whole path from bytes to operations.

mod errors;
mod hostile;
mod meaning;
mod packing;
mod recorded;
mod round_trip;
mod transactions;

use std::io::Cursor;

use super::{OpReader, ReadError, ReadOptions, open};
use crate::op::Op;

/// Opens bytes as `history`.
fn reader(bytes: impl Into<Vec<u8>>, options: ReadOptions) -> Result<OpReader, ReadError> {
    open(Box::new(Cursor::new(bytes.into())), "history", options)
}

fn read_with(bytes: impl Into<Vec<u8>>, options: ReadOptions) -> Result<Vec<Op>, ReadError> {
    reader(bytes, options)?.collect()
}

fn read(bytes: impl Into<Vec<u8>>) -> Result<Vec<Op>, ReadError> {
    read_with(bytes, ReadOptions::default())
}

/// The only operation of an input.
fn read_one(bytes: impl Into<Vec<u8>>) -> Op {
    let mut ops = read(bytes).expect("a readable input");
    assert_eq!(ops.len(), 1);
    ops.remove(0)
}

const EDN_SAMPLE: &str = r#"; A history.
{:index 0, :time 3, :type :invoke, :process 0, :f :txn, :value [[:append 3 "é\n"] [:r 4 nil]]}
{:index 1, :time 4, :type :info, :process :nemesis, :f :start, :value #{"n1" 1.5 2N}}
#jepsen.history.Op{:index 2, :time 9, :type :ok, :process 0, :f :txn,
 :value [[:append 3 "é\n"] [:r 4 [1 -2 ##Inf \a 1/2]]], :error #inst "2020-01-01"}
"#;

const JSON_SAMPLE: &str = r#"{"index":0,"time":3,"type":"invoke","process":0,"f":"cas","value":[1,2]}
{"index":1,"time":4,"type":"info","process":"nemesis","f":"kill","value":{"what":"é\u00e9\n"}}
{"index":2,"time":9,"type":"ok","process":0,"f":"cas","value":[true,null,-1.5e3],"key":"x"}
"#;

const LOG_SAMPLE: &str = "INFO  jepsen.util - 0\t:invoke\t:read\tnil
INFO  jepsen.core - Everything's set up
INFO  jepsen.util - 1   :invoke :cas    [1 2]
INFO  jepsen.util - 1   :info   :cas    :timed-out
INFO  jepsen.util - 0   :ok     :read   3
";

const KV_SAMPLE: &str = r#"{:process 0, :type :invoke, :f :get, :key "1", :value nil}
{:process 0, :type :ok, :f :get, :key "1", :value "x 0 0 y"}
"#;

const PLUME_SAMPLE: &str = "w(1,0,0,0)
w(2,-3,0,0)
r(1,0,1,1)
w(2,7,1,-1)

r(2,-3,0,2)";

const AWDIT_SAMPLE: &str = "w 0 1
r 1 0
-----
r 0 1
=====
-----
w 1 2
";

const DBCOP_SAMPLE: &str = r#"{"params":{"id":0,"n_node":2},"info":"é","data":[
[{"events":[{"Write":{"variable":0,"version":1}},{"Read":{"variable":1,"version":null}}],
  "committed":true}],[],
[{"events":[{"Read":{"version":1,"variable":0}}],"committed":false},
 {"events":[{"write":true,"variable":1,"value":5,"success":true},
  {"write":true,"variable":1,"value":6,"success":false}],"success":true}]], "end":"now"}
"#;

const DBCOP_YAML_SAMPLE: &str = "- - events:
    - write:    true
      variable: 0
      value:    1
      success:  true
    - write:    false
      variable: 1
      value:    ~
      success:  true
    success:    true
  - events: []
    success:    true
- - events:
    - write:    true
      variable: 1
      value:    5
      success:  true
    - write:    true
      variable: 1
      value:    6
      success:  false
    success:    false
";

const COBRA_SAMPLE: &str = "S 1
W 10 7
R 3200183278 3200183278 8
C 1
S 2
R 1 10 7
=====
S 3
R 3200183278 590553907 9
W 11 7
C 3
";
