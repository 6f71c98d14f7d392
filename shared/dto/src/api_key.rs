//! API keys in responses.

use std::collections::BTreeMap;

use padron_domain::{
    Actor, ApiKey, ApiKeyId, ApiKeyStatus, KeyOwner, RateLimit, Revocation, RevocationReason, Role, Scope,
    Scopes, Timestamp, UserId,
};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::MetadataSchema;

/// An API key, without its text.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ApiKey")]
#[serde(rename_all = "camelCase")]
pub struct ApiKeyResponse {
    /// UUID of the key.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: ApiKeyId,
    /// Name of the key.
    name: String,
    /// Description of the key; `null` if there is none.
    description: Option<String>,
    /// Beginning of the key's text, which all keys of this installation share.
    prefix: String,
    /// Last four characters of the key's text.
    hint: String,
    /// What the key may be used for.
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": Scope::ALL.map(Scope::name) }))]
    scopes: Scopes,
    /// Role that the key acts in: `member` or `admin`.
    #[schemars(extend("enum" = ["member", "admin"]), with = "String")]
    role: Role,
    /// Owner of the key: `member` if it ends with its creator's membership, `organization` if it outlives its creator.
    #[schemars(extend("enum" = KeyOwner::ALL.map(KeyOwner::name)), with = "String")]
    owned_by: KeyOwner,
    /// UUID of the user who created or last rotated the key.
    #[schemars(with = "String", extend("format" = "uuid"))]
    created_by: UserId,
    /// When the key was created.
    #[schemars(with = "String", extend("format" = "date-time"))]
    created_at: Timestamp,
    /// When the key was last changed.
    #[schemars(with = "String", extend("format" = "date-time"))]
    updated_at: Timestamp,
    /// When the key expires; `null` if it does not.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
    /// When the key was last used, to about ten minutes; `null` if it never was.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    last_used_at: Option<Timestamp>,
    /// Whether the key works.
    is_active: bool,
    /// Status: `active`, `expired`, `revoked` or `superseded`. A superseded key works until it expires.
    #[schemars(extend("enum" = ApiKeyStatus::ALL.map(ApiKeyStatus::name)), with = "String")]
    status: &'static str,
    /// Addresses from which the key may be used, in CIDR; none of them means all.
    ip_ranges: Vec<String>,
    /// Limit of the key's requests; `null` if there is none.
    rate_limit: Option<RateLimitBody>,
    /// Custom data of the key.
    #[schemars(with = "MetadataSchema")]
    metadata: BTreeMap<String, String>,
    /// UUID of the key that this one replaces. Absent if there is none.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    supersedes: Option<ApiKeyId>,
    /// UUID of the key that replaces this one. Absent if there is none.
    #[schemars(with = "Option<String>", extend("format" = "uuid"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    superseded_by: Option<ApiKeyId>,
    /// When the key was revoked. Absent if it was not.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<Timestamp>,
    /// Who revoked the key: the UUID of a user, `key:` and the UUID of a key, or `operator`. Absent if it was not revoked.
    #[schemars(with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_by: Option<Actor>,
    /// Why the key was revoked. Absent if it was not.
    #[schemars(extend("enum" = RevocationReason::ALL.map(RevocationReason::name)), with = "Option<String>")]
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<RevocationReason>,
}

/// A limit of requests in a period.
#[derive(Clone, Copy, Debug, Serialize, Deserialize, JsonSchema)]
#[schemars(rename = "RateLimit")]
#[serde(deny_unknown_fields)]
pub struct RateLimitBody {
    /// Number of requests.
    #[schemars(extend("minimum" = 1, "maximum" = RateLimit::MAX_LIMIT))]
    limit: u32,
    /// Period in seconds.
    #[schemars(extend("minimum" = 1, "maximum" = RateLimit::MAX_PERIOD))]
    period: u32,
}

impl From<RateLimit> for RateLimitBody {
    fn from(RateLimit { limit, period }: RateLimit) -> Self {
        Self { limit, period }
    }
}

impl From<RateLimitBody> for RateLimit {
    fn from(RateLimitBody { limit, period }: RateLimitBody) -> Self {
        Self { limit, period }
    }
}

impl ApiKeyResponse {
    /// The names of the fields that a response leaves out if they have no value.
    pub const OPTIONAL: [&str; 5] = ["supersedes", "supersededBy", "revokedAt", "revokedBy", "reason"];

    /// Creates the response for a key at `now`. The status depends on it, because a key expires without a write.
    pub fn new(key: ApiKey, last_used_at: Option<Timestamp>, now: Timestamp) -> Self {
        let (is_active, status) = (key.is_active(now), key.status(now).name());
        let ApiKey {
            id,
            organization: _,
            version: _,
            prefix,
            hint,
            name,
            description,
            scopes,
            role,
            owned_by,
            created_by,
            created_at,
            updated_at,
            expires_at,
            ip_ranges,
            rate_limit,
            metadata,
            supersedes,
            superseded_by,
            revocation,
        } = key;
        Self {
            id,
            name,
            description,
            prefix,
            hint,
            scopes,
            role,
            owned_by,
            created_by,
            created_at,
            updated_at,
            expires_at,
            last_used_at,
            is_active,
            status,
            ip_ranges: ip_ranges.iter().map(ToString::to_string).collect(),
            rate_limit: rate_limit.map(Into::into),
            metadata,
            supersedes,
            superseded_by,
            revoked_at: revocation.map(|Revocation { at, .. }| at),
            revoked_by: revocation.map(|Revocation { by, .. }| by),
            reason: revocation.map(|Revocation { reason, .. }| reason),
        }
    }
}
