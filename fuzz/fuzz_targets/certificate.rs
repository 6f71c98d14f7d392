//! DER and PEM.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|document: &[u8]| {
    _ = padron_certificates::Certificate::read(document);
});
