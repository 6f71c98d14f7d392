//! Documents that describe clients (OAuth Client ID Metadata Document, draft-ietf-oauth-client-id-metadata-document).
//!
//! The `client_id` of such a client is the URL of its document, which is read when a user is asked, and then kept for a while.

use std::time::Duration;

use http::{HeaderMap, HeaderValue, Method, header};
use padron_auth::ClientIdentifier;
use padron_domain::{ClientDocument, Error, Failure, OauthApp, RateLimit, Timestamp};
use padron_http::{Context, decode_json};
use padron_outbound::{Client, Request, Response, Target, Targets};
use padron_store::{OauthAppWithGate, RateSubject};
use serde::Deserialize;
use url::Url;

use crate::{
    client,
    client_metadata::{AuthenticationMethod, ClientDescription, ClientMetadata},
};

/// The maximum size of a document, in bytes.
const MAX_DOCUMENT_SIZE: usize = 5 * 1024;
/// The timeout of reading a document. A user waits for it.
const TIME_LIMIT: Duration = Duration::from_secs(5);
/// The minimum time for which a document is fresh (RFC 9111 §4.2), whatever its server says.
const MIN_FRESHNESS: Duration = Duration::from_secs(5 * 60);
/// The maximum time for which a document is fresh.
const MAX_FRESHNESS: Duration = Duration::from_secs(24 * 60 * 60);
/// The maximum number of documents that are read for one network.
const LIMIT: RateLimit = RateLimit { limit: 30, period: 60 };

/// A document: the metadata of a client, and its `client_id`.
#[derive(Deserialize)]
struct Document {
    client_id: String,
    client_secret: Option<serde_json::Value>,
    client_secret_expires_at: Option<serde_json::Value>,
    #[serde(flatten)]
    metadata: ClientMetadata,
}

/// Returns the client whose document has this URL. The document is read if it has not been for a while.
///
/// Returns `None` if there is no document that describes a client. The log says why.
pub(crate) async fn find(
    cx: &Context<'_>,
    identifier: &ClientIdentifier,
    url: &str,
) -> Result<Option<OauthAppWithGate>, Error> {
    let refused = |why: &str| {
        cx.note_cause(format!("the client's document cannot be used: {why}"));
        Ok(None)
    };
    let Some(target) = target(cx, url) else { return refused("the URL cannot be that of a document") };
    let known = cx.store().oauth_client(identifier.app_id()).await?;
    if let Some(known) = &known
        && is_fresh(&known.stored.app, url, cx.now())
    {
        return Ok(Some(known.clone()));
    }
    let network = RateSubject::address("oauth-authorize document", &cx.request.source_network());
    cx.count_other_request(&network, LIMIT).await?;
    match read(cx, &target).await {
        Ok((description, freshness)) => {
            let mut app = description.app(identifier.app_id(), cx.now());
            let fresh_until = cx.now().plus(freshness);
            app.document = Some(ClientDocument { url: url.to_owned(), fresh_until });
            store_client(cx, known, app).await.map(Some)
        }
        Err(why) => refused(&why),
    }
}

/// Returns whether an app is what its document says.
fn is_fresh(app: &OauthApp, url: &str, now: Timestamp) -> bool {
    let is_current = |document: &ClientDocument| document.url == url && now < document.fresh_until;
    !app.has_expired(now) && app.document.as_ref().is_some_and(is_current)
}

/// Stores what a document says of a client. `known` is what is stored of it, which may have expired. Fails if it has changed meanwhile, so
/// that the request is decided again.
async fn store_client(
    cx: &Context<'_>,
    known: Option<OauthAppWithGate>,
    app: OauthApp,
) -> Result<OauthAppWithGate, Error> {
    let (client, is_written) = match known {
        None => {
            client::count_new_client(cx).await?;
            let client = OauthAppWithGate::new(app, &[], cx.secrets())?;
            let is_written = cx.store().create_dynamic_client(&client, cx.now()).await?;
            (client, is_written)
        }
        Some(known) => {
            let app = known.stored.app.redescribed(app, cx.now());
            let client = known.with_app(app, cx.secrets())?;
            let is_written = cx.store().replace_dynamic_client(&client).await?;
            (client, is_written)
        }
    };
    if is_written { Ok(client) } else { Err(Failure::CONCURRENT_CHANGE.into()) }
}

/// Reads a document, and returns what it says, and for how long it is fresh. The error is a text for the log.
async fn read(cx: &Context<'_>, target: &Target) -> Result<(ClientDescription, Duration), String> {
    let client = cx.environment().get_or_create(|| {
        Client::new(targets(cx)).map_err(|_| Error::internal("the system has no trust store"))
    });
    let client = client.map_err(|error| error.cause().unwrap_or_default().to_owned())?;
    let headers = [(header::ACCEPT, "application/json"), (header::USER_AGENT, "padron")];
    let headers: HeaderMap =
        headers.into_iter().map(|(name, value)| (name, HeaderValue::from_static(value))).collect();
    let request = Request { method: Method::GET, headers, body: Vec::new().into() };
    let time_limit = TIME_LIMIT.min(cx.deadline().saturating_duration_since(tokio::time::Instant::now()));
    let response = client.send(target, request, time_limit).await.map_err(|failure| failure.name())?;
    let description = describe(target.url().as_str(), &response)?;
    Ok((description, freshness(&response.headers)))
}

/// Returns which URLs documents may have: the same as webhooks.
fn targets(cx: &Context<'_>) -> Targets {
    Targets::of(cx.options().allows_local_targets)
}

/// Returns the target of a URL; `None` if it cannot be that of a document.
///
/// It has a path, and is written as it is serialized, so that no two texts lead to the same document. It does not lead to this server,
/// which would call itself.
fn target(cx: &Context<'_>, url: &str) -> Option<Target> {
    let target = Target::parse(url, targets(cx)).ok()?;
    let own = Url::parse(cx.issuer()).ok()?;
    let is_own = target.url().origin() == own.origin();
    (target.url().as_str() == url && target.url().path() != "/" && !is_own).then_some(target)
}

/// Returns what a document says of the client with this URL.
fn describe(url: &str, response: &Response) -> Result<ClientDescription, String> {
    if response.status != 200 {
        return Err(format!("status {}", response.status));
    }
    if response.body.len() > MAX_DOCUMENT_SIZE {
        return Err("it is too long".into());
    }
    if !response.is_complete {
        return Err("it was cut off".into());
    }
    let content_type = response.headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let media_type = content_type.unwrap_or_default().split(';').next().unwrap_or_default().trim();
    if !(media_type.eq_ignore_ascii_case("application/json") || media_type.ends_with("+json")) {
        return Err("it is not JSON".into());
    }
    let document: Document = decode_json(&response.body).map_err(|_| "it is not a client's")?;
    if document.client_id != url {
        return Err("it has another client_id".into());
    }
    if document.client_secret.is_some() || document.client_secret_expires_at.is_some() {
        return Err("it has a secret".into());
    }
    let checked = document.metadata.check(AuthenticationMethod::None).map_err(|error| {
        let violation = error.violations().first().map(|violation| violation.detail.clone());
        violation.unwrap_or_else(|| error.failure().detail().to_owned())
    });
    checked.and_then(|description| {
        if description.is_public() {
            Ok(description)
        } else {
            Err("its authentication needs a secret".into())
        }
    })
}

/// Returns for how long a document is fresh (RFC 9111 §5.2.2.1), within the limits.
fn freshness(headers: &HeaderMap) -> Duration {
    let directives = headers.get_all(header::CACHE_CONTROL).iter().filter_map(|value| value.to_str().ok());
    let directives: Vec<String> =
        directives.flat_map(|value| value.split(',')).map(|one| one.trim().to_ascii_lowercase()).collect();
    let is_forbidden = directives.iter().any(|one| matches!(one.as_str(), "no-store" | "no-cache"));
    let age = directives.iter().find_map(|one| one.strip_prefix("max-age=")?.parse().ok());
    let age = age.filter(|_| !is_forbidden).map_or(MIN_FRESHNESS, Duration::from_secs);
    age.clamp(MIN_FRESHNESS, MAX_FRESHNESS)
}
