//! The verification of API keys.

use std::time::Duration;

use padron_auth::{Credential, PresentedKey};
use padron_domain::{ApiKey, Error, Failure, Organization, OrganizationId, Scopes};
use padron_store::{Action, Items, RateSubject, Read, Store, StoredApiKey};

use super::{Access, Authorization, UNAUTHENTICATED, authenticate, named_organization};
use crate::{
    context::{Context, KeyUse},
    input::LazyInput,
};

/// The time for which the recorded last use of a key is exact enough.
const USE_PRECISION: Duration = Duration::from_secs(10 * 60);

/// What was read with a key that was verified.
pub(super) struct KeyCheck {
    pub(super) key: ApiKey,
    /// The organization; `None` if it does not exist. It may be deleted.
    pub(super) organization: Option<Organization>,
    pub(super) items: Items,
}

/// Reads a key, its organization and other items in one call, and verifies the key.
///
/// Fails if the key is not valid, is used from an address that it may not be used from, or if the endpoint does not accept keys. Then
/// counts the request, and fails if the key's limit is used up, or if it lacks the endpoint's scope.
pub(super) async fn check(
    cx: &Context<'_>,
    presented: PresentedKey,
    reads: Vec<Read>,
) -> Result<KeyCheck, Error> {
    let PresentedKey { organization, id, .. } = presented;
    let access = cx.store().key_access(organization, id, reads).await?;
    let verified = verify_secret(cx, &presented, access.key)?;
    let key = verified.key.clone();
    if !cx.endpoint.accepts_keys {
        return Err(Failure::KEYS_NOT_ACCEPTED.into());
    }
    if !key.allows_address(cx.request.source_address()) {
        return Err(Failure::IP_NOT_ALLOWED.into());
    }
    if let Some(limit) = key.rate_limit {
        cx.count_request(&RateSubject::key(id, limit), limit, 1).await?;
    }
    if let Some(scope) = cx.endpoint.scope {
        let missing = key.scopes.missing_of(Scopes::of(&[scope]));
        if !missing.is_empty() {
            return Err(Error::insufficient_scope(missing));
        }
    }
    require_named_organization(cx, organization)?;
    cx.set_unrecorded_use(unrecorded_use(cx, &presented, verified));
    Ok(KeyCheck { key, organization: access.organization, items: access.others })
}

/// Returns the failure of an API key at an endpoint that accepts users only. An invalid key gets the failure of its verification.
pub(super) async fn refuse(cx: &Context<'_>, presented: PresentedKey) -> Error {
    match Box::pin(check(cx, presented, Vec::new())).await {
        Ok(_) => Failure::KEYS_NOT_ACCEPTED.into(),
        Err(error) => error,
    }
}

/// Returns the stored key if the presented one is the same and still works.
///
/// All failures have the same response, reads and work, so that a client cannot distinguish them. Only the log has the reason.
fn verify_secret(
    cx: &Context<'_>,
    presented: &PresentedKey,
    stored: Option<StoredApiKey>,
) -> Result<StoredApiKey, Error> {
    let refuse = |why: &str| Error::from(Failure::INVALID_API_KEY).with_cause(why);
    let hash = match &stored {
        Some(stored) => stored.secret_hash(cx.secrets()),
        None => {
            StoredApiKey::simulate_read(presented.organization, presented.id, cx.secrets());
            None
        }
    };
    // The comparison is made in any case.
    let is_verified = presented.matches_hash(hash.as_deref().unwrap_or(&[0; 32]));
    let stored = stored.ok_or_else(|| refuse("unknown"))?;
    if hash.is_none() {
        return Err(refuse("sealed with another root secret"));
    }
    if !is_verified {
        return Err(refuse("the secret is another one"));
    }
    cx.set_caller(padron_domain::Actor::Key(presented.id).to_string());
    if !stored.key.is_active(cx.now()) || !stored.is_retained(cx.now()) {
        return Err(refuse("revoked or expired"));
    }
    Ok(stored)
}

/// Fails if the header `X-Organization-Id` names another organization than the key's.
fn require_named_organization(cx: &Context<'_>, of_key: OrganizationId) -> Result<(), Error> {
    let is_other = named_organization(cx)?.is_some_and(|named| named != of_key);
    if is_other { Err(Failure::ORGANIZATION_MISMATCH.into()) } else { Ok(()) }
}

/// Returns the use of a key that is to be recorded; `None` if a recent use is recorded already.
fn unrecorded_use(cx: &Context<'_>, presented: &PresentedKey, key: StoredApiKey) -> Option<KeyUse> {
    let is_due = key.last_used_at.is_none_or(|at| at.plus(USE_PRECISION) <= cx.now());
    is_due.then(|| KeyUse { key, secret_hash: presented.secret_hash().as_ref().to_vec() })
}

/// The holder of an API key, for the endpoint that validates it. The key needs no scope, and its limit is not yet counted.
#[derive(Debug)]
pub struct KeyHolder {
    key: ApiKey,
    unrecorded_use: Option<KeyUse>,
}

impl KeyHolder {
    /// Returns the key.
    pub fn key(&self) -> &ApiKey {
        &self.key
    }

    /// Counts the key as used, and returns it. The use of a key that is refused is not recorded.
    pub fn into_used_key(self, cx: &Context<'_>) -> ApiKey {
        cx.set_unrecorded_use(self.unrecorded_use);
        self.key
    }
}

impl<I: Send + Sync> Access<I> for KeyHolder {
    const DESCRIPTION: &'static str = "For the holder of a valid API key.";
    const ACTIONS: &'static [&'static [Action]] = &[Store::VERIFY_API_KEY];
    const FAILURES: &'static [&'static [Failure]] = &[UNAUTHENTICATED, &[Failure::ORGANIZATION_MISMATCH]];
    const REQUIRES_KEY: bool = true;

    async fn authorize(cx: &Context<'_>, _: &LazyInput<'_, I>) -> Result<Authorization<Self>, Error> {
        let presented = match authenticate(cx).await? {
            Credential::Key(presented) => presented,
            Credential::User(_) | Credential::Oauth(_) => return Err(Failure::INVALID_API_KEY.into()),
        };
        let access = cx.store().key_access(presented.organization, presented.id, []).await?;
        let verified = verify_secret(cx, &presented, access.key)?;
        let is_active = access.organization.is_some_and(|organization| organization.is_active());
        if !is_active {
            let error = Error::from(Failure::INVALID_API_KEY);
            return Err(error.with_cause("the organization is deleted"));
        }
        require_named_organization(cx, presented.organization)?;
        let key = verified.key.clone();
        let unrecorded_use = unrecorded_use(cx, &presented, verified);
        Ok(Authorization::Granted(Self { key, unrecorded_use }))
    }
}
