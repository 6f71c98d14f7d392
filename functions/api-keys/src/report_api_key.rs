//! The endpoint `POST /api-keys/report`, where anyone reports API keys that they have found in a public place.
//!
//! A reported key is revoked. The key itself proves that the report is true. GitHub's secret scanning sends its signed reports here.

use futures_util::future::join_all;
use padron_domain::{Error, Failure, FailureClass, RateLimit, Scope};
use padron_http::{
    Anonymous, Context, Endpoint, Input, Output, PAYLOAD_TOO_LARGE, ParameterDescription, Request, Response,
    Route, UNSUPPORTED_MEDIA_TYPE, decode_json, decode_json_array, json_bytes,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, RateSubject, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::{github, leaked};

/// The endpoint that takes reports of leaked API keys.
#[derive(Debug)]
pub struct ReportApiKey;

/// The failure of a report that claims to be GitHub's, without a valid signature.
pub const INVALID_SIGNATURE: Failure = Failure::new(
    FailureClass::Unauthenticated,
    "invalid_signature",
    "The report is not signed by a key that GitHub publishes",
);

/// The reports that a network may send, apart from those that GitHub signed.
const LIMIT: RateLimit = RateLimit { limit: 30, period: 60 };
/// The maximum size of a report, in bytes.
const MAX_SIZE: usize = 4 * 1024;
/// The maximum size of a report of GitHub, in bytes.
const MAX_GITHUB_SIZE: usize = 256 * 1024;
/// The maximum number of keys in a report of GitHub.
const MAX_FINDINGS: usize = 100;
/// The number of keys that are looked up at once.
const AT_ONCE: usize = 8;

/// A report.
#[expect(missing_debug_implementations, reason = "it contains the text of keys")]
pub enum Report {
    /// A report of anyone, about one key.
    Single(SingleReport),
    /// A report of GitHub. It is read once its signature is verified.
    GitHub {
        /// The id of GitHub's key.
        key_id: String,
        /// The signature, in base64.
        signature: String,
        /// The body, as it was signed.
        body: Vec<u8>,
    },
}

/// A report about an API key that was found in a public place.
#[expect(missing_debug_implementations, reason = "it contains the text of a key")]
#[derive(Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct SingleReport {
    /// Text of the key.
    key: String,
    /// Where it was found.
    #[serde(default)]
    url: Option<String>,
    /// Anything else. It is not stored.
    #[serde(default)]
    #[expect(dead_code, reason = "accepted for people who report, and dropped")]
    comment: Option<String>,
}

/// A finding of GitHub's secret scanning.
#[expect(missing_debug_implementations, reason = "it contains the text of a key")]
#[derive(Deserialize, JsonSchema)]
#[schemars(extend("examples" = [{ "token": "<api_key>", "type": "padron_api_key", "url": "https://github.com/acme/shop/blob/1c964f8/.env#L3" }]))]
pub struct Finding {
    /// Text of the key.
    token: String,
    /// Name that GitHub has for keys of this form.
    #[serde(default)]
    r#type: String,
    /// Where it was found.
    #[serde(default)]
    url: Option<String>,
}

/// What a finding turned out to be, as GitHub takes it.
#[expect(missing_debug_implementations, reason = "it contains the text of a key")]
#[derive(Serialize, JsonSchema)]
#[schemars(extend("examples" = [{ "token_raw": "<api_key>", "token_type": "padron_api_key", "label": "true_positive" }]))]
pub struct Feedback {
    /// Text of the key, as it was reported.
    token_raw: String,
    /// Name that GitHub has for keys of this form.
    token_type: String,
    /// `true_positive` if there is such a key, `false_positive` if there is none.
    #[schemars(extend("enum" = ["true_positive", "false_positive"]))]
    label: &'static str,
}

impl Input for Report {
    const FAILURES: &'static [Failure] =
        &[UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let [key_id, signature] = ["github-public-key-identifier", "github-public-key-signature"]
            .map(|name| request.header(name).map(|value| value.trim().to_owned()));
        if key_id.is_none() && signature.is_none() {
            let body = json_bytes(request, MAX_SIZE)?;
            // A list is what GitHub sends, and GitHub signs it.
            let is_list = body.trim_ascii_start().starts_with(b"[");
            if !is_list {
                return decode_json(&body).map(Self::Single);
            }
        }
        let body = json_bytes(request, MAX_GITHUB_SIZE)?.into_owned();
        let (key_id, signature) = (key_id.unwrap_or_default(), signature.unwrap_or_default());
        Ok(Self::GitHub { key_id, signature, body })
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        let (single, finding) = (schemas.request::<SingleReport>(), schemas.request::<Finding>());
        operation.body(&serde_json::json!({ "anyOf": [
            single,
            { "type": "array", "maxItems": MAX_FINDINGS, "items": finding },
        ] }));
        for (name, description) in [
            ("Github-Public-Key-Identifier", "With a list: the id of GitHub's key"),
            ("Github-Public-Key-Signature", "With a list: GitHub's signature of the body"),
        ] {
            operation.header(&ParameterDescription::optional(name, description));
        }
    }
}

/// The response to a report.
#[expect(missing_debug_implementations, reason = "it contains the text of keys")]
pub enum ReportOutcome {
    /// The report of one key was taken, whether there is such a key or not.
    Accepted,
    /// What the findings of GitHub turned out to be.
    Feedback(Vec<Feedback>),
}

/// An empty object.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(inline)]
struct Empty {}

impl Output for ReportOutcome {
    fn into_response(self, _: &Request<'_>) -> Result<Response, Error> {
        match self {
            Self::Accepted => Response::json(202, &Empty {}),
            Self::Feedback(feedback) => Response::json(200, &feedback),
        }
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        operation.succeeds("202", Some(&schemas.response::<Empty>()));
        operation.succeeds("200", Some(&schemas.response::<Vec<Feedback>>()));
    }
}

impl Endpoint for ReportApiKey {
    const ROUTE: Route = Route::post("report-api-key", "/api-keys/report");
    const SUMMARY: &'static str = "Reports API keys that were found in a public place, which revokes them";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] =
        &[leaked::FAILURES, &[INVALID_SIGNATURE, Failure::RATE_LIMITED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::TAKE_REQUESTS, Store::REVOKE_LEAKED_API_KEY];
    type Access = Anonymous;
    type Input = Report;
    type Output = ReportOutcome;

    async fn handle(cx: &Context<'_>, _: Anonymous, report: Report) -> Result<ReportOutcome, Error> {
        match report {
            Report::Single(SingleReport { key, url, .. }) => {
                count(cx).await?;
                leaked::revoke(cx, &key, url.as_deref()).await?;
                Ok(ReportOutcome::Accepted)
            }
            Report::GitHub { key_id, signature, body } => {
                let is_unsigned = key_id.is_empty() || signature.is_empty();
                if is_unsigned || !github::is_signed(cx, &key_id, &signature, &body).await? {
                    // Those that GitHub signed are not limited.
                    count(cx).await?;
                    return Err(INVALID_SIGNATURE.into());
                }
                let findings: Vec<Finding> = decode_json_array(&body)?;
                if findings.len() > MAX_FINDINGS {
                    return Err(Error::invalid("", "too_many", "At most 100 findings."));
                }
                let mut labels = Vec::with_capacity(findings.len());
                for findings in findings.chunks(AT_ONCE) {
                    let revocations = findings
                        .iter()
                        .map(|finding| leaked::revoke(cx, &finding.token, finding.url.as_deref()));
                    labels.extend(join_all(revocations).await);
                }
                // A failure is returned once every key was tried. The same report can be sent again.
                let labels = labels.into_iter().collect::<Result<Vec<bool>, Error>>()?;
                let label = |is_one: bool| if is_one { "true_positive" } else { "false_positive" };
                let feedback = findings.into_iter().zip(labels).map(|(finding, is_one)| {
                    let Finding { token, r#type, url: _ } = finding;
                    Feedback { token_raw: token, token_type: r#type, label: label(is_one) }
                });
                Ok(ReportOutcome::Feedback(feedback.collect()))
            }
        }
    }
}

/// Counts a report of the caller's network.
async fn count(cx: &Context<'_>) -> Result<(), Error> {
    let subject = RateSubject::address(ReportApiKey::ROUTE.function, &cx.request.source_network());
    cx.count_request(&subject, LIMIT, 1).await
}
