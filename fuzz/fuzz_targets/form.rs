//! Forms with files.
#![no_main]

use libfuzzer_sys::fuzz_target;
use padron_fuzz::{ACME, on_app, owner};

fuzz_target!(|body: &[u8]| {
    on_app(async |app| {
        for path in ["logo", "certificates"] {
            let call = app.call("PUT", &format!("{ACME}/{path}")).user(owner());
            let call = call.header("content-type", "multipart/form-data; boundary=b").body(body.to_vec());
            let response = call.send().await;
            assert!(response.status < 500, "{response:?}");
        }
    });
});
