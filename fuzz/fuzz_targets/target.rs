//! The addresses of webhooks.
#![no_main]

use libfuzzer_sys::fuzz_target;

fuzz_target!(|url: &str| {
    _ = padron_outbound::Target::parse(url, padron_outbound::Targets::Public);
});
