//! The endpoint `POST /organizations/{organizationId}/api-keys/{keyId}/rotate`, which replaces an API key by a new one.
//!
//! The old key works for a while longer, so that its holders can change to the new one without an interruption.

use std::time::Duration;

use padron_domain::{ApiKey, Error, EventData, Failure, KeyOwner, Role, Scope};
use padron_http::{Context, Created, Endpoint, OptionalJson, Route, Versioned, WithKeyRegistry, Written};
use padron_store::{Action, Store, StoredApiKey};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{access::KeyAdmin, issuance::NewSecret, response::IssuedApiKey};

/// The endpoint that rotates an API key.
#[derive(Debug)]
pub struct RotateApiKey;

/// A rotation of an API key.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rotation {
    /// For how many seconds the old key works on: 0 to 604,800 (seven days). The default is a day.
    #[schemars(extend("minimum" = 0, "maximum" = ApiKey::MAX_OVERLAP.as_secs(), "default" = ApiKey::DEFAULT_OVERLAP.as_secs()))]
    overlap_seconds: Option<u64>,
}

impl Rotation {
    fn overlap(&self) -> Result<Duration, Error> {
        let overlap = self.overlap_seconds.map_or(ApiKey::DEFAULT_OVERLAP, Duration::from_secs);
        if overlap > ApiKey::MAX_OVERLAP {
            return Err(Error::invalid("/overlapSeconds", "out_of_range", "0 to 604,800 seconds."));
        }
        Ok(overlap)
    }
}

impl Endpoint for RotateApiKey {
    const ROUTE: Route =
        Route::post("rotate-api-key", "/organizations/{organizationId}/api-keys/{keyId}/rotate");
    const SUMMARY: &'static str = "Replaces an API key by a new one with the same settings. Only this response contains the new key's text";
    const SCOPE: Option<Scope> = Some(Scope::WriteApiKeys);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[
        Failure::API_KEY_SUPERSEDED,
        Failure::API_KEY_NOT_ACTIVE,
        Failure::API_KEY_LIMIT_REACHED,
        Failure::PRECONDITION_FAILED,
        Failure::USER_REQUIRED,
        Failure::SCOPE_EXCEEDED,
    ]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CHANGE_API_KEY];
    type Access = KeyAdmin<WithKeyRegistry<StoredApiKey>>;
    type Input = OptionalJson<Rotation>;
    type Output = Written<Created<Versioned<IssuedApiKey>>>;

    async fn handle(
        cx: &Context<'_>,
        admin: KeyAdmin<WithKeyRegistry<StoredApiKey>>,
        OptionalJson(rotation): OptionalJson<Rotation>,
    ) -> Result<Self::Output, Error> {
        let overlap = rotation.overlap()?;
        let (admin, WithKeyRegistry { resource: stored, registry }) = admin.with_resource()?;
        stored.require_retained(cx.now())?;
        let old = stored.key;
        cx.require_version(old.version)?;
        // Whoever rotates a key has the new one. Only the owner can create keys that outlive their creator, or have no limit.
        let is_for_owners = old.owned_by == KeyOwner::Organization || old.rate_limit.is_none();
        if is_for_owners && admin.role() < Role::Owner {
            return Err(Failure::INSUFFICIENT_ROLE.into());
        }
        if old.superseded_by.is_some() {
            return Err(Failure::API_KEY_SUPERSEDED.into());
        }
        if !old.is_active(cx.now()) {
            return Err(Failure::API_KEY_NOT_ACTIVE.into());
        }
        let secret = NewSecret::new(cx, old.organization)?;
        let creator = admin.authority().member().ok_or(Failure::USER_REQUIRED)?;
        admin.require_scopes(old.scopes)?;
        let new = old.successor(secret.key(cx, creator));
        let after = old.superseded(new.id, overlap, cx.now());
        let mut registry = registry.next_version();
        // Without an overlap, the old key leaves the registry.
        if after.is_active(cx.now()) {
            registry.update(&after);
        } else {
            registry.remove(&[old.id]);
        }
        registry.add(&new, cx.now())?;
        let rotated = EventData::ApiKeyRotated { key_id: old.id, new_key_id: new.id };
        let event = cx.event(admin.principal(), new.organization, rotated).at_or_after(after.updated_at);
        let new = secret.into_key(cx, new)?;
        let transaction =
            cx.store().rotate_api_key(&new.stored, &after, &registry, admin.authority(), &event)?;
        cx.commit(transaction, new.response(cx)).await
    }
}
