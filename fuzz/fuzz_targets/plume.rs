//! The `plume` reader.
#![no_main]

use faultbench_checkers::formats::Format;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    faultbench_fuzz::read(bytes, Format::from_name("plume"));
});
