//! Validation of URLs.

use std::cell::Cell;

use url::{SyntaxViolation, Url};

/// The maximum length of a URL, in bytes, both as sent and as serialized. Most browsers do not support longer ones.
pub const MAX_URL_LENGTH: usize = 2048;

/// Returns an absolute https URL (RFC 3986) in its serialized form; `None` if the text is not an acceptable one.
///
/// The text is parsed by the WHATWG URL Standard. URLs with user information are rejected, and so are URLs whose host depends on
/// the parser, such as `https:///x` and `https://x.example\@y.example`.
pub fn https_url(text: &str) -> Option<String> {
    if text.len() > MAX_URL_LENGTH || is_ambiguous(text) {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_https =
        url.scheme() == "https" && url.has_host() && url.username().is_empty() && url.password().is_none();
    let url = String::from(url);
    (is_https && url.len() <= MAX_URL_LENGTH).then_some(url)
}

/// Returns whether other parsers may find another host in a URL, or none. A text that is no URL is ambiguous.
pub(crate) fn is_ambiguous(text: &str) -> bool {
    let is_ambiguous = Cell::new(false);
    let note = |violation| {
        if matches!(
            violation,
            SyntaxViolation::Backslash
                | SyntaxViolation::EmbeddedCredentials
                | SyntaxViolation::ExpectedDoubleSlash
                | SyntaxViolation::NullInFragment
                | SyntaxViolation::TabOrNewlineIgnored
                | SyntaxViolation::UnencodedAtSign
        ) {
            is_ambiguous.set(true);
        }
    };
    let parsed = Url::options().syntax_violation_callback(Some(&note)).parse(text);
    let has_host = parsed.as_ref().is_ok_and(Url::has_host);
    // The parser drops empty user information without reporting a violation.
    let authority = text.split_once("://").and_then(|(_, rest)| rest.split(['/', '?', '#']).next());
    let is_plain = authority.is_some_and(|authority| !authority.is_empty() && !authority.contains('@'));
    is_ambiguous.get() || parsed.is_err() || (has_host && !is_plain)
}

/// Returns the URL of a page, with the scheme http or https and without user information, in its serialized form, which has no control
/// characters; `None` if the text is no such URL.
///
/// It is only shown, never opened.
pub fn web_url(text: &str) -> Option<String> {
    if text.len() > MAX_URL_LENGTH {
        return None;
    }
    let url = Url::parse(text).ok()?;
    let is_web = matches!(url.scheme(), "http" | "https");
    let is_plain = url.username().is_empty() && url.password().is_none();
    let url = String::from(url);
    (is_web && is_plain && url.len() <= MAX_URL_LENGTH).then_some(url)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_stored_as_it_is_serialized() {
        for (sent, stored) in [
            ("https://example.com/logo.png", "https://example.com/logo.png"),
            ("HTTPS://x.example/a", "https://x.example/a"),
            ("https://X.Example", "https://x.example/"),
            ("https://x.example:443/a", "https://x.example/a"),
            ("https://x.example/\"><script>", "https://x.example/%22%3E%3Cscript%3E"),
            ("https://x.example/a b", "https://x.example/a%20b"),
            ("https://x.example/a/../b", "https://x.example/b"),
            ("https://peña.example/ñ", "https://xn--pea-8ma.example/%C3%B1"),
            ("https://x.example/?q=a@b#c", "https://x.example/?q=a@b#c"),
            ("https://192.0.2.1/", "https://192.0.2.1/"),
        ] {
            assert_eq!(https_url(sent).as_deref(), Some(stored), "{sent}");
        }
    }

    #[test]
    fn what_leads_somewhere_else_than_it_says_is_no_url() {
        for text in [
            "",
            "https:",
            "https://",
            "https:///x",
            "https:////x",
            "https:/x",
            "https:x",
            "https://@x",
            "https://@x.example/",
            "https://user@x.example/",
            "https://user:password@x.example/",
            "https://:@x.example/",
            "https://x.example\\@evil.example/",
            "https:\\\\x.example\\a",
            "https://x.example/a\tb",
            "https://x.example/a\nb",
            "https://x .example/",
            "https://x.example:99999/",
            "http://x.example/",
            "ftp://x.example/",
            "javascript:alert(1)",
            "data:image/png;base64,AAAA",
            "//x.example/a",
            "/a",
            "x.example/a",
        ] {
            assert_eq!(https_url(text), None, "{text}");
        }
        for (sent, stored) in [
            ("http://x.example/a", Some("http://x.example/a")),
            ("https://x.example/\u{7f}\u{1}a b", Some("https://x.example/%7F%01a%20b")),
            ("https://user@x.example/", None),
            ("javascript:alert(1)", None),
            ("ftp://x.example/", None),
            ("x", None),
        ] {
            assert_eq!(web_url(sent).as_deref(), stored, "{sent}");
        }
        assert_eq!(https_url(&format!("https://x.example/{}", "a".repeat(2048))), None);
    }
}
