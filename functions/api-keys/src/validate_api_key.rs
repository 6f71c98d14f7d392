//! The endpoint `POST /api-keys/validate`, which tells a service whether an API key is valid, and what it may be used for.

use std::{collections::BTreeMap, net::IpAddr};

use padron_domain::{ApiKey, ApiKeyId, Error, Failure, OrganizationId, Role, Scope, Scopes, Timestamp};
use padron_dto::MetadataSchema;
use padron_http::{Body, Context, Endpoint, KeyHolder, OptionalJson, RateStatus, Route};
use padron_store::{Action, RateSubject, Store};
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

/// The endpoint that validates an API key.
#[derive(Debug)]
pub struct ValidateApiKey;

/// What the key is validated for.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct Validation {
    /// Scopes that the key must have.
    #[serde(default)]
    #[schemars(extend(
        "items" = { "type": "string", "enum": Scope::ALL.map(Scope::name) },
        "maxItems" = Scopes::MAX_LISTED,
    ))]
    scopes: Option<Vec<String>>,
    /// How many requests of the key's limit this one counts as: 0 to 100, by default 1. With 0, it only asks.
    #[serde(default)]
    #[schemars(extend("minimum" = 0, "maximum" = MAX_COST, "default" = 1))]
    cost: Option<u32>,
    /// Address of the client that the calling service serves. The key's address ranges are compared with it instead of the caller's own.
    #[serde(default)]
    #[schemars(extend("anyOf" = [{ "format": "ipv4" }, { "format": "ipv6" }, { "type": "null" }]))]
    ip: Option<String>,
}

/// The greatest number of requests that a validation counts as.
const MAX_COST: u32 = 100;

/// A valid API key.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "ValidApiKey")]
#[serde(rename_all = "camelCase")]
pub struct ValidApiKey {
    /// Always `true`: a key that is not valid is answered with 401.
    valid: bool,
    /// UUID of the key.
    #[schemars(with = "String", extend("format" = "uuid"))]
    id: ApiKeyId,
    /// UUID of the key, under another name.
    #[schemars(with = "String", extend("format" = "uuid"))]
    key_id: ApiKeyId,
    /// Name of the key.
    name: String,
    /// UUID of the organization that the key acts in.
    #[schemars(with = "String", extend("format" = "uuid"))]
    organization_id: OrganizationId,
    /// What the key may be used for.
    #[schemars(with = "Vec<String>", extend("items" = { "type": "string", "enum": Scope::ALL.map(Scope::name) }))]
    scopes: Scopes,
    /// Role that the key acts in: `member` or `admin`.
    #[schemars(extend("enum" = ["member", "admin"]), with = "String")]
    role: Role,
    /// When the key expires; `null` if it does not.
    #[schemars(with = "Option<String>", extend("format" = "date-time"))]
    expires_at: Option<Timestamp>,
    /// Always `true`.
    is_active: bool,
    /// Custom data of the key.
    #[schemars(with = "MetadataSchema")]
    metadata: BTreeMap<String, String>,
    /// What is left of the key's limit. Absent if it has none.
    #[serde(skip_serializing_if = "Option::is_none")]
    rate_limit: Option<RateStatusBody>,
}

/// What is left of a limit of requests.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "RateStatus")]
#[schemars(extend("examples" = [{ "limit": 1000, "remaining": 998, "reset": 42 }]))]
struct RateStatusBody {
    /// Number of requests in the limit's period.
    limit: u32,
    /// Number of requests that are left now. Absent if the database did not say in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    remaining: Option<u32>,
    /// Seconds until the whole limit is renewed. Absent if the database did not say in time.
    #[serde(skip_serializing_if = "Option::is_none")]
    reset: Option<u32>,
}

impl From<RateStatus> for RateStatusBody {
    fn from(RateStatus { limit, remaining }: RateStatus) -> Self {
        Self {
            limit: limit.limit,
            remaining: remaining.map(|remaining| remaining.requests),
            reset: remaining.map(|remaining| remaining.reset),
        }
    }
}

impl Validation {
    fn scopes(&self) -> Result<Scopes, Error> {
        let parse = |(index, name): (usize, &String)| {
            Scope::parse(name).ok_or_else(|| {
                Error::invalid(format!("/scopes/{index}"), "unknown_value", "There is no such scope.")
            })
        };
        if self.scopes.as_ref().is_some_and(|scopes| scopes.len() > Scopes::MAX_LISTED) {
            return Err(Error::invalid("/scopes", "too_many", Scopes::TOO_MANY));
        }
        self.scopes.iter().flatten().enumerate().map(parse).collect()
    }

    fn cost(&self) -> Result<u32, Error> {
        let cost = self.cost.unwrap_or(1);
        let error = || Error::invalid("/cost", "out_of_range", "0 to 100 requests.");
        if cost <= MAX_COST { Ok(cost) } else { Err(error()) }
    }

    fn ip(&self) -> Result<Option<IpAddr>, Error> {
        let detail = "An IPv4 or IPv6 address.";
        let parse = |text: &String| text.parse().map_err(|_| Error::invalid("/ip", "invalid_format", detail));
        self.ip.as_ref().map(parse).transpose()
    }
}

impl Endpoint for ValidateApiKey {
    const ROUTE: Route = Route::post("validate-api-key", "/api-keys/validate");
    const SUMMARY: &'static str = "Validates an API key, and counts it as used";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::USE_API_KEY];
    type Access = KeyHolder;
    type Input = OptionalJson<Validation>;
    type Output = Body<ValidApiKey>;

    async fn handle(
        cx: &Context<'_>,
        holder: KeyHolder,
        OptionalJson(validation): OptionalJson<Validation>,
    ) -> Result<Self::Output, Error> {
        let (scopes, cost, ip) = (validation.scopes()?, validation.cost()?, validation.ip()?);
        let key = holder.key();
        if !key.allows_address(ip.or_else(|| cx.request.source_address())) {
            return Err(Failure::IP_NOT_ALLOWED.into());
        }
        if let Some(limit) = key.rate_limit {
            let subject = RateSubject::key(key.id, limit);
            if cost > limit.burst() {
                let detail = format!("The key's limit allows at most {} requests at once.", limit.burst());
                return Err(Error::invalid("/cost", "out_of_range", detail));
            }
            match cost {
                0 => cx.read_limit(&subject, limit).await,
                cost => cx.count_request(&subject, limit, cost).await?,
            }
        }
        let missing = key.scopes.missing_of(scopes);
        if !missing.is_empty() {
            return Err(Error::insufficient_scope(missing));
        }
        let ApiKey { id, name, organization, scopes, role, expires_at, metadata, .. } =
            holder.into_used_key(cx);
        Ok(Body(ValidApiKey {
            valid: true,
            id,
            key_id: id,
            name,
            organization_id: organization,
            scopes,
            role,
            expires_at,
            is_active: true,
            metadata,
            rate_limit: cx.rate_status().map(Into::into),
        }))
    }
}
