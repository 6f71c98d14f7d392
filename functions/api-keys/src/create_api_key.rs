//! The endpoint `POST /organizations/{organizationId}/api-keys`, which creates an API key.

use std::collections::BTreeMap;

use padron_domain::{
    ApiKey, ApiKeySettings, Error, EventData, Failure, KeyOwner, MAX_IP_RANGES, Patch, RateLimit, Role,
    Scope, expiry_violation,
};
use padron_dto::{AssignableRole, MetadataSchema, Object, RateLimitBody};
use padron_http::{Context, Created, Endpoint, Json, Route, Versioned, WithKeyRegistry, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    access::KeyAdmin,
    fields::{NameSchema, ScopesSchema, parse_expiry},
    issuance::NewSecret,
    response::IssuedApiKey,
};

/// The endpoint that creates an API key.
#[derive(Debug)]
pub struct CreateApiKey;

/// A new API key.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewApiKey {
    /// Name of the key, 1 to 100 characters.
    #[schemars(with = "NameSchema")]
    name: String,
    /// Owner of the key: `member` (the default) if it ends with the caller's membership, `organization` if it outlives it, which only the
    /// owner may choose.
    owned_by: Option<KeyOwnerBody>,
    /// What the key is for, at most 500 characters.
    #[schemars(extend("maxLength" = ApiKey::MAX_DESCRIPTION_LENGTH))]
    description: Option<String>,
    /// What the key may be used for. Without it, the key may read the user, the organization, members and customers, and write customers.
    #[schemars(with = "Option<ScopesSchema>")]
    scopes: Option<Vec<String>>,
    /// Role that the key acts in: `member` (the default) or `admin`. Scope and role must both allow a request.
    role: Option<AssignableRole>,
    /// When the key expires: an instant from one hour to five years from now. Without it, the key does not expire.
    #[schemars(extend("format" = "date-time"))]
    expires_at: Option<String>,
    /// Addresses from which the key may be used: up to 20 addresses or ranges in CIDR. None of them means all.
    #[schemars(extend("maxItems" = MAX_IP_RANGES))]
    ip_ranges: Option<Vec<String>>,
    /// Limit of the key's requests. The default is 1,000 in 60 seconds. `null` is no limit, which only the owner may choose.
    #[serde(default)]
    #[schemars(with = "Option<RateLimitBody>")]
    rate_limit: Patch<Object<RateLimitBody>>,
    /// Custom data of the key: at most 50 entries, with keys of at most 40 and values of at most 500 characters. All settings of a key share
    /// 3,200 bytes.
    #[schemars(with = "Option<MetadataSchema>")]
    metadata: Option<BTreeMap<String, String>>,
}

/// The owner of an API key.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum KeyOwnerBody {
    /// The member who makes the key.
    Member,
    /// The organization.
    Organization,
}

impl From<KeyOwnerBody> for KeyOwner {
    fn from(owner: KeyOwnerBody) -> Self {
        match owner {
            KeyOwnerBody::Member => Self::Member,
            KeyOwnerBody::Organization => Self::Organization,
        }
    }
}

impl Endpoint for CreateApiKey {
    const ROUTE: Route = Route::post("create-api-key", "/organizations/{organizationId}/api-keys");
    const SUMMARY: &'static str =
        "Creates an API key. Only this response contains its text, which the client keeps";
    const SCOPE: Option<Scope> = Some(Scope::WriteApiKeys);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[
        Failure::API_KEY_LIMIT_REACHED,
        Failure::SCOPE_NOT_GRANTABLE,
        Failure::USER_REQUIRED,
        Failure::SCOPE_EXCEEDED,
    ]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CREATE_API_KEY];
    type Access = KeyAdmin<WithKeyRegistry<()>>;
    type Input = Json<NewApiKey>;
    type Output = Written<Created<Versioned<IssuedApiKey>>>;

    async fn handle(
        cx: &Context<'_>,
        admin: KeyAdmin<WithKeyRegistry<()>>,
        Json(new): Json<NewApiKey>,
    ) -> Result<Self::Output, Error> {
        let (admin, WithKeyRegistry { registry, .. }) = admin.with_resource()?;
        let NewApiKey { name, owned_by, scopes, role, ip_ranges, metadata, .. } = new;
        let description = new.description.filter(|text| !text.is_empty());
        let rate_limit = match new.rate_limit {
            Patch::Keep => Some(RateLimit::DEFAULT),
            Patch::Clear => None,
            Patch::Set(Object(limit)) => Some(limit.into()),
        };
        let settings = ApiKeySettings {
            name: Some(&name),
            description: description.as_deref(),
            scopes: scopes.as_deref(),
            ip_ranges: ip_ranges.as_deref(),
            rate_limit,
            metadata: metadata.as_ref(),
        };
        let checked = settings.check()?;
        let expires_at = new.expires_at.as_deref().map(parse_expiry).transpose()?;
        if let Some(violation) = expires_at.and_then(|at| expiry_violation(at, cx.now())) {
            return Err(Error::from_violations(vec![violation]));
        }
        let owned_by = owned_by.map_or(KeyOwner::Member, Into::into);
        let is_for_owners = owned_by == KeyOwner::Organization || rate_limit.is_none();
        if is_for_owners && admin.role() < Role::Owner {
            return Err(Failure::INSUFFICIENT_ROLE.into());
        }
        let creator = admin.authority().member().ok_or(Failure::USER_REQUIRED)?;
        let organization = admin.organization().id;
        let secret = NewSecret::new(cx, organization)?;
        let defaults = secret.key(cx, creator);
        let key = ApiKey {
            name,
            description,
            scopes: checked.scopes.unwrap_or(defaults.scopes),
            role: role.map_or(defaults.role, Into::into),
            owned_by,
            expires_at,
            ip_ranges: checked.ip_ranges.unwrap_or_default(),
            rate_limit,
            metadata: metadata.unwrap_or_default(),
            ..defaults
        };
        admin.require_scopes(key.scopes)?;
        let mut registry = registry.next_version();
        registry.add(&key, cx.now())?;
        let created = EventData::ApiKeyCreated { key_id: key.id, scopes: key.scopes, role: key.role };
        let event = cx.event(admin.principal(), organization, created);
        let new = secret.into_key(cx, key)?;
        let transaction = cx.store().create_api_key(&new.stored, &registry, admin.authority(), &event)?;
        cx.commit(transaction, new.response(cx)).await
    }
}
