//! Authorization requests (RFC 6749 §4.1.1, RFC 7636 §4.3, RFC 8707 §2), on their way from the app to the consent page.

use std::{marker::PhantomData, time::Duration};

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use padron_domain::{Error, Failure, OauthApp, OauthClientId, Scope, Scopes, Timestamp};
use padron_http::{
    Context, Input, ParameterDescription, Request, Response,
    openapi::{Operation, Schemas},
};
use padron_store::Purpose;
use ring::digest::{SHA256, digest};
use serde::{Deserialize, Serialize};
use url::Url;

use crate::{client, issuance, page::redirect};

/// The time that a user has to sign in and to decide.
pub(crate) const LIFETIME: Duration = Duration::from_secs(10 * 60);
/// The maximum length of a state, in bytes.
pub(crate) const MAX_STATE_LENGTH: usize = 2048;
/// The length of a challenge: that of a SHA-256 hash in base64url.
const CHALLENGE_LENGTH: usize = 43;

/// The values of `prompt` (OpenID Connect Core §3.1.2.1).
const PROMPTS: [&str; 4] = ["none", "login", "consent", "select_account"];

/// An authorization request that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct AuthorizationRequest {
    pub(crate) client: OauthClientId,
    /// Where the answer is sent.
    pub(crate) redirect_uri: String,
    /// Whether the request has named it; otherwise it is the app's only one.
    pub(crate) names_redirect_uri: bool,
    pub(crate) scopes: Scopes,
    pub(crate) state: Option<String>,
    pub(crate) challenge: Option<String>,
    pub(crate) audience: String,
    pub(crate) prompt: Prompt,
    /// When the request expires, in seconds since 1970.
    pub(crate) expires_at: i64,
}

/// Which pages the app wants its user to see (OpenID Connect Core §3.1.2.1).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Prompt {
    /// None at all. If one is needed, the answer is an error.
    pub(crate) none: bool,
    /// The sign-in, even if the user is signed in.
    pub(crate) login: bool,
    /// The consent page, even if the user has allowed everything before.
    pub(crate) consent: bool,
}

/// The answer that an app gets at its redirect URI.
#[derive(Clone, Copy)]
pub(crate) enum Answer<'a> {
    /// An authorization code.
    Code(&'a str),
    /// An error (RFC 6749 §4.1.2.1), with what to do about it.
    Error(&'static str, &'static str),
}

/// The query parameters of a request.
pub(crate) struct Parameters(pub(crate) Vec<(String, String)>);

impl Parameters {
    /// Returns the value of a parameter; `None` if it is absent or empty.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        let found = self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str());
        found.filter(|value| !value.is_empty())
    }

    /// Returns whether a parameter is repeated.
    pub(crate) fn is_repeated(&self, name: &str) -> bool {
        self.0.iter().filter(|(known, _)| known == name).count() > 1
    }
}

/// A page whose query parameters are described and not required: what is wrong with them is said on a page, or to the app.
pub trait PageQuery {
    /// The parameters. Whether one is required is not checked when the query is read.
    const PARAMETERS: &'static [ParameterDescription];
}

/// The query of a page, which its handler reads.
#[derive(Debug)]
pub struct QueryOf<P>(PhantomData<fn() -> P>);

impl<P: PageQuery> Input for QueryOf<P> {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(_: &Request<'_>) -> Result<Self, Error> {
        Ok(Self(PhantomData))
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        for parameter in P::PARAMETERS {
            operation.query_parameter(parameter);
        }
    }
}

/// The parameters that a request has at most once. Unknown ones are ignored.
const KNOWN: [&str; 12] = [
    "client_id",
    "redirect_uri",
    "response_type",
    "response_mode",
    "request",
    "request_uri",
    "scope",
    "state",
    "code_challenge",
    "code_challenge_method",
    "resource",
    "prompt",
];

/// Returns the redirect URI of a request and whether the request names it; `None` if it is not one of the app's.
pub(crate) fn redirect_uri(app: &OauthApp, parameters: &Parameters) -> Option<(String, bool)> {
    if parameters.is_repeated("client_id") || parameters.is_repeated("redirect_uri") {
        return None;
    }
    match (parameters.get("redirect_uri"), app.redirect_uris.as_slice()) {
        (Some(uri), _) => app.allows_redirect_uri(uri).then(|| (uri.to_owned(), true)),
        (None, [only]) => Some((only.clone(), false)),
        (None, _) => None,
    }
}

impl AuthorizationRequest {
    /// Checks a request whose client and redirect URI are known. Fails with the error for the app.
    pub(crate) fn check(
        cx: &Context<'_>,
        app: &OauthApp,
        (redirect_uri, names_redirect_uri): (String, bool),
        parameters: &Parameters,
    ) -> Result<Self, (&'static str, &'static str)> {
        const INVALID: &str = "invalid_request";
        if KNOWN.iter().any(|name| parameters.is_repeated(name)) {
            return Err((INVALID, "A parameter is repeated."));
        }
        let state = parameters.get("state");
        if state.is_some_and(|state| state.len() > MAX_STATE_LENGTH) {
            return Err((INVALID, "The state has more than 2,048 bytes."));
        }
        match parameters.get("response_type") {
            Some("code") => {}
            Some(_) => return Err(("unsupported_response_type", "The response_type is code.")),
            None => return Err((INVALID, "The parameter response_type is missing.")),
        }
        if !matches!(parameters.get("response_mode"), None | Some("query")) {
            return Err((INVALID, "The response_mode is query."));
        }
        if parameters.get("request").is_some() {
            return Err(("request_not_supported", "Request objects are not supported."));
        }
        if parameters.get("request_uri").is_some() {
            return Err(("request_uri_not_supported", "Request objects are not supported."));
        }
        let challenge = challenge(parameters)?;
        if challenge.is_none() && app.requires_pkce() {
            return Err((
                INVALID,
                "A client without a secret, and one that has registered itself, sends a code_challenge (RFC 7636).",
            ));
        }
        if challenge.is_none() && state.is_none() {
            return Err((INVALID, "Send a code_challenge (RFC 7636), or at least a state."));
        }
        let scopes = match parameters.get("scope") {
            None => app.default_scopes(),
            Some(list) => {
                let names = list.split([' ', ',']).filter(|name| !name.is_empty());
                let scopes = names.map(Scope::parse).collect::<Option<Scopes>>();
                scopes.ok_or(("invalid_scope", "There is no such scope."))?
            }
        };
        if scopes.is_empty() || !app.scopes.missing_of(scopes).is_empty() {
            return Err(("invalid_scope", "The app may not have this scope."));
        }
        let audience = issuance::audience(cx, parameters.get("resource"))
            .map_err(|_| ("invalid_target", "The resource is not one of this server."))?;
        let prompts: Vec<&str> = parameters.get("prompt").unwrap_or_default().split_whitespace().collect();
        if prompts.iter().any(|prompt| !PROMPTS.contains(prompt)) {
            return Err((INVALID, "The prompt is none, login, consent or select_account."));
        }
        let has = |name: &str| prompts.contains(&name);
        if has("none") && prompts.len() > 1 {
            return Err((INVALID, "The prompt none stands alone."));
        }
        Ok(Self {
            client: app.id,
            redirect_uri,
            names_redirect_uri,
            scopes,
            state: state.map(ToOwned::to_owned),
            challenge,
            audience,
            prompt: Prompt {
                none: has("none"),
                login: has("login") || has("select_account"),
                consent: has("consent"),
            },
            expires_at: cx.now().plus(LIFETIME).seconds(),
        })
    }

    /// Returns the app as it is now; `None` if it was deleted, or does not have the redirect URI any more.
    pub(crate) async fn app(&self, cx: &Context<'_>) -> Result<Option<OauthApp>, Error> {
        let app = client::find_by_id(cx, self.client).await?.map(|found| found.stored.app);
        Ok(app.filter(|app| app.allows_redirect_uri(&self.redirect_uri)))
    }

    /// Returns the answer to the app.
    pub(crate) fn answer(
        &self,
        cx: &Context<'_>,
        status: u16,
        answer: Answer<'_>,
    ) -> Result<Response, Error> {
        send_answer(cx, status, &self.redirect_uri, self.state.as_deref(), answer)
    }

    /// Encrypts the request. It can be opened in the same context only, until it expires.
    pub(crate) fn seal(&self, cx: &Context<'_>, context: &str) -> Result<String, Error> {
        seal(cx, context, self)
    }

    /// Decrypts a request; `None` if it is not one of this context, or has expired.
    pub(crate) fn open(cx: &Context<'_>, context: &str, sealed: &str) -> Option<Self> {
        open::<Self>(cx, context, sealed).filter(|request| !request.has_expired(cx.now()))
    }

    /// Returns whether the request has expired.
    pub(crate) fn has_expired(&self, now: Timestamp) -> bool {
        self.expires_at <= now.seconds()
    }
}

/// Encrypts what a browser brings back.
pub(crate) fn seal(cx: &Context<'_>, context: &str, value: &impl Serialize) -> Result<String, Error> {
    let plain = serde_json::to_vec(value).map_err(|_| Error::internal("a request cannot be sealed"))?;
    let sealed = cx.secrets().seal(Purpose::OauthFlow, context.as_bytes(), &plain)?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(sealed))
}

/// Decrypts what a browser has brought back; `None` if it was not sealed in this context.
pub(crate) fn open<T: serde::de::DeserializeOwned>(
    cx: &Context<'_>,
    context: &str,
    sealed: &str,
) -> Option<T> {
    let sealed = BASE64_URL_SAFE_NO_PAD.decode(sealed).ok()?;
    serde_json::from_slice(&cx.secrets().open(Purpose::OauthFlow, context.as_bytes(), &sealed)?).ok()
}

/// Returns the challenge of PKCE; `None` if there is none. Only hashes are taken: whoever reads a plain one can use the code.
fn challenge(parameters: &Parameters) -> Result<Option<String>, (&'static str, &'static str)> {
    const EXPECTED: &str =
        "The code_challenge is a SHA-256 hash in base64url, and the code_challenge_method is S256.";
    match (parameters.get("code_challenge"), parameters.get("code_challenge_method")) {
        (None, None) => Ok(None),
        (Some(challenge), Some("S256")) if is_challenge(challenge) => Ok(Some(challenge.to_owned())),
        _ => Err(("invalid_request", EXPECTED)),
    }
}

/// Returns the challenge of a verifier (RFC 7636 §4.2, `S256`).
pub(crate) fn challenge_of(verifier: &str) -> String {
    BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, verifier.as_bytes()))
}

fn is_challenge(challenge: &str) -> bool {
    challenge.len() == CHALLENGE_LENGTH
        && challenge.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_'))
}

/// Returns the redirection to the app with an answer, the state, and the issuer (RFC 9207).
pub(crate) fn send_answer(
    cx: &Context<'_>,
    status: u16,
    redirect_uri: &str,
    state: Option<&str>,
    answer: Answer<'_>,
) -> Result<Response, Error> {
    let mut url = Url::parse(redirect_uri).map_err(|_| Error::internal("a redirect URI is not a URL"))?;
    {
        let mut query = url.query_pairs_mut();
        match answer {
            Answer::Code(code) => query.append_pair("code", code),
            Answer::Error(error, description) => {
                query.append_pair("error", error).append_pair("error_description", description)
            }
        };
        if let Some(state) = state {
            query.append_pair("state", state);
        }
        query.append_pair("iss", cx.issuer());
    }
    Ok(redirect(status, url.into()))
}

/// Returns the URL of the consent page for a sealed request.
pub(crate) fn consent_url(cx: &Context<'_>, sealed: &str) -> String {
    format!("{}/oauth/consent?request={sealed}", cx.issuer())
}

/// Returns the host of a redirect URI, or its scheme if it leads to an app: whoever owns the scheme gets the answer.
pub(crate) fn destination(uri: &str) -> String {
    let Ok(url) = Url::parse(uri) else { return uri.to_owned() };
    match (url.host_str(), url.port()) {
        _ if !matches!(url.scheme(), "http" | "https") => format!("{}:", url.scheme()),
        (Some(host), Some(port)) => format!("{host}:{port}"),
        (host, _) => host.unwrap_or_default().to_owned(),
    }
}
