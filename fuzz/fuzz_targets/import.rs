//! CSV and NDJSON.
#![no_main]

use libfuzzer_sys::fuzz_target;
use padron_fuzz::{ACME, on_app, owner};

fuzz_target!(|file: &[u8]| {
    on_app(async |app| {
        for media_type in ["text/csv", "application/x-ndjson"] {
            let call = app.call("POST", &format!("{ACME}/customers/import?source=fuzz")).user(owner());
            let response = call.header("content-type", media_type).body(file.to_vec()).send().await;
            assert!(matches!(response.status, 200 | 400 | 413), "{response:?}");
        }
    });
});
