//! The responses of the API, for assertions.

use std::collections::BTreeMap;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use serde_json::Value;

/// A response of the API, as API Gateway would send it.
#[derive(Clone, Debug)]
pub struct TestResponse {
    /// The HTTP status.
    pub status: u16,
    /// The headers, with names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The headers `Set-Cookie`.
    pub cookies: Vec<String>,
    /// The body as a string; empty if it is binary.
    pub text: String,
    /// The bytes of a binary body; none if the body is a text.
    pub binary: Vec<u8>,
    /// The path and query of the request, relative to the base path; empty for a response to an event.
    pub(crate) asked: String,
}

impl TestResponse {
    /// Parses a response event of API Gateway.
    ///
    /// # Panics
    ///
    /// Panics if the event does not have API Gateway's form.
    pub fn new(response: &Value) -> Self {
        let headers = response["headers"].as_object().expect("headers");
        let body = response["body"].as_str().expect("a body");
        let (text, binary) = if response["isBase64Encoded"] == true {
            ("", BASE64_STANDARD.decode(body).expect("base64"))
        } else {
            (body, Vec::new())
        };
        Self {
            status: response["statusCode"].as_u64().and_then(|code| code.try_into().ok()).expect("a status"),
            headers: headers
                .iter()
                .map(|(name, value)| {
                    (name.to_lowercase(), value.as_str().expect("a header is text").to_owned())
                })
                .collect(),
            cookies: response["cookies"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|cookie| cookie.as_str().expect("a cookie is text").to_owned())
                .collect(),
            text: text.to_owned(),
            binary,
            asked: String::new(),
        }
    }

    /// Returns the body as JSON.
    ///
    /// # Panics
    ///
    /// Panics if the body is not JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// Returns the value of a header; the empty string if it is absent.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Returns the URL of the next page, relative to the base path; `None` on the last page.
    pub fn next_page(&self) -> Option<String> {
        let link = self.headers.get("link")?;
        let reference = link.strip_prefix('<').and_then(|link| link.strip_suffix(r#">; rel="next""#));
        Some(self.resolve(reference.expect("a link as RFC 8288 has it")))
    }

    /// Returns the URL of the created resource, relative to the base path.
    ///
    /// # Panics
    ///
    /// Panics if there is no header `Location`.
    pub fn location(&self) -> String {
        self.resolve(self.headers.get("location").expect("the header Location"))
    }

    /// Resolves a reference (RFC 3986 §5) against the URL of the request.
    ///
    /// The base path differs from that of the API, because no response depends on it.
    fn resolve(&self, reference: &str) -> String {
        const ELSEWHERE: &str = "https://elsewhere.test/some/base";
        let base: url::Url = format!("{ELSEWHERE}{}", self.asked).parse().expect("what was asked is a path");
        let resolved = base.join(reference).expect("a reference");
        resolved.as_str().strip_prefix(ELSEWHERE).expect("a place below the base path").to_owned()
    }

    /// Returns the status and the code of a problem, such as `404 not_found`, after checking that the problem is
    /// complete.
    ///
    /// # Panics
    ///
    /// Panics if the response is not a complete problem.
    pub fn problem(&self) -> String {
        let problem = self.json();
        assert_eq!(self.header("content-type"), "application/problem+json", "{self:?}");
        assert_eq!(problem["status"], self.status, "{self:?}");
        assert_eq!(problem["statusCode"], self.status, "{self:?}");
        for member in ["type", "title", "detail", "requestId", "message"] {
            assert!(problem[member].as_str().is_some_and(|text| !text.is_empty()), "{member}: {self:?}");
        }
        assert_eq!(problem["requestId"], self.header("x-request-id"), "{self:?}");
        let code = problem["code"].as_str().expect("a code");
        assert_eq!(problem["type"], format!("https://padron.dev/problems/{}", code.replace('_', "-")));
        format!("{} {code}", self.status)
    }
}
