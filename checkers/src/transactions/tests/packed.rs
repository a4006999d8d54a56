//! Transactions read packed are judged word for word as those that come as lists.

use std::io::Cursor;

use super::*;
use crate::formats::{ReadOptions, edn, json_lines, open};

/// The report on a history that was written down and read again.
fn reread(text: &[u8], vocabulary: Vocabulary, packs: bool) -> (serde_json::Value, usize) {
    let input = Box::new(Cursor::new(text.to_vec()));
    let mut reader = open(input, "history", ReadOptions::default()).expect("a history");
    let mut checker = Box::new(Transactions::new(&Params::default(), vocabulary));
    if packs {
        reader.pack_transactions();
    }
    let (mut op, mut packed) = (Op::default(), 0);
    while reader.next_into(&mut op).expect("a readable history") {
        packed += usize::from(matches!(op.value, Value::Packed(_)));
        checker.push(&op).expect("a transaction");
    }
    let report = checker.finish(&Budget::unlimited());
    let report = serde_json::to_value(report).expect("a report is JSON");
    (report, packed)
}

proptest! {
    #[test]
    fn packing_changes_no_word(
        shape in prop_oneof![small(Vocabulary::Lists), small(Vocabulary::Registers)],
    ) {
        let recording = simulate(shape);
        for write in [edn::write, json_lines::write] {
            let mut text = Vec::new();
            recording.ops.iter().for_each(|op| write(op, &mut text));
            let (plain, none) = reread(&text, shape.vocabulary, false);
            let (same, all) = reread(&text, shape.vocabulary, true);
            prop_assert_eq!(plain, same);
            let holds_any = |op: &&Op| op.value.as_items().is_some_and(|mops| !mops.is_empty());
            let told = recording.ops.iter().filter(holds_any).count();
            prop_assert_eq!((none, all), (0, told));
        }
    }
}

/// What a reader packs and no transaction of the vocabulary holds is refused in the same words.
#[test]
fn misfits_are_refused_alike() {
    for (vocabulary, value) in [
        (Vocabulary::Lists, "[[:r 1 nil] [:w 1 2]]"),
        (Vocabulary::Lists, "[[:append 1 nil]]"),
        (Vocabulary::Lists, "[[:r 1 2]]"),
        (Vocabulary::Registers, "[[:append 1 2]]"),
        (Vocabulary::Registers, "[[:w 1 nil]]"),
    ] {
        let text = format!(
            "{{:type :invoke, :process 0, :value [[:r 1 nil]]}}
            {{:type :ok, :process 0, :value {value}}}"
        );
        let refused = |packs: bool| {
            let input = Box::new(Cursor::new(text.clone().into_bytes()));
            let mut reader = open(input, "history", ReadOptions::default()).expect("a history");
            if packs {
                reader.pack_transactions();
            }
            let mut checker = Transactions::new(&Params::default(), vocabulary);
            let results = reader.map(|op| checker.push(&op.expect("a readable history")));
            results
                .filter_map(Result::err)
                .map(|e| e.to_string())
                .collect::<Vec<_>>()
        };
        assert_eq!(refused(true), refused(false), "{value}");
        assert_eq!(refused(true).len(), 1, "{value}");
    }
}
