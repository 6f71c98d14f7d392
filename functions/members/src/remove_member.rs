//! The endpoint `DELETE /organizations/{organizationId}/members/{memberId}`, which removes a member or lets the caller leave.
//!
//! The member has no access from the commit of the transaction on.

use padron_domain::{Error, EventData, Failure, Membership, Role, Scope};
use padron_http::{
    AdminOrNamedMember, Caller, Context, Endpoint, NoContent, NoInput, Route, WithKeyRegistry, Written,
};
use padron_store::{Action, Store};

/// The endpoint that removes a member.
#[derive(Debug)]
pub struct RemoveMember;

impl Endpoint for RemoveMember {
    const ROUTE: Route = Route::delete("remove-member", "/organizations/{organizationId}/members/{memberId}");
    const SUMMARY: &'static str = "Removes a member, or lets the caller leave; the owner cannot be removed";
    const SCOPE: Option<Scope> = Some(Scope::WriteMembers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::OWNER_CANNOT_LEAVE, Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::REMOVE_MEMBER];
    type Access = Caller<AdminOrNamedMember, WithKeyRegistry<Membership>>;
    type Input = NoInput;
    type Output = Written<NoContent>;

    async fn handle(cx: &Context<'_>, caller: Self::Access, _: NoInput) -> Result<Self::Output, Error> {
        let (caller, WithKeyRegistry { resource: member, registry }) = caller.with_resource()?;
        cx.require_version(member.version)?;
        if member.role == Role::Owner {
            return Err(Failure::OWNER_CANNOT_LEAVE.into());
        }
        let keys = cx.store().owned_api_keys(registry, member.user, cx.now()).await?;
        let revoked_keys = keys.keys().iter().map(|key| key.id);
        let removed =
            EventData::MemberRemoved { member_id: member.user, revoked_keys: revoked_keys.collect() };
        let event = cx.event(caller.principal(), member.organization, removed);
        let event = event.at_or_after(member.next_change(cx.now()));
        let transaction = cx.store().remove_member(&member, &keys, caller.authority(), &event)?;
        cx.commit(transaction, NoContent).await
    }
}
