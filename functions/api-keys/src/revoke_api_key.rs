//! The endpoint `DELETE /organizations/{organizationId}/api-keys/{keyId}`, which revokes an API key.
//!
//! The key does not work from the next request on. Its record is kept for 90 days.

use padron_domain::{Error, EventData, Failure, RevocationReason, Role, Scope};
use padron_http::{
    Context, Endpoint, Input, NoContent, Query, Request, Route, WithKeyRegistry, Written,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Store, StoredApiKey};
use serde_json::json;

use crate::access::KeyMember;

/// The endpoint that revokes an API key.
#[derive(Debug)]
pub struct RevokeApiKey;

/// The query parameters of a revocation.
#[derive(Debug)]
pub struct RevocationQuery {
    reason: RevocationReason,
}

impl Input for RevocationQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["reason"])?;
        let parse =
            |name: &str| RevocationReason::OF_CALLERS.into_iter().find(|reason| reason.name() == name);
        let reason = query.parse("reason", "no_longer_used, compromised, superseded or other.", parse)?;
        Ok(Self { reason: reason.unwrap_or(RevocationReason::Other) })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let reasons = RevocationReason::OF_CALLERS.map(RevocationReason::name);
        let schema = json!({ "type": "string", "enum": reasons, "default": "other" });
        operation.parameter("query", "reason", "Why the key is revoked", false, &schema);
    }
}

impl Endpoint for RevokeApiKey {
    const ROUTE: Route = Route::delete("revoke-api-key", "/organizations/{organizationId}/api-keys/{keyId}");
    const SUMMARY: &'static str = "Revokes an API key, which does not work from the next request on";
    const SCOPE: Option<Scope> = Some(Scope::WriteApiKeys);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::INSUFFICIENT_ROLE, Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CHANGE_API_KEY];
    type Access = KeyMember<WithKeyRegistry<StoredApiKey>>;
    type Input = RevocationQuery;
    type Output = Written<NoContent>;

    async fn handle(
        cx: &Context<'_>,
        member: KeyMember<WithKeyRegistry<StoredApiKey>>,
        RevocationQuery { reason }: RevocationQuery,
    ) -> Result<Self::Output, Error> {
        let (is_admin, caller) = (member.role() >= Role::Admin, member.authority().member());
        let found = member.with_resource();
        let is_creator = found.as_ref().is_ok_and(|(_, found)| Some(found.resource.key.created_by) == caller);
        // Other members do not learn whether there is such a key.
        if !is_admin && !is_creator {
            return Err(Failure::INSUFFICIENT_ROLE.into());
        }
        let (member, WithKeyRegistry { resource: stored, registry }) = found?;
        stored.require_retained(cx.now())?;
        cx.require_version(stored.key.version)?;
        if stored.key.revocation.is_some() {
            return cx.unchanged(NoContent).await;
        }
        let after = stored.key.revoked(member.principal().actor(), reason, cx.now());
        let revoked = EventData::ApiKeyRevoked { key_id: after.id, reason };
        let event = cx.event(member.principal(), after.organization, revoked).at_or_after(after.updated_at);
        let mut registry = registry.next_version();
        registry.remove(&[after.id]);
        let transaction = cx.store().revoke_api_key(&after, &registry, member.authority(), &event)?;
        cx.commit(transaction, NoContent).await
    }
}
