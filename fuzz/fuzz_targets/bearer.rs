//! The parser of `Authorization`.
#![no_main]

use libfuzzer_sys::fuzz_target;
use padron_fuzz::{ACME, on_app};

fuzz_target!(|header: &str| {
    on_app(async |app| {
        let response = app.call("GET", ACME).header("authorization", header).send().await;
        assert!(matches!(response.status, 400 | 401), "{response:?}");
    });
});
