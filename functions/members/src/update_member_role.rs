//! `PUT /organizations/{organizationId}/members/{memberId}/role`: another role for a member, from the next request on.

use padron_domain::{Error, Failure, Happening, Membership, Role};
use padron_dto::{AssignableRole, MemberResponse};
use padron_http::{Admin, Context, Endpoint, Json, Route, Versioned, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;

/// Changes a member's role.
#[derive(Debug)]
pub struct UpdateMemberRole;

/// Which role.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(deny_unknown_fields)]
pub struct RoleUpdate {
    /// `admin` or `member`. An owner is made by transferring the organization.
    role: AssignableRole,
}

impl Endpoint for UpdateMemberRole {
    const ROUTE: Route =
        Route::put("update-member-role", "/organizations/{organizationId}/members/{memberId}/role");
    const SUMMARY: &'static str = "Change the role of a member";
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::OwnerRoleImmutable, Failure::PreconditionFailed]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_ROLE];
    type Access = Admin<Membership>;
    type Input = Json<RoleUpdate>;
    type Output = Written<Versioned<MemberResponse>>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin<Membership>,
        Json(RoleUpdate { role }): Json<RoleUpdate>,
    ) -> Result<Self::Output, Error> {
        let (admin, before) = admin.into_member().with_target()?;
        cx.require_version(before.version)?;
        if before.role == Role::Owner {
            return Err(Failure::OwnerRoleImmutable.into());
        }
        let role = Role::from(role);
        if role == before.role {
            return cx.nothing_to_write(Versioned { version: before.version, body: before.into() }).await;
        }
        let at = before.next_change(cx.now());
        let after = before.becoming(role, at);
        let updated = Happening::MemberRoleUpdated { member_id: after.user, from: before.role, to: role };
        let event = cx.event(admin.principal(), after.organization, updated);
        let event = event.not_before(at);
        let change = cx.store().update_role(&before, &after, admin.membership(), &event)?;
        let answer = Versioned { version: after.version, body: after.into() };
        cx.commit(change, answer).await
    }
}
