//! Redirect URIs of OAuth apps (RFC 6749 §3.1.2, RFC 8252 §7, OAuth 2.1 §2.3).

use std::net::{Ipv4Addr, Ipv6Addr};

use url::{Host, Url};

use super::ClientType;
use crate::https_url::{MAX_URL_LENGTH, is_ambiguous};

/// The maximum number of redirect URIs of an app.
pub const MAX_REDIRECT_URIS: usize = 10;

/// The parameters that are added to a redirect URI (RFC 6749 §4.1.2, RFC 9207).
const ANSWERED: [&str; 5] = ["code", "state", "iss", "error", "error_description"];

/// Returns a redirect URI in its serialized form.
///
/// A redirect URI is an https URL, or an http URL of this machine for apps that run on it. A public client may have a private-use
/// scheme that is a domain name in reverse order, such as `com.example.app:/callback`.
///
/// # Errors
///
/// Returns what is wrong with it, as a sentence for the caller.
pub fn redirect_uri(text: &str, client_type: ClientType) -> Result<String, &'static str> {
    const EXPECTED: &str = "An https URL, or an http URL on 127.0.0.1, [::1] or localhost.";
    const EXPECTED_OF_PUBLIC: &str = "An https URL, an http URL on 127.0.0.1, [::1] or localhost, or a URI whose scheme is a domain name in reverse order, \
         such as com.example.app:/callback.";
    let expected = match client_type {
        ClientType::Confidential => EXPECTED,
        ClientType::Public => EXPECTED_OF_PUBLIC,
    };
    if text.len() > MAX_URL_LENGTH {
        return Err("At most 2,048 bytes.");
    }
    if text.contains('*') {
        return Err("A redirect URI has no wildcards. Register each one.");
    }
    if text.contains('#') {
        return Err("A redirect URI has no fragment.");
    }
    if is_ambiguous(text) {
        return Err(expected);
    }
    let url = Url::parse(text).map_err(|_| expected)?;
    if !url.username().is_empty() || url.password().is_some() {
        return Err("A redirect URI has no user information.");
    }
    if url.query_pairs().any(|(name, _)| ANSWERED.contains(&&*name)) {
        return Err("A redirect URI has no parameter that answers have, such as code or state.");
    }
    let is_allowed = match url.scheme() {
        "https" => url.has_host(),
        "http" => is_loopback(&url),
        scheme => client_type == ClientType::Public && is_private_use(scheme, &url),
    };
    let uri = String::from(url);
    if is_allowed && uri.len() <= MAX_URL_LENGTH { Ok(uri) } else { Err(expected) }
}

/// Returns whether an authorization request with a redirect URI means a registered one.
///
/// Both are compared as they are parsed. Where an app listens on the machine of its user, the port is that of the moment (RFC 8252 §7.3).
pub fn is_same_redirect_uri(sent: &str, registered: &str) -> bool {
    let is_plain = sent.len() <= MAX_URL_LENGTH && !sent.contains('#') && !is_ambiguous(sent);
    let (Ok(mut sent), Ok(mut registered)) = (Url::parse(sent), Url::parse(registered)) else { return false };
    if registered.scheme() == "http" && is_loopback(&registered) {
        for url in [&mut sent, &mut registered] {
            if url.set_port(None).is_err() {
                return false;
            }
        }
    }
    is_plain && sent == registered
}

/// Returns whether a URL leads to this machine.
fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Ipv4(address)) => address == Ipv4Addr::LOCALHOST,
        Some(Host::Ipv6(address)) => address == Ipv6Addr::LOCALHOST,
        Some(Host::Domain(name)) => name == "localhost",
        None => false,
    }
}

/// Returns whether a scheme is a domain name in reverse order (RFC 8252 §7.1), which names an app rather than a kind of document.
fn is_private_use(scheme: &str, url: &Url) -> bool {
    let labels: Vec<&str> = scheme.split('.').collect();
    labels.len() >= 2 && labels.iter().all(|label| !label.is_empty()) && !url.path().is_empty()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_port_of_this_machine_may_differ() {
        for (sent, registered) in [
            ("https://app.example/cb", "https://app.example/cb"),
            ("HTTPS://APP.example:443/cb", "https://app.example/cb"),
            ("http://127.0.0.1:51234/cb", "http://127.0.0.1/cb"),
            ("http://[::1]:51234/cb", "http://[::1]:8000/cb"),
            ("http://localhost:1/cb", "http://localhost:3000/cb"),
            ("com.example.app:/cb", "com.example.app:/cb"),
        ] {
            assert!(is_same_redirect_uri(sent, registered), "{sent} {registered}");
        }
        for (sent, registered) in [
            ("https://app.example/cb/", "https://app.example/cb"),
            ("https://app.example/cb?x=1", "https://app.example/cb"),
            ("https://app.example/cb#f", "https://app.example/cb"),
            ("https://app.example:8443/cb", "https://app.example/cb"),
            ("https://user@app.example/cb", "https://app.example/cb"),
            ("https://app.example.evil.example/cb", "https://app.example/cb"),
            ("https://app.example/a/../cb/x", "https://app.example/cb"),
            ("http://127.0.0.1:1/other", "http://127.0.0.1/cb"),
            ("http://127.0.0.2:1/cb", "http://127.0.0.1/cb"),
            ("http://localhost:1/cb", "http://127.0.0.1/cb"),
            ("https://127.0.0.1:1/cb", "http://127.0.0.1/cb"),
            ("http://user@127.0.0.1:1/cb", "http://127.0.0.1/cb"),
            ("https://app.example\\@evil.example/cb", "https://app.example/cb"),
            ("javascript:alert(1)", "https://app.example/cb"),
            ("", "https://app.example/cb"),
        ] {
            assert!(!is_same_redirect_uri(sent, registered), "{sent} {registered}");
        }
    }

    #[test]
    fn a_redirect_uri_leads_to_one_place() {
        let confidential = |text| redirect_uri(text, ClientType::Confidential);
        let public = |text| redirect_uri(text, ClientType::Public);
        for (sent, stored) in [
            ("https://App.Example/callback", "https://app.example/callback"),
            ("https://app.example", "https://app.example/"),
            ("https://app.example/cb?a=1", "https://app.example/cb?a=1"),
            ("http://127.0.0.1:8123/cb", "http://127.0.0.1:8123/cb"),
            ("http://[::1]/cb", "http://[::1]/cb"),
            ("http://localhost:3000/cb", "http://localhost:3000/cb"),
        ] {
            assert_eq!(confidential(sent).as_deref(), Ok(stored), "{sent}");
            assert_eq!(public(sent).as_deref(), Ok(stored), "{sent}");
        }
        assert_eq!(public("com.example.app:/callback").as_deref(), Ok("com.example.app:/callback"));
        assert!(confidential("com.example.app:/callback").is_err());
        for text in [
            "",
            "app.example",
            "/callback",
            "//app.example/cb",
            "http://app.example/cb",
            "http://127.1.2.3/cb",
            "http://127.0.0.1.app.example/cb",
            "http://localhost.example/cb",
            "https://app.example/cb#f",
            "https://app.example/#",
            "https://user@app.example/cb",
            "https://app.example\\@evil.example/",
            "https://*.example/cb",
            "https://app.example/*",
            "https:app.example",
            "https://app.example/a\tb",
            "javascript:alert(1)",
            "data:text/html,x",
            "vbscript:x",
            "https://app.example/cb?code=1",
            "https://app.example/cb?a=b&iss=x",
            "file:///etc/passwd",
            "myapp:/callback",
            "com..app:/callback",
        ] {
            assert!(confidential(text).is_err(), "{text}");
            assert!(public(text).is_err(), "{text}");
        }
    }
}
