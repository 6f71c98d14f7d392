//! What came back.

use std::collections::BTreeMap;

use serde_json::Value;

/// An answer of the API, as API Gateway would send it.
#[derive(Clone, Debug)]
pub struct Answer {
    /// HTTP status.
    pub status: u16,
    /// Headers, names in lower case.
    pub headers: BTreeMap<String, String>,
    /// The body as text.
    pub text: String,
    /// What was asked, if it was a request of a [`TestApp`](crate::TestApp): its path and query below the base path.
    pub(crate) asked: String,
}

impl Answer {
    /// Reads a response event; it must be of API Gateway's form.
    pub fn new(response: &Value) -> Self {
        let headers = response["headers"].as_object().expect("headers");
        assert_eq!(response["isBase64Encoded"], false, "bodies are text");
        Self {
            status: response["statusCode"].as_u64().and_then(|code| code.try_into().ok()).expect("a status"),
            headers: headers
                .iter()
                .map(|(name, value)| {
                    (name.to_lowercase(), value.as_str().expect("a header is text").to_owned())
                })
                .collect(),
            text: response["body"].as_str().expect("a body").to_owned(),
            asked: String::new(),
        }
    }

    /// The body as JSON.
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| panic!("no JSON: {}", self.text))
    }

    /// A header, or nothing.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", String::as_str)
    }

    /// Where the next page is, below the base path.
    pub fn next_page(&self) -> Option<String> {
        let link = self.headers.get("link")?;
        let reference = link.strip_prefix('<').and_then(|link| link.strip_suffix(r#">; rel="next""#));
        Some(self.resolve(reference.expect("a link as RFC 8288 has it")))
    }

    /// Where what was created is, below the base path.
    pub fn location(&self) -> String {
        self.resolve(self.headers.get("location").expect("the header Location"))
    }

    /// What a reference means (RFC 3986 §5) in the answer to what was asked. The base path is another than the API's own: no
    /// answer depends on it.
    fn resolve(&self, reference: &str) -> String {
        const ELSEWHERE: &str = "https://elsewhere.test/some/base";
        let base: url::Url = format!("{ELSEWHERE}{}", self.asked).parse().expect("what was asked is a path");
        let resolved = base.join(reference).expect("a reference");
        resolved.as_str().strip_prefix(ELSEWHERE).expect("a place below the base path").to_owned()
    }

    /// The code of a problem, after checking that it is one, whole.
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
