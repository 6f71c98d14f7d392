//! The demo's OAuth app: a client without a secret, whose page shows what it gets.

use http::{Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use maud::html;
use padron_domain::{Actor, Authority, ClientType, Event, EventData, OauthApp, OauthClientId, Scope, Scopes};
use padron_emulator::{WebServer, html_page};
use padron_http::BASE_PATH;
use padron_store::{OauthAppWithGate, Secrets, Store, TransactionError};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use super::{ACME, OWNER, explain, organization, user};

/// The id of the app.
pub const CLIENT_ID: &str = "app_0195b2f35e7f7b8c9d0e1f2a3b4c5d6f";
/// The verifier and the challenge of the app's requests: the example of RFC 7636, appendix B.
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
/// The redirect URI of the app. The page listens on another port each time (RFC 8252 §7.3).
const REDIRECT_URI: &str = "http://localhost/callback";
/// What the app asks for.
const SCOPES: Scopes = Scopes::of(&[Scope::ReadUser, Scope::ReadOrganization, Scope::ReadCustomers]);

/// Writes the app of Acme Corp, if the organization never had one. Returns whether the app exists.
pub async fn load(store: &Store, secrets: &Secrets) -> Result<bool, String> {
    let known = store.oauth_client(id()).await.map_err(|error| explain(&error))?;
    let registry = store.oauth_app_registry(organization(ACME)).await.map_err(|error| explain(&error))?;
    let membership =
        store.membership(organization(ACME), user(OWNER)).await.map_err(|error| explain(&error))?;
    let (0, Some(owner)) = (registry.version, membership) else { return Ok(known.is_some()) };
    let app = app();
    let created_at = app.created_at;
    let mut registry = registry.next_version();
    registry.add(app.id).map_err(|failure| failure.message().to_owned())?;
    let created = EventData::OauthAppCreated { client_id: app.id, scopes: app.scopes };
    let event = Event::new(organization(ACME), Actor::User(user(OWNER)), created_at, created);
    let client = OauthAppWithGate::new(app, &[], secrets).map_err(|error| explain(&error))?;
    let transaction = store.create_oauth_app(&client, &registry, &Authority::Membership(owner), &event);
    match transaction.map_err(|error| explain(&error))?.commit().await {
        Ok(()) | Err(TransactionError::Refused(_) | TransactionError::Outdated) => Ok(true),
        Err(TransactionError::Failed(error)) => Err(explain(&error)),
    }
}

fn id() -> OauthClientId {
    OauthClientId::parse(CLIENT_ID).expect("the demo's ids are ids")
}

fn app() -> OauthApp {
    let created_at = id().timestamp().expect("an id that sorts by time");
    OauthApp {
        id: id(),
        organization: Some(organization(ACME)),
        version: 1,
        name: "Demo app".into(),
        description: Some("Shows what an app gets when you allow it.".into()),
        redirect_uris: vec![REDIRECT_URI.into()],
        scopes: SCOPES,
        client_type: ClientType::Public,
        is_untyped: false,
        created_by: Actor::User(user(OWNER)),
        created_at,
        updated_at: created_at,
        previous_secret_ends_at: None,
        document: None,
        expires_at: None,
    }
}

/// The page of the app, on a port of this machine. It is stopped when this is dropped.
#[derive(Debug)]
pub struct DemoApp {
    server: WebServer,
    api: String,
}

impl DemoApp {
    /// Starts the page on a socket, for an API on a port of this machine.
    pub fn on(listener: TcpListener, api_port: u16) -> Self {
        let api = format!("http://localhost:{api_port}{BASE_PATH}");
        let state = api.clone();
        let server = WebServer::on(listener, move |request| {
            let response = respond(&state, &request);
            async { response }
        });
        Self { server, api }
    }

    /// Returns the URL at which a user allows the app to act for them.
    pub fn authorization_url(&self) -> String {
        let mut query = form_urlencoded::Serializer::new(String::new());
        query
            .append_pair("response_type", "code")
            .append_pair("client_id", CLIENT_ID)
            .append_pair("redirect_uri", &redirect_uri(self.server.address.port()))
            .append_pair("scope", &SCOPES.to_string())
            .append_pair("code_challenge", CHALLENGE)
            .append_pair("code_challenge_method", "S256");
        format!("{}/oauth/authorize?{}", self.api, query.finish())
    }
}

/// Returns the redirect URI with the port of the page.
fn redirect_uri(port: u16) -> String {
    REDIRECT_URI.replacen("localhost", &format!("localhost:{port}"), 1)
}

/// Returns the page for an answer of the authorization endpoint.
fn respond(api: &str, request: &Request<Incoming>) -> Response<Full<Bytes>> {
    let host = request.headers().get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let url = Url::parse(&format!("http://{host}{}", request.uri()));
    let Some(url) = url.ok().filter(|url| url.path() == "/callback") else {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_FOUND;
        return response;
    };
    let get = |name: &str| url.query_pairs().find(|(known, _)| known == name).map(|(_, value)| value);
    let form = |code: &str| {
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("client_id", CLIENT_ID)
            .append_pair("code", code)
            .append_pair("redirect_uri", &redirect_uri(url.port().unwrap_or(80)))
            .append_pair("code_verifier", VERIFIER);
        form.finish()
    };
    let content = html! {
        h1 { "Demo app" }
        @if let Some(code) = get("code") {
            p { "You have allowed it. The app got a code, which it exchanges for tokens within a minute:" }
            pre { "curl -X POST " (api) "/oauth/token -d '" (form(&code)) "'" }
            p { "GET /users/me/oauth-grants lists what you have allowed, and DELETE revokes it." }
        } @else {
            p { "The app got no code: " (get("error").unwrap_or_default()) }
            p { (get("error_description").unwrap_or_default()) }
        }
    };
    let mut response = Response::new(Full::from(html_page("Demo app", STYLE, &content)));
    let html = http::HeaderValue::from_static("text/html; charset=utf-8");
    response.headers_mut().insert("content-type", html);
    response
}

const STYLE: &str = "\
main{width:min(40rem,92vw)}\
pre{padding:.75rem 1rem;border:1px solid #d5d9de;border-radius:.5rem;background:#fff;white-space:pre-wrap;overflow-wrap:anywhere}";
