//! Verification of access tokens.

use std::{sync::Arc, time::Duration};

use jsonwebtoken::Algorithm;
use padron_domain::{Error, OrganizationId, Timestamp};
use tokio::time::Instant;

use crate::{
    cache::{self, Verified, VerifiedTokens},
    claims::{ClaimProblem, Claims},
    crypto,
    failure::{INVALID_TOKEN, TOKEN_EXPIRED},
    issuer::{Audience, Issuer, KeySource},
    jwks::KeySet,
    principal::User,
    remote::{RemoteDocument, Source},
    token::{RejectionReason, Token},
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

    /// Verifies a token and returns the user whom it identifies at `now`. Waits for an issuer's keys until `deadline` at
    /// most.
    pub async fn verify(&self, token: &str, now: Timestamp, deadline: Instant) -> Result<User, Error> {
        let hash = cache::hash(token);
        if let Some(known) = self.verified.get(&hash, now) {
            // The key set is requested for a cached token too. A key set that is due is fetched, and one that changed is another
            // one.
            let keys = self.issuers[known.issuer].keys(&known.kid, now, deadline).await?;
            if Arc::ptr_eq(&keys, &known.keys) {
                return Ok(known.user);
            }
            self.verified.clear();
        }
        let verified = self.verify_uncached(token, now, deadline).await?;
        self.verified.insert(hash, verified.clone());
        Ok(verified.user)
    }

    /// Verifies a token without the cache.
    async fn verify_uncached(
        &self,
        token: &str,
        now: Timestamp,
        deadline: Instant,
    ) -> Result<Verified, Error> {
        let refuse = |why: RejectionReason| Error::from(INVALID_TOKEN).with_cause(why);
        let token = Token::parse(token).map_err(refuse)?;
        // The claims are read before the signature is checked, because the issuer determines the keys. They are not used for
        // anything else before.
        let claims = Claims::parse(&token.payload).map_err(refuse)?;
        let issuer = self.issuers.iter().position(|issuer| issuer.name == claims.iss);
        let index = issuer.ok_or_else(|| refuse("an issuer that is not trusted"))?;
        let issuer = &self.issuers[index];
        let keys = issuer.keys(&token.header.kid, now, deadline).await?;
        check_signature(&token, &keys).map_err(refuse)?;
        let organization = match &issuer.organization_claim {
            Some(claim) => organization_claim(&token.payload, claim).map_err(refuse)?,
            None => None,
        };
        let until = claims.expires_at();
        let user =
            claims.user(&token.header, &issuer.audience, organization, now).map_err(|why| match why {
                ClaimProblem::Expired => TOKEN_EXPIRED.into(),
                ClaimProblem::Refused(why) => refuse(why),
            })?;
        Ok(Verified { user, until, issuer: index, kid: token.header.kid, keys })
    }
}

impl TrustedIssuer {
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

/// Checks the signature. The key determines the algorithm, and a token that names another one is rejected.
fn check_signature(token: &Token<'_>, keys: &KeySet) -> Result<(), RejectionReason> {
    let key = keys.get(&token.header.kid).ok_or("no key of the issuer has this `kid`")?;
    let named = match key.algorithm {
        Algorithm::RS256 => token.header.alg == "RS256",
        Algorithm::ES256 => token.header.alg == "ES256",
        Algorithm::EdDSA => matches!(token.header.alg.as_str(), "EdDSA" | "Ed25519"),
        _ => false,
    };
    if !named {
        return Err("the algorithm is not the key's");
    }
    match jsonwebtoken::crypto::verify(token.signature, token.message, &key.decoding, key.algorithm) {
        Ok(true) => Ok(()),
        Ok(false) | Err(_) => Err("the signature does not hold"),
    }
}
