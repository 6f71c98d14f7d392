//! The endpoint `PUT /organizations/{organizationId}/api-keys/{keyId}`, which changes the settings of an API key.
//!
//! The new settings apply from the key's next request on.

use std::collections::BTreeMap;

use padron_domain::{
    ApiKey, ApiKeySettings, ApiKeyStatus, CheckedSettings, Error, EventData, Failure, KeyOwner,
    MAX_IP_RANGES, Patch, Role, Scope, Scopes, Timestamp, Violation,
};
use padron_dto::{ApiKeyResponse, AssignableRole, MetadataSchema, Object, RateLimitBody, read_back};
use padron_http::{Context, Endpoint, Json, ReadOnlyFields, Route, Versioned, Written, to_sent_back_json};
use padron_store::{Action, Store, StoredApiKey};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::{
    access::KeyAdmin,
    fields::{NameSchema, ScopesSchema, parse_expiry},
    response::{show, show_versioned},
};

/// The endpoint that changes an API key.
#[derive(Debug)]
pub struct UpdateApiKey;

/// Changes of an API key. Fields that are left out keep their values. The other fields of a key are accepted with their current values, so
/// that a key can be read, changed and sent back.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = read_back::<ApiKeyResponse>)]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyUpdate {
    /// Name of the key, 1 to 100 characters.
    #[serde(default)]
    #[schemars(with = "NameSchema")]
    name: Patch<String>,
    /// What the key is for, at most 500 characters. `null` removes it.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = ApiKey::MAX_DESCRIPTION_LENGTH))]
    description: Patch<String>,
    /// What the key may be used for. It can be empty only if it is.
    #[serde(default)]
    #[schemars(with = "ScopesSchema", extend("minItems" = 0))]
    scopes: Patch<Vec<String>>,
    /// Role that the key acts in: `member` or `admin`. Scope and role must both allow a request.
    #[serde(default)]
    #[schemars(with = "AssignableRole")]
    role: Patch<AssignableRole>,
    /// When the key expires. It can be made earlier, not later.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Patch<String>,
    /// Addresses from which the key may be used: up to 20 addresses or ranges in CIDR. None of them, or `null`, means all.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>", extend("maxItems" = MAX_IP_RANGES))]
    ip_ranges: Patch<Vec<String>>,
    /// Limit of the key's requests. `null` removes the limit, which only the owner may do.
    #[serde(default)]
    #[schemars(with = "Option<RateLimitBody>")]
    rate_limit: Patch<Object<RateLimitBody>>,
    /// Custom data of the key. Replaces all entries: at most 50, with keys of at most 40 and values of at most 500 characters. All settings of
    /// a key share 3,200 bytes.
    #[serde(default)]
    #[schemars(with = "Option<MetadataSchema>")]
    metadata: Patch<BTreeMap<String, String>>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Endpoint for UpdateApiKey {
    const ROUTE: Route = Route::put("update-api-key", "/organizations/{organizationId}/api-keys/{keyId}");
    const SUMMARY: &'static str = "Changes the settings of an API key, from its next request on";
    const SCOPE: Option<Scope> = Some(Scope::WriteApiKeys);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[
        Failure::API_KEY_NOT_ACTIVE,
        Failure::EXPIRY_NOT_EXTENDABLE,
        Failure::SCOPE_NOT_GRANTABLE,
        Failure::PRECONDITION_FAILED,
        Failure::API_KEY_CREATOR_NOT_ADMIN,
        Failure::SCOPE_EXCEEDED,
    ]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CHANGE_API_KEY];
    type Access = KeyAdmin<StoredApiKey>;
    type Input = Json<ApiKeyUpdate>;
    type Output = Written<Versioned<ApiKeyResponse>>;

    async fn handle(
        cx: &Context<'_>,
        admin: KeyAdmin<StoredApiKey>,
        Json(update): Json<ApiKeyUpdate>,
    ) -> Result<Self::Output, Error> {
        let (checked, expires_at) = update.check()?;
        let (admin, stored) = admin.with_resource()?;
        stored.require_retained(cx.now())?;
        let before = &stored.key;
        let version_check = cx.require_version(before.version);
        if version_check.is_ok() && !before.is_active(cx.now()) {
            return Err(Failure::API_KEY_NOT_ACTIVE.into());
        }
        let mut violations = read_only_violations(cx, &update.others, &stored, &version_check)?;
        if update.scopes.as_set().is_some_and(Vec::is_empty) && before.scopes != Scopes::NONE {
            violations.push(ApiKeySettings::no_scopes());
        }
        if !violations.is_empty() {
            return Err(Error::from_violations(violations));
        }
        version_check?;
        let at = before.next_change(cx.now());
        let mut after = update.apply(before, checked);
        after.set_expiry(expires_at, cx.now())?;
        let fields = after.changed_fields(before);
        if fields.is_empty() {
            return cx.unchanged(show_versioned(stored, cx.now())).await;
        }
        after.version += 1;
        after.updated_at = at;
        let gains_rights = after.role > before.role || !before.scopes.missing_of(after.scopes).is_empty();
        let is_for_owners = (after.owned_by == KeyOwner::Organization && gains_rights)
            || (after.rate_limit.is_none() && before.rate_limit.is_some());
        if is_for_owners && admin.role() < Role::Owner {
            return Err(Failure::INSUFFICIENT_ROLE.into());
        }
        if after.scopes != before.scopes {
            // Whoever takes scopes away could then rotate the key, and have its text when they are given back.
            admin.require_scopes(before.scopes.union(after.scopes))?;
        }
        let required_admin = (gains_rights && after.needs_admin()).then_some(after.created_by);
        let registry = if after.expires_at == before.expires_at {
            None
        } else {
            let mut registry = cx.store().api_key_registry(after.organization).await?.next_version();
            registry.update(&after);
            Some(registry)
        };
        let updated = EventData::ApiKeyUpdated { key_id: after.id, fields };
        let event = cx.event(admin.principal(), after.organization, updated).at_or_after(at);
        let store = cx.store();
        let transaction =
            store.update_api_key(&after, required_admin, registry.as_ref(), admin.authority(), &event)?;
        let response = show_versioned(stored.with_key(after), cx.now());
        cx.commit(transaction, response).await
    }
}

impl ApiKeyUpdate {
    /// Checks the new values, and parses the expiry. Fails with all violations at once.
    fn check(&self) -> Result<(CheckedSettings, Patch<Timestamp>), Error> {
        let cleared = [
            ("/name", matches!(self.name, Patch::Clear)),
            ("/scopes", matches!(self.scopes, Patch::Clear)),
            ("/role", matches!(self.role, Patch::Clear)),
        ];
        if let Some((pointer, _)) = cleared.into_iter().find(|(_, is_cleared)| *is_cleared) {
            return Err(Error::invalid(pointer, "required", "An API key has a name, scopes and a role."));
        }
        let settings = ApiKeySettings {
            name: self.name.as_set().map(String::as_str),
            description: self.description.as_set().map(String::as_str),
            // A key that has none can be sent back.
            scopes: self.scopes.as_set().map(Vec::as_slice).filter(|scopes| !scopes.is_empty()),
            ip_ranges: self.ip_ranges.as_set().map(Vec::as_slice),
            rate_limit: self.rate_limit.as_set().map(|Object(limit)| (*limit).into()),
            metadata: self.metadata.as_set(),
        };
        let checked = settings.check()?;
        let expires_at = match &self.expires_at {
            Patch::Keep => Patch::Keep,
            Patch::Clear => Patch::Clear,
            Patch::Set(text) => Patch::Set(parse_expiry(text)?),
        };
        Ok((checked, expires_at))
    }

    /// Returns the key with the new values, except the expiry.
    fn apply(self, before: &ApiKey, checked: CheckedSettings) -> ApiKey {
        let Self {
            name,
            description,
            scopes: _,
            role,
            expires_at: _,
            ip_ranges,
            rate_limit,
            metadata,
            others: _,
        } = self;
        let mut after = before.clone();
        after.name = name.set().unwrap_or(after.name);
        description.apply(&mut after.description);
        after.description = after.description.filter(|text| !text.is_empty());
        after.scopes = checked.scopes.unwrap_or(after.scopes);
        after.role = role.set().map_or(after.role, Into::into);
        if !matches!(ip_ranges, Patch::Keep) {
            after.ip_ranges = checked.ip_ranges.unwrap_or_default();
        }
        rate_limit.map(|Object(limit)| limit.into()).apply(&mut after.rate_limit);
        match metadata {
            Patch::Keep => {}
            Patch::Clear => after.metadata = BTreeMap::new(),
            Patch::Set(metadata) => after.metadata = metadata,
        }
        after
    }
}

/// Returns a violation for each field that is unknown, or is read-only and has another value than the key.
fn read_only_violations(
    cx: &Context<'_>,
    others: &Map<String, Value>,
    stored: &StoredApiKey,
    version_check: &Result<(), Error>,
) -> Result<Vec<Violation>, Error> {
    if others.is_empty() {
        return Ok(Vec::new());
    }
    let mut current = to_sent_back_json(&show(stored.clone(), cx.now()))?;
    // They change without a new version, so that a client may have earlier values.
    for name in ["lastUsedAt", "status", "isActive"] {
        if let (Some(current), Some(sent)) = (current.get_mut(name), others.get(name))
            && is_possible(name, sent)
        {
            *current = sent.clone();
        }
    }
    let optional = &ApiKeyResponse::OPTIONAL;
    ReadOnlyFields { sent: others, pointer: "", current: &current, optional }.violations(version_check)
}

/// Returns whether a field that changes without a new version can have a value.
fn is_possible(name: &str, value: &Value) -> bool {
    match (name, value) {
        ("lastUsedAt", Value::String(text)) => Timestamp::parse(text).is_ok(),
        ("lastUsedAt", Value::Null) | ("isActive", Value::Bool(_)) => true,
        ("status", Value::String(text)) => ApiKeyStatus::parse(text).is_some(),
        _ => false,
    }
}
