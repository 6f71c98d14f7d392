//! The endpoint `PUT /organizations/{organizationId}/members/{memberId}/role`, which changes the role of a member.
//!
//! The new role applies from the member's next request on.

use padron_domain::{Error, EventData, Failure, Membership, Role, Scope};
use padron_dto::{AssignableRole, MemberResponse};
use padron_http::{Admin, Context, Endpoint, Json, Route, Versioned, WithKeyRegistry, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;

/// The endpoint that changes the role of a member.
#[derive(Debug)]
pub struct UpdateMemberRole;

/// A change of a member's role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleUpdate {
    /// The new role: `admin` or `member`. To make a member the owner, transfer the organization.
    role: AssignableRole,
}

impl Endpoint for UpdateMemberRole {
    const ROUTE: Route =
        Route::put("update-member-role", "/organizations/{organizationId}/members/{memberId}/role");
    const SUMMARY: &'static str = "Changes the role of a member";
    const SCOPE: Option<Scope> = Some(Scope::WriteMembers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::OWNER_ROLE_IMMUTABLE, Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_ROLE];
    type Access = Admin<WithKeyRegistry<Membership>>;
    type Input = Json<RoleUpdate>;
    type Output = Written<Versioned<MemberResponse>>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<WithKeyRegistry<Membership>>,
        Json(RoleUpdate { role }): Json<RoleUpdate>,
    ) -> Result<Self::Output, Error> {
        let (admin, WithKeyRegistry { resource: before, registry }) = admin.with_resource()?;
        cx.require_version(before.version)?;
        if before.role == Role::Owner {
            return Err(Failure::OWNER_ROLE_IMMUTABLE.into());
        }
        let role = Role::from(role);
        if role == before.role {
            return cx.unchanged(Versioned { version: before.version, body: before.into() }).await;
        }
        let at = before.next_change(cx.now());
        let after = before.with_role(role, at);
        let keys = cx.store().owned_api_keys(registry, before.user, cx.now()).await?;
        let limited_keys = keys.exceeding(role).map(|key| key.id).collect();
        let (member_id, from) = (after.user, before.role);
        let updated = EventData::MemberRoleUpdated { member_id, from, to: role, limited_keys };
        let event = cx.event(admin.principal(), after.organization, updated);
        let event = event.at_or_after(at);
        let transaction = cx.store().update_role(&before, &after, &keys, admin.authority(), &event)?;
        let response = Versioned { version: after.version, body: after.into() };
        cx.commit(transaction, response).await
    }
}
