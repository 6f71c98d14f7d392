//! The decoder of events.
#![no_main]

use libfuzzer_sys::fuzz_target;
use padron_fuzz::on_app;

fuzz_target!(|payload: &str| {
    on_app(async |app| {
        let response = app.respond(app.endpoint("health"), payload).await;
        assert!(response["statusCode"].as_u64().is_some_and(|status| status < 500), "{response}");
    });
});
