//! Tests of the API reference and of the description that it shows.

use std::{collections::BTreeSet, io::Read};

use base64::{Engine as _, prelude::BASE64_STANDARD};
use flate2::read::GzDecoder;
use padron_local::description;
use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::support::{app, root};

#[tokio::test]
async fn the_description_is_served_as_it_is_in_the_repository_with_relative_servers() {
    let app = app().await;
    let plain = app.call("GET", "/openapi.json").send().await;
    assert_eq!((plain.status, plain.header("content-type")), (200, "application/json"));
    assert_eq!(plain.header("content-encoding"), "");
    let served = plain.json();
    let mut expected = description::document(&root()).unwrap();
    assert_eq!(served["servers"][0]["url"], ".");
    expected["servers"][0]["url"] = ".".into();
    for path in ["/.well-known/{document}", "/.well-known/{document}/api"] {
        for operation in expected["paths"].get_mut(path).into_iter().filter_map(Value::as_object_mut) {
            for operation in operation.values_mut().filter(|operation| operation.get("servers").is_some()) {
                operation["servers"][0]["url"] = "/".into();
            }
        }
    }
    assert!(served == expected, "the function is older than openapi.json: build it again");

    let compressed = app.call("GET", "/openapi.json").header("accept-encoding", "br, gzip").send().await;
    assert_eq!(compressed.header("content-encoding"), "gzip");
    assert_eq!(compressed.header("vary"), "accept-encoding");
    let mut text = String::new();
    GzDecoder::new(&compressed.binary[..]).read_to_string(&mut text).unwrap();
    assert_eq!(text, plain.text);
    assert_ne!(compressed.header("etag"), plain.header("etag"), "they are different bytes");
    for refused in ["gzip;q=0", "identity", "gzip2"] {
        let response = app.call("GET", "/openapi.json").header("accept-encoding", refused).send().await;
        assert_eq!(response.header("content-encoding"), "", "{refused}");
    }
    let known = app.call("GET", "/openapi.json").header("if-none-match", plain.header("etag")).send().await;
    assert_eq!((known.status, known.text.as_str()), (304, ""));
}

#[tokio::test]
async fn the_reference_runs_nothing_but_its_own_script() {
    let app = app().await;
    let page = app.call("GET", "/docs").send().await;
    assert_eq!((page.status, page.header("content-type")), (200, "text/html; charset=utf-8"));
    let policy = page.header("content-security-policy");
    let directives: BTreeSet<&str> = policy.split("; ").collect();
    for directive in ["default-src 'none'", "connect-src 'self'", "base-uri 'none'", "frame-ancestors 'none'"]
    {
        assert!(directives.contains(directive), "{policy}");
    }
    assert!(!policy.contains("unsafe"), "{policy}");
    for (element, directive) in [("script", "script-src"), ("style", "style-src")] {
        let (begin, end) = (format!("<{element}>"), format!("</{element}>"));
        let parts: Vec<&str> = page.text.split(&*begin).skip(1).collect();
        assert_eq!(parts.len(), 1, "one {element}, and none with attributes");
        let content = parts[0].split_once(&*end).unwrap().0;
        let hash = BASE64_STANDARD.encode(Sha256::digest(content));
        assert!(directives.contains(&*format!("{directive} 'sha256-{hash}'")), "{policy}");
    }
    // Nothing is loaded from elsewhere, and no text becomes HTML.
    for forbidden in ["http://", "https://", " src=", "innerHTML", "outerHTML", "document.write", " style=\""]
    {
        assert!(!page.text.contains(forbidden), "{forbidden}");
    }
}
