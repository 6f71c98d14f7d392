//! Query parameters and cursors.
#![no_main]

use libfuzzer_sys::fuzz_target;
use padron_fuzz::{ACME, on_app, owner};

fuzz_target!(|query: &str| {
    if query.parse::<u8>().is_err() && query.bytes().all(|byte| byte.is_ascii_graphic() && !b"\"#<>\\^`{|}".contains(&byte)) {
        on_app(async |app| {
            let response = app.call("GET", &format!("{ACME}/customers?{query}")).user(owner()).send().await;
            assert!(matches!(response.status, 200 | 400), "{response:?}");
        });
    }
});
