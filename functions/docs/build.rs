//! Compresses `openapi.json`, and puts the API reference together: one page, with the hashes of its script and its style for its
//! Content-Security-Policy.

use std::{env, fs, io::Write, path::Path};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::{Compression, write::GzEncoder};
use serde_json::Value;
use sha2::{Digest, Sha256};

fn main() {
    let folder = env::var("CARGO_MANIFEST_DIR").expect("Cargo sets it");
    let out = env::var("OUT_DIR").expect("Cargo sets it");
    let read = |path: &str| {
        let path = Path::new(&folder).join(path);
        println!("cargo::rerun-if-changed={}", path.display());
        fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()))
    };
    let write = |name: &str, content: &[u8]| fs::write(Path::new(&out).join(name), content).expect("a file");
    let hash = |content: &[u8]| BASE64_STANDARD.encode(Sha256::digest(content));

    let mut description: Value = serde_json::from_str(&read("../../openapi.json")).expect("JSON");
    make_servers_relative(&mut description);
    let description = description.to_string();
    let mut compressed = GzEncoder::new(Vec::new(), Compression::best());
    compressed.write_all(description.as_bytes()).expect("memory");
    write("openapi.json", description.as_bytes());
    write("openapi.json.gz", &compressed.finish().expect("memory"));
    write("openapi.json.sha256", hash(description.as_bytes()).as_bytes());

    let (style, script) = (read("src/reference/style.css"), read("src/reference/reference.js"));
    let page = read("src/reference/page.html").replace("{style}", &style).replace("{script}", &script);
    write("page.html", page.as_bytes());
    write("page.html.sha256", hash(page.as_bytes()).as_bytes());
    let policy = format!(
        "default-src 'none'; script-src 'sha256-{}'; style-src 'sha256-{}'; connect-src 'self'; base-uri 'none'; form-action 'none'; \
         frame-ancestors 'none'; require-trusted-types-for 'script'",
        hash(script.as_bytes()),
        hash(style.as_bytes())
    );
    write("page.policy", policy.as_bytes());
}

/// Replaces the addresses of the local stack by ones that are relative to the document, so that they are right wherever it is deployed.
fn make_servers_relative(description: &mut Value) {
    if let Some(server) = description.pointer_mut("/servers/0/url") {
        *server = ".".into();
    }
    for path in description["paths"].as_object_mut().into_iter().flat_map(|paths| paths.values_mut()) {
        for operation in path.as_object_mut().into_iter().flat_map(|operations| operations.values_mut()) {
            if let Some(server) = operation.pointer_mut("/servers/0/url") {
                *server = "/".into();
            }
        }
    }
}
