//! Compressed inputs, recognised by their first bytes.

use std::io::{self, BufRead, BufReader, Cursor, Read};

const GZIP_MAGIC: &[u8] = &[0x1f, 0x8b];
const ZSTD_MAGIC: &[u8] = &[0x28, 0xb5, 0x2f, 0xfd];

/// The same input, unpacked if it begins like gzip or zstd.
pub(super) fn unpacked(mut input: Box<dyn BufRead>) -> io::Result<Box<dyn BufRead>> {
    let mut head = Vec::with_capacity(ZSTD_MAGIC.len());
    input
        .by_ref()
        .take(ZSTD_MAGIC.len() as u64)
        .read_to_end(&mut head)?;
    let gzip = head.starts_with(GZIP_MAGIC);
    let zstd = head == ZSTD_MAGIC;
    let whole = Cursor::new(head).chain(input);
    if gzip {
        let decoder = flate2::bufread::MultiGzDecoder::new(whole);
        Ok(Box::new(BufReader::new(decoder)))
    } else if zstd {
        let decoder = zstd::stream::read::Decoder::with_buffer(whole)?;
        Ok(Box::new(BufReader::new(decoder)))
    } else {
        Ok(Box::new(whole))
    }
}
