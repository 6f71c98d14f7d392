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
