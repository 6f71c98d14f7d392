//! Verification of access tokens.

use std::{sync::Arc, time::Duration};

use padron_domain::{Error, OrganizationId, Timestamp};
use tokio::time::Instant;

use crate::{
    cache::{self, TokenIssuer, Verified, VerifiedTokens},
    claims::{ClaimProblem, Claims},
    crypto,
    failure::{INVALID_TOKEN, TOKEN_EXPIRED},
    issuer::{Audience, Issuer, KeySource},
    jwks::KeySet,
    oauth_token::{AuthorizationServer, OauthToken},
    principal::{Credential, User},
    remote::{RemoteDocument, Source},
    token::{RejectionReason, Token, check_signature},
};

/// A verifier of access tokens from trusted issuers.
#[derive(Debug)]
pub struct Verifier {
    issuers: Vec<TrustedIssuer>,
    verified: VerifiedTokens,
}

/// An issuer that the verifier trusts.
#[derive(Debug)]
struct TrustedIssuer {
    name: String,
    audience: Audience,
    keys: Keys,
    organization_claim: Option<String>,
}

/// The keys of an issuer.
#[derive(Debug)]
enum Keys {
    Inline(Arc<KeySet>),
    Remote(Box<RemoteDocument<KeySet>>),
}

/// The key sets of issuers.
const KEY_SETS: Source<KeySet> = Source {
    name: "the issuer's keys",
    parse: |document| KeySet::parse(document).map_err(|why| why.to_string()),
    refresh_interval: Duration::from_secs(60),
    retry_interval: Duration::from_secs(2),
    fresh_for: Duration::from_secs(15 * 60),
    usable_for: Duration::from_secs(24 * 60 * 60),
};

impl Verifier {
    /// Creates a verifier that trusts these issuers. It does not fetch any keys yet.
    pub fn new(issuers: impl IntoIterator<Item = Issuer>) -> Self {
        crypto::install();
        let trusted = |Issuer { name, audience, keys, organization_claim }| TrustedIssuer {
            name,
            audience,
            organization_claim,
            keys: match keys {
                KeySource::Inline(keys) => Keys::Inline(Arc::new(keys)),
                KeySource::Url(url) => Keys::Remote(Box::new(RemoteDocument::new(url, KEY_SETS))),
            },
        };
        Self { issuers: issuers.into_iter().map(trusted).collect(), verified: VerifiedTokens::default() }
    }

    /// Verifies a token and returns the credential that it is at `now`. Waits for an issuer's keys until `deadline` at most. `server` is
    /// asked for its keys only if it has issued the token.
    pub async fn verify(
        &self,
        token: &str,
        now: Timestamp,
        deadline: Instant,
        server: &impl AuthorizationServer,
    ) -> Result<Credential, Error> {
        let hash = cache::hash(token);
        if let Some(known) = self.verified.get(&hash, now) {
            // The key set is requested for a cached token too. A key set that is due is fetched, and one that changed is another
            // one.
            let keys = match known.issuer {
                TokenIssuer::Trusted(index) => self.issuers[index].keys(&known.kid, now, deadline).await?,
                TokenIssuer::Own => server.keys(&known.kid).await?,
            };
            if Arc::ptr_eq(&keys, &known.keys) {
                return Ok(known.credential);
            }
            self.verified.clear();
        }
        let verified = self.verify_uncached(token, now, deadline, server).await?;
        self.verified.insert(hash, verified.clone());
        Ok(verified.credential)
    }

    /// Verifies a token without the cache.
    async fn verify_uncached(
        &self,
        token: &str,
        now: Timestamp,
        deadline: Instant,
        server: &impl AuthorizationServer,
    ) -> Result<Verified, Error> {
        let refuse = |why: RejectionReason| Error::from(INVALID_TOKEN).with_cause(why);
        let token = Token::parse(token).map_err(refuse)?;
        // The claims are read before the signature is checked, because the issuer determines the keys. They are not used for
        // anything else before.
        let claims = Claims::parse(&token.payload).map_err(refuse)?;
        let issuer = self.issuers.iter().position(|issuer| issuer.name == claims.iss);
        let Some(index) = issuer else {
            if claims.iss != server.issuer() {
                return Err(refuse("an issuer that is not trusted"));
            }
            let keys = server.keys(&token.header.kid).await?;
            let oauth = OauthToken::verify(&token, server.issuer(), &keys, now)?;
            return Ok(Verified {
                until: oauth.expires_at(),
                credential: Credential::Oauth(Box::new(oauth)),
                issuer: TokenIssuer::Own,
                kid: token.header.kid,
                keys,
            });
        };
        let issuer = &self.issuers[index];
        let keys = issuer.keys(&token.header.kid, now, deadline).await?;
        check_signature(&token, &keys).map_err(refuse)?;
        let organization = issuer.organization(&token.payload).map_err(refuse)?;
        let until = claims.expires_at();
        let user =
            claims.user(&token.header, &issuer.audience, organization, now).map_err(|why| match why {
                ClaimProblem::Expired => TOKEN_EXPIRED.into(),
                ClaimProblem::Refused(why) => refuse(why),
            })?;
        Ok(Verified {
            credential: Credential::User(user),
            until,
            issuer: TokenIssuer::Trusted(index),
            kid: token.header.kid,
            keys,
        })
    }

    /// Verifies an ID token of the first issuer, and returns the user whom it identifies. It was issued to this client, for the sign-in with
    /// this nonce.
    pub async fn verify_id_token(
        &self,
        token: &str,
        (client_id, nonce): (&str, &str),
        now: Timestamp,
        deadline: Instant,
    ) -> Result<User, Error> {
        let refuse = |why: RejectionReason| Error::from(INVALID_TOKEN).with_cause(why);
        let token = Token::parse(token).map_err(refuse)?;
        let claims = Claims::parse(&token.payload).map_err(refuse)?;
        let issuer = self.issuers.first().filter(|issuer| issuer.name == claims.iss);
        let issuer = issuer.ok_or_else(|| refuse("an issuer that is not trusted"))?;
        if token.header.is_access_token() {
            return Err(refuse("an access token"));
        }
        let keys = issuer.keys(&token.header.kid, now, deadline).await?;
        check_signature(&token, &keys).map_err(refuse)?;
        let organization = issuer.organization(&token.payload).map_err(refuse)?;
        claims.id_token_user(client_id, nonce, organization, now).map_err(refuse)
    }

    /// Verifies a token of the installation's own authorization server, whose issuer and keys are given.
    pub fn verify_own(token: &str, issuer: &str, keys: &KeySet, now: Timestamp) -> Result<OauthToken, Error> {
        crypto::install();
        let token = Token::parse(token).map_err(|why| Error::from(INVALID_TOKEN).with_cause(why))?;
        OauthToken::verify(&token, issuer, keys, now)
    }
}

impl TrustedIssuer {
    /// Returns the only organization that a token is valid for; `None` if the issuer does not limit it.
    fn organization(&self, payload: &[u8]) -> Result<Option<OrganizationId>, RejectionReason> {
        match &self.organization_claim {
            Some(claim) => organization_claim(payload, claim),
            None => Ok(None),
        }
    }

    async fn keys(&self, kid: &str, now: Timestamp, deadline: Instant) -> Result<Arc<KeySet>, Error> {
        match &self.keys {
            Keys::Inline(keys) => Ok(keys.clone()),
            Keys::Remote(remote) => remote.with_key(|keys| keys.get(kid).is_some(), now, deadline).await,
        }
    }
}

/// Returns the organization in a claim; `None` if the claim is absent. A claim that is present and not a UUID is an error.
fn organization_claim(payload: &[u8], claim: &str) -> Result<Option<OrganizationId>, RejectionReason> {
    const WRONG: RejectionReason = "the organization's claim is not a UUID";
    let claims: serde_json::Map<String, serde_json::Value> =
        serde_json::from_slice(payload).map_err(|_| WRONG)?;
    match claims.get(claim) {
        None => Ok(None),
        Some(value) => value.as_str().and_then(OrganizationId::parse).map(Some).ok_or(WRONG),
    }
}
