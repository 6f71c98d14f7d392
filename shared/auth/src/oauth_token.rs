//! The access tokens that Padrón's own authorization server issues (RFC 9068).

use std::sync::Arc;

use jsonwebtoken::{Algorithm, EncodingKey, Header};
use padron_domain::{Error, OauthClientId, OauthGrantId, OrganizationId, Scopes, Timestamp, UserId};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::{
    client_identifier::ClientIdentifier,
    crypto,
    failure::{INVALID_TOKEN, TOKEN_EXPIRED},
    jwks::KeySet,
    token::{self, RejectionReason, Token},
};

/// The media type of an access token (RFC 9068 §2.1), without `application/`.
const TYPE: &str = "at+jwt";
/// By how many seconds the clock of the function that issued a token may be ahead.
const MAX_CLOCK_DIFFERENCE: i64 = 5;

/// The installation's own authorization server, as the verification of tokens needs it.
pub trait AuthorizationServer: Sync {
    /// Returns the exact `iss` of its tokens.
    fn issuer(&self) -> &str;

    /// Returns its public keys, among which the one with this `kid` is, if it has that key.
    fn keys(&self, kid: &str) -> impl Future<Output = Result<Arc<KeySet>, Error>> + Send;
}

/// An access token of an OAuth app.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct OauthToken {
    /// The id of the token (`jti`).
    pub id: Uuid,
    /// The app.
    pub client: OauthClientId,
    /// The URL of the document that describes the app, which is its `client_id`; `None` if that is the id.
    pub client_url: Option<String>,
    /// The grant of the app that the token was issued for.
    pub grant: Uuid,
    /// The user for whom the app acts; `None` if it acts for itself.
    pub user: Option<UserId>,
    /// The only organization that the token is valid for.
    pub organization: OrganizationId,
    /// The scopes of the token.
    pub scopes: Scopes,
    /// The URL of the API, or a URL below it: the requests that the token is valid for (RFC 8707).
    pub audience: String,
    /// When the token was issued, in seconds since 1970.
    pub issued_at: i64,
    /// When the token expires, in seconds since 1970.
    pub expires_at: i64,
}

/// The claims of a token. All of them are required, and each has one type.
#[derive(Serialize, Deserialize)]
struct OauthClaims {
    iss: String,
    aud: String,
    /// The user, or the client if it acts for itself (RFC 9068 §2.2).
    sub: String,
    client_id: String,
    scope: String,
    iat: i64,
    exp: i64,
    jti: Uuid,
    /// The grant.
    gid: Uuid,
    /// The organization.
    org: OrganizationId,
}

impl OauthToken {
    /// The lifetime of a token, in seconds.
    pub const LIFETIME: i64 = 3600;

    /// Returns the id of the grant that the token was issued for.
    pub fn grant_id(&self) -> OauthGrantId {
        OauthGrantId { client: self.client, grant: self.grant }
    }

    /// Returns the `client_id` of the app.
    pub fn client_id(&self) -> String {
        self.client_url.clone().unwrap_or_else(|| self.client.to_string())
    }

    /// Returns the subject: the user, or the client if it acts for itself.
    pub fn subject(&self) -> String {
        self.user.map_or_else(|| self.client_id(), |user| user.to_string())
    }

    /// Returns when the token expires.
    pub fn expires_at(&self) -> Timestamp {
        Timestamp::from_millis(self.expires_at.saturating_mul(1000)).unwrap_or(Timestamp::LATEST)
    }

    /// Returns the path below the API's URL that the token is valid for; empty if it is valid for all of it.
    pub fn audience_path(&self, issuer: &str) -> &str {
        self.audience.strip_prefix(issuer).unwrap_or_default()
    }

    /// Verifies a token that names `issuer` as its issuer, with the keys of that issuer.
    pub(crate) fn verify(
        token: &Token<'_>,
        issuer: &str,
        keys: &KeySet,
        now: Timestamp,
    ) -> Result<Self, Error> {
        let refuse = |why: RejectionReason| Error::from(INVALID_TOKEN).with_cause(why);
        if !token.header.is_access_token() || token.header.alg != "RS256" {
            return Err(refuse("not of the form of this server's tokens"));
        }
        token::check_signature(token, keys).map_err(refuse)?;
        let claims: OauthClaims = serde_json::from_slice(&token.payload)
            .map_err(|_| refuse("a claim is missing, given twice or of the wrong type"))?;
        let token = Self::from_claims(claims, issuer).map_err(refuse)?;
        if token.issued_at > now.seconds() + MAX_CLOCK_DIFFERENCE {
            return Err(refuse("issued in the future"));
        }
        if token.expires_at <= now.seconds() {
            return Err(TOKEN_EXPIRED.into());
        }
        Ok(token)
    }

    fn from_claims(claims: OauthClaims, issuer: &str) -> Result<Self, RejectionReason> {
        let OauthClaims { iss, aud, sub, client_id, scope, iat, exp, jti, gid, org } = claims;
        if iss != issuer {
            return Err("another issuer");
        }
        let is_ours = aud.strip_prefix(issuer).is_some_and(|path| path.is_empty() || path.starts_with('/'));
        if !is_ours {
            return Err("made for another audience");
        }
        let identifier = ClientIdentifier::parse(&client_id).ok_or("not a client's identifier")?;
        let user = if sub == client_id {
            None
        } else {
            Some(UserId::parse(&sub).ok_or("the subject is neither a user nor the client")?)
        };
        Ok(Self {
            id: jti,
            client: identifier.app_id(),
            client_url: identifier.url().map(ToOwned::to_owned),
            grant: gid,
            user,
            organization: org,
            scopes: Scopes::parse(&scope).ok_or("a scope is unknown")?,
            audience: aud,
            issued_at: iat,
            expires_at: exp,
        })
    }
}

/// The key that signs access tokens.
#[derive(Clone)]
pub struct TokenSigner {
    kid: Arc<str>,
    key: EncodingKey,
}

/// Omits the key.
impl std::fmt::Debug for TokenSigner {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "TokenSigner({})", self.kid)
    }
}

impl TokenSigner {
    /// Creates a signer with an RSA key in DER (PKCS #8). Fails if the document has no such key.
    pub fn new(kid: &str, pkcs8: &[u8]) -> Result<Self, Error> {
        crypto::install();
        crypto::rsa_key(pkcs8).ok_or_else(|| Error::internal("a signing key cannot be read"))?;
        Ok(Self { kid: kid.into(), key: EncodingKey::from_rsa_der(pkcs8) })
    }

    /// Returns the id of the key.
    pub fn kid(&self) -> &str {
        &self.kid
    }

    /// Returns the text of a token, signed.
    pub fn sign(&self, issuer: &str, token: &OauthToken) -> Result<String, Error> {
        let mut header = Header::new(Algorithm::RS256);
        header.typ = Some(TYPE.into());
        header.kid = Some(self.kid.to_string());
        let claims = OauthClaims {
            iss: issuer.into(),
            aud: token.audience.clone(),
            sub: token.subject(),
            client_id: token.client_id(),
            scope: token.scopes.to_string(),
            iat: token.issued_at,
            exp: token.expires_at,
            jti: token.id,
            gid: token.grant,
            org: token.organization,
        };
        jsonwebtoken::encode(&header, &claims, &self.key)
            .map_err(|_| Error::internal("an access token could not be signed"))
    }
}
