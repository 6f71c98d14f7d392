//! The exchange of a sign-in's authorization code at the operator's issuer (OpenID Connect Core §3.1.3).

use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{
    Request, StatusCode,
    header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE},
};
use http_body_util::Full;
use hyper::body::Bytes;
use padron_domain::Error;
use serde::Deserialize;
use tokio::time::Instant;

use crate::fetcher::Fetcher;

/// The maximum size of the response, in bytes.
const MAX_RESPONSE_SIZE: usize = 64 * 1024;

/// A request that exchanges an authorization code for an ID token.
#[derive(Clone, Copy)]
pub struct TokenRequest<'a> {
    /// The URL of the issuer's token endpoint.
    pub url: &'a str,
    /// The id of this server as a client of the issuer.
    pub client_id: &'a str,
    /// The secret of this client; `None` if it has none.
    pub client_secret: Option<&'a str>,
    /// The code.
    pub code: &'a str,
    /// The redirect URI to which the code was sent.
    pub redirect_uri: &'a str,
    /// The verifier of PKCE.
    pub verifier: &'a str,
}

/// Omits secret, code and verifier.
impl std::fmt::Debug for TokenRequest<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("TokenRequest").field("url", &self.url).finish_non_exhaustive()
    }
}

/// The part of the response that is read. The access token is not.
#[derive(Deserialize)]
struct TokenResponse {
    id_token: String,
}

impl TokenRequest<'_> {
    /// Sends the request, and returns the ID token, which is not yet verified; `None` if the issuer refuses.
    pub async fn send(&self, deadline: Instant) -> Result<Option<String>, Error> {
        let request =
            self.request().map_err(|_| Error::unavailable("the issuer's token endpoint is not a URL"))?;
        let unavailable = |why| Error::unavailable(format!("the issuer's token endpoint: {why}"));
        let (status, body) =
            Fetcher::default().send(request, MAX_RESPONSE_SIZE, deadline).await.map_err(unavailable)?;
        match status {
            StatusCode::OK => {
                let response: Result<TokenResponse, _> = serde_json::from_slice(&body);
                Ok(response.ok().map(|response| response.id_token))
            }
            StatusCode::BAD_REQUEST => Ok(None),
            status => Err(unavailable(format!("status {}", status.as_u16()))),
        }
    }

    fn request(&self) -> Result<Request<Full<Bytes>>, http::Error> {
        let Self { url, client_id, client_secret, code, redirect_uri, verifier } = *self;
        let mut form = form_urlencoded::Serializer::new(String::new());
        form.append_pair("grant_type", "authorization_code")
            .append_pair("code", code)
            .append_pair("redirect_uri", redirect_uri)
            .append_pair("code_verifier", verifier)
            .append_pair("client_id", client_id);
        let mut request = Request::post(url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(ACCEPT, "application/json");
        if let Some(secret) = client_secret {
            let encode = |text: &str| form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
            let credentials = BASE64_STANDARD.encode(format!("{}:{}", encode(client_id), encode(secret)));
            request = request.header(AUTHORIZATION, format!("Basic {credentials}"));
        }
        request.body(Full::from(form.finish()))
    }
}
