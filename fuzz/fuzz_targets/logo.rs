//! Pictures.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|picture: &[u8]| {
    _ = padron_domain::LogoFile::check(picture);
});
