//! The sessions of users on the pages of the authorization server, and the cookies that hold them.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use cookie::{Cookie, SameSite, time};
use padron_auth::User;
use padron_domain::{Error, OauthApp, Organization, OrganizationId, Session};
use padron_http::{Context, Response};
use padron_store::hex;
use ring::{
    digest::{SHA256, digest},
    hmac,
    rand::{SecureRandom, SystemRandom},
};

use crate::authorization;

/// The cookie of a session.
const SESSION: &str = "padron";
/// The cookie of a sign-in that is under way.
const LOGIN: &str = "padron-login";
/// The number of random bytes of a session's cookie, a code, a state and a nonce.
const RANDOM_LENGTH: usize = 32;

/// The organizations among which a user chooses.
pub(crate) struct Choice {
    pub(crate) organizations: Vec<Organization>,
    /// Whether the user has more.
    pub(crate) has_more: bool,
}

/// The maximum number of organizations of a user that are read to choose among.
const MAX_ORGANIZATIONS: usize = 500;
/// The number of organizations that are read at once.
const ORGANIZATIONS_PAGE: usize = 100;

/// Returns 32 random bytes in base64url.
pub(crate) fn random_text() -> Result<String, Error> {
    let mut bytes = [0; RANDOM_LENGTH];
    SystemRandom::new().fill(&mut bytes).map_err(|_| Error::internal("no random bytes"))?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(bytes))
}

/// Returns the SHA-256 hash of a text in hexadecimal digits, under which its record is stored.
pub(crate) fn hash_of(text: &str) -> String {
    hex(&digest(&SHA256, text.as_bytes()))
}

/// Returns whether the API is served on this machine without TLS, as the local stack is. Browsers then refuse `Secure` cookies.
fn is_plain(cx: &Context<'_>) -> bool {
    cx.issuer().starts_with("http://")
}

/// Returns the name of a cookie. With the prefix, browsers take it from this host alone, over TLS (RFC 6265bis §4.1.3.2).
fn cookie_name(cx: &Context<'_>, name: &str) -> String {
    if is_plain(cx) { name.to_owned() } else { format!("__Host-{name}") }
}

/// Returns the value of `Set-Cookie` for a cookie that lives for a number of seconds. With none, the browser deletes the cookie.
fn set_cookie(cx: &Context<'_>, name: &str, value: String, seconds: i64) -> String {
    Cookie::build((cookie_name(cx, name), value))
        .path("/")
        .http_only(true)
        .secure(!is_plain(cx))
        .same_site(SameSite::Lax)
        .max_age(time::Duration::seconds(seconds))
        .to_string()
}

/// A user who is signed in, with the text of the session's cookie.
pub(crate) struct SignedInSession {
    pub(crate) session: Session,
    cookie: String,
}

impl SignedInSession {
    /// Returns the session of a request; `None` if there is none, or it has ended.
    pub(crate) async fn of(cx: &Context<'_>) -> Result<Option<Self>, Error> {
        let Some(cookie) = cx.request.cookie(&cookie_name(cx, SESSION)) else { return Ok(None) };
        let session = cx.store().session(&hash_of(&cookie)).await?;
        let session = session.filter(|session| cx.now() < session.expires_at);
        Ok(session.map(|session| Self { session, cookie }))
    }

    /// Creates a session for a user who has signed in.
    pub(crate) async fn create(cx: &Context<'_>, user: User) -> Result<Self, Error> {
        let cookie = random_text()?;
        let session = Session {
            hash: hash_of(&cookie),
            user: user.id,
            email: user.email,
            name: user.name,
            organization: user.organization,
            expires_at: cx.now().plus(Session::LIFETIME),
        };
        cx.store().create_session(&session).await?;
        Ok(Self { session, cookie })
    }

    /// Returns an organization; `None` if it is deleted, or the user is not a member, or may not act in it.
    pub(crate) async fn organization(
        &self,
        cx: &Context<'_>,
        id: OrganizationId,
    ) -> Result<Option<Organization>, Error> {
        let access = cx.store().organization_access(id, self.session.user, []).await?;
        let may_act = access.membership.is_some() && self.session.may_act_in(id);
        Ok(access.organization.filter(|organization| organization.is_active() && may_act))
    }

    /// Returns the organizations in which an app can act for the user: its own, or for a dynamic client those of the user, by name.
    pub(crate) async fn organizations(&self, cx: &Context<'_>, app: &OauthApp) -> Result<Choice, Error> {
        if let Some(only) = app.organization.or(self.session.organization) {
            let organizations = self.organization(cx, only).await?.into_iter().collect();
            return Ok(Choice { organizations, has_more: false });
        }
        let mut organizations = Vec::new();
        let mut after = None;
        for _ in 0..MAX_ORGANIZATIONS / ORGANIZATIONS_PAGE {
            let page = cx
                .store()
                .memberships_with_organizations(self.session.user, after, ORGANIZATIONS_PAGE)
                .await?;
            let found = page.items.into_iter().filter_map(|found| found.organization);
            organizations.extend(found.filter(Organization::is_active));
            after = page.next.map(|last| last.entry.organization);
            if after.is_none() {
                break;
            }
        }
        organizations.sort_by_cached_key(|organization| organization.name.to_lowercase());
        Ok(Choice { organizations, has_more: after.is_some() })
    }

    /// Returns the context in which requests of this session are sealed, so that those of another session are not taken.
    pub(crate) fn context(&self) -> String {
        format!("consent {}", self.session.hash)
    }

    /// Returns what proves that a form is of a page of this session for this request.
    pub(crate) fn form_token(&self, request: &str) -> String {
        let tag = hmac::sign(&self.form_key(), request.as_bytes());
        BASE64_URL_SAFE_NO_PAD.encode(tag)
    }

    /// Returns whether a form is of a page of this session for this request.
    pub(crate) fn is_form_token(&self, request: &str, token: &str) -> bool {
        let Ok(token) = BASE64_URL_SAFE_NO_PAD.decode(token) else { return false };
        hmac::verify(&self.form_key(), request.as_bytes(), &token).is_ok()
    }

    fn form_key(&self) -> hmac::Key {
        hmac::Key::new(hmac::HMAC_SHA256, format!("form {}", self.cookie).as_bytes())
    }

    /// Adds the cookie of the session to a response, and removes that of the sign-in.
    pub(crate) fn start(&self, cx: &Context<'_>, response: Response) -> Response {
        let seconds = i64::try_from(Session::LIFETIME.as_secs()).unwrap_or_default();
        end_login(cx, response.cookie(set_cookie(cx, SESSION, self.cookie.clone(), seconds)))
    }

    /// Removes the cookie of the session from the browser.
    pub(crate) fn end(cx: &Context<'_>, response: Response) -> Response {
        response.cookie(set_cookie(cx, SESSION, String::new(), 0))
    }
}

/// Adds the cookie of a sign-in that is under way to a response. It lives for as long as the request.
pub(crate) fn set_login(cx: &Context<'_>, response: Response, sealed: String) -> Response {
    let seconds = i64::try_from(authorization::LIFETIME.as_secs()).unwrap_or_default();
    response.cookie(set_cookie(cx, LOGIN, sealed, seconds))
}

/// Removes the cookie of a sign-in that is over.
pub(crate) fn end_login(cx: &Context<'_>, response: Response) -> Response {
    response.cookie(set_cookie(cx, LOGIN, String::new(), 0))
}

/// Returns the cookie of a sign-in that is under way.
pub(crate) fn login(cx: &Context<'_>) -> Option<String> {
    cx.request.cookie(&cookie_name(cx, LOGIN))
}
