//! Recognition, decompression, and the reader of whatever was recognised.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    faultbench_fuzz::read(bytes, None);
});
