//! The endpoint `GET /users/{userId}/organizations`, which lists the organizations of a user for the user themselves.

use padron_domain::Error;
use padron_dto::OrganizationEntry;
use padron_http::{Array, Context, Endpoint, PageRequest, Route, SelfOnly};
use padron_store::{Action, Store};

/// The endpoint that lists the organizations of a user.
#[derive(Debug)]
pub struct ListUserOrganizations;

impl Endpoint for ListUserOrganizations {
    const ROUTE: Route = Route::get("list-user-organizations", "/users/{userId}/organizations");
    const SUMMARY: &'static str = "Lists the organizations that a user belongs to, ordered by id";
    const ACTIONS: &'static [&'static [Action]] = &[Store::MEMBERSHIPS_WITH_ORGANIZATIONS];
    type Access = SelfOnly;
    type Input = PageRequest;
    type Output = Array<OrganizationEntry>;

    async fn handle(cx: &Context<'_>, caller: SelfOnly, paging: PageRequest) -> Result<Self::Output, Error> {
        let user = caller.user().id;
        let page =
            cx.store().memberships_with_organizations(user, paging.after(cx, user)?, paging.limit()).await?;
        let next = paging.next(cx, user, page.next.map(|last| last.entry.organization))?;
        let entries = page.items.into_iter().filter_map(|membership| {
            let organization = membership.organization.filter(|one| one.deleted_at.is_none())?;
            Some(OrganizationEntry::new(organization, membership.entry.role, membership.entry.joined_at))
        });
        Ok(Array::new(entries)?.next(next))
    }
}
