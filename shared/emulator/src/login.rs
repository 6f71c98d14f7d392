//! The pages of an issuer on which users sign in, by the authorization code flow of OpenID Connect (Core §3.1).
//!
//! Nobody has a password: whoever sees the page chooses who they are.

use std::{
    collections::BTreeMap,
    fmt,
    sync::{Arc, Mutex, PoisonError},
};

use aws_lc_rs::digest::{SHA256, digest};
use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use maud::html;
use padron_domain::Clock;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use url::{Url, form_urlencoded};

use crate::{Issuer, WebServer, html_page};

/// A user who can sign in.
#[derive(Clone, Debug)]
pub struct LoginUser {
    /// The subject of the user's tokens.
    pub id: String,
    /// The name of the user.
    pub name: String,
    /// The verified e-mail address of the user.
    pub email: String,
}

/// Signs an ID token with these claims, or with others.
pub type SignIdToken = fn(&Issuer, &Value) -> String;

/// A web server with the endpoints of an issuer. It is stopped when it is dropped.
#[derive(Debug)]
pub struct LoginServer {
    server: WebServer,
    shared: Arc<Shared>,
}

struct Shared {
    issuer: Arc<Issuer>,
    users: Vec<LoginUser>,
    clock: Clock,
    codes: Mutex<BTreeMap<String, Query>>,
    sign: Mutex<SignIdToken>,
}

/// Omits the codes.
impl fmt::Debug for Shared {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Shared").field("issuer", &self.issuer.name).finish_non_exhaustive()
    }
}

/// The parameters of a request.
type Query = BTreeMap<String, String>;

/// The parameter with the id of the user who was chosen.
pub const SIGN_IN_AS: &str = "sign_in_as";

impl LoginServer {
    /// The id of the client that may ask users to sign in.
    pub const CLIENT_ID: &str = "padron";
    /// The secret of this client.
    pub const CLIENT_SECRET: &str = "the secret of a local client";

    /// Starts a server on a socket, with users among whom the page offers to choose.
    pub fn on(listener: TcpListener, issuer: Arc<Issuer>, users: Vec<LoginUser>, clock: Clock) -> Self {
        let (codes, sign) = (Mutex::default(), Mutex::new(sign_id_token as SignIdToken));
        let shared = Arc::new(Shared { issuer, users, clock, codes, sign });
        let state = shared.clone();
        let server = WebServer::on(listener, move |request| respond(state.clone(), request));
        Self { server, shared }
    }

    /// Starts a server on a free port.
    pub async fn start(issuer: Arc<Issuer>, clock: Clock) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port");
        Self::on(listener, issuer, Vec::new(), clock)
    }

    /// Returns the environment variables of functions whose users sign in here.
    pub fn environment(&self) -> [(&'static str, String); 3] {
        [
            ("LOGIN_CLIENT_ID", Self::CLIENT_ID.into()),
            ("LOGIN_CLIENT_SECRET", Self::CLIENT_SECRET.into()),
            ("LOGIN_DISCOVERY_URL", format!("http://{}{DISCOVERY}", self.server.address)),
        ]
    }

    /// Lets ID tokens be signed differently from now on.
    pub fn sign_with(&self, sign: SignIdToken) {
        *self.shared.sign.lock().unwrap_or_else(PoisonError::into_inner) = sign;
    }

    /// Returns where the issuer sends a browser that opens a URL of its page, after somebody has chosen a user there.
    pub fn choose(&self, url: &str, user: &str) -> Option<String> {
        let query = Url::parse(url).ok()?.query_pairs().into_owned().collect();
        self.shared.redirection(&query, user)
    }
}

/// Signs an ID token.
fn sign_id_token(issuer: &Issuer, claims: &Value) -> String {
    let header = json!({ "alg": issuer.key.algorithm(), "kid": issuer.key.kid, "typ": "JWT" });
    issuer.key.sign(&header, claims)
}

const DISCOVERY: &str = "/.well-known/openid-configuration";

async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let host = parts.headers.get("host").and_then(|host| host.to_str().ok()).unwrap_or_default();
    let pairs = |text: &[u8]| -> Query { form_urlencoded::parse(text).into_owned().collect() };
    match parts.uri.path() {
        DISCOVERY => answer(StatusCode::OK, "application/json", shared.metadata(host).to_string()),
        "/jwks" => answer(StatusCode::OK, "application/json", shared.issuer.jwks().to_string()),
        "/authorize" => {
            let query = pairs(parts.uri.query().unwrap_or_default().as_bytes());
            let Some(user) = query.get(SIGN_IN_AS) else {
                return answer(StatusCode::OK, "text/html; charset=utf-8", shared.page(&query));
            };
            let Some(target) = shared.redirection(&query, user) else {
                return answer(StatusCode::BAD_REQUEST, "text/plain", "A parameter is missing.".into());
            };
            let mut response = answer(StatusCode::FOUND, "text/plain", String::new());
            if let Ok(target) = target.try_into() {
                response.headers_mut().insert("location", target);
            }
            response
        }
        "/token" => {
            let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
            match shared.exchange(&pairs(&body)) {
                Some(tokens) => answer(StatusCode::OK, "application/json", tokens.to_string()),
                None => {
                    let error = json!({ "error": "invalid_grant" });
                    answer(StatusCode::BAD_REQUEST, "application/json", error.to_string())
                }
            }
        }
        _ => answer(StatusCode::NOT_FOUND, "text/plain", String::new()),
    }
}

fn answer(status: StatusCode, content_type: &'static str, body: String) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::from(body));
    *response.status_mut() = status;
    response.headers_mut().insert("content-type", http::HeaderValue::from_static(content_type));
    response
}

impl Shared {
    fn metadata(&self, host: &str) -> Value {
        json!({
            "issuer": self.issuer.name,
            "authorization_endpoint": format!("http://{host}/authorize"),
            "token_endpoint": format!("http://{host}/token"),
            "jwks_uri": format!("http://{host}/jwks"),
            "response_types_supported": ["code"],
            "subject_types_supported": ["public"],
            "id_token_signing_alg_values_supported": [self.issuer.key.algorithm()],
        })
    }

    fn page(&self, query: &Query) -> String {
        let link = |user: &str| {
            let mut link = form_urlencoded::Serializer::new("/authorize?".to_owned());
            link.extend_pairs(query).append_pair(SIGN_IN_AS, user).finish()
        };
        let content = html! {
            h1 { "Sign in as" }
            @for LoginUser { id, name, email } in &self.users {
                a href=(link(id)) { (name) small { (email) } }
            }
            p { "This page stands for the one of your issuer. It exists on this machine only." }
        };
        html_page("Sign in", STYLE, &content)
    }

    /// Keeps what a user has signed in for, and returns where the browser goes with the code; `None` if a parameter is missing.
    fn redirection(&self, query: &Query, user: &str) -> Option<String> {
        let code = uuid::Uuid::new_v4().to_string();
        let mut target = Url::parse(query.get("redirect_uri")?).ok()?;
        target
            .query_pairs_mut()
            .append_pair("code", &code)
            .append_pair("state", query.get("state")?)
            .append_pair("iss", &self.issuer.name);
        let mut kept = query.clone();
        kept.insert(SIGN_IN_AS.into(), user.to_owned());
        self.codes.lock().unwrap_or_else(PoisonError::into_inner).insert(code, kept);
        Some(target.into())
    }

    /// Exchanges a code for an ID token; `None` if the request does not belong to the one before.
    fn exchange(&self, form: &Query) -> Option<Value> {
        let asked = self.codes.lock().unwrap_or_else(PoisonError::into_inner).remove(form.get("code")?)?;
        let challenge =
            BASE64_URL_SAFE_NO_PAD.encode(digest(&SHA256, form.get("code_verifier")?.as_bytes()).as_ref());
        let is_same = asked.get("code_challenge") == Some(&challenge)
            && asked.get("redirect_uri") == form.get("redirect_uri")
            && asked.get("client_id") == form.get("client_id");
        if !is_same {
            return None;
        }
        let id = asked.get(SIGN_IN_AS)?;
        let user = self.users.iter().find(|user| user.id == *id);
        let mut claims = self.issuer.claims(id, self.clock.now().seconds(), 300);
        claims["aud"] = json!(asked.get("client_id"));
        claims["nonce"] = json!(asked.get("nonce"));
        if let Some(LoginUser { name, email, .. }) = user {
            claims["name"] = json!(name);
            claims["email"] = json!(email);
            claims["email_verified"] = json!(true);
        }
        let sign = *self.sign.lock().unwrap_or_else(PoisonError::into_inner);
        Some(
            json!({ "access_token": "none", "token_type": "Bearer", "id_token": sign(&self.issuer, &claims) }),
        )
    }
}

const STYLE: &str = "\
main{width:min(24rem,92vw)}p{color:#59636e;font-size:.875rem}\
a{display:block;margin:.5rem 0;padding:.6rem 1rem;border:1px solid #d5d9de;border-radius:.5rem;background:#fff;color:inherit;text-decoration:none;font-weight:600}\
small{display:block;color:#59636e;font-weight:400}";
