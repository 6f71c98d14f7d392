//! The endpoint `GET /users/{userId}/organizations`, which lists the organizations of a user for the user themselves.

use padron_domain::{Error, Failure, Membership, Scope};
use padron_dto::OrganizationEntry;
use padron_http::{Array, Context, Endpoint, PageRequest, Route, SelfOrKey, VisibleOrganizations};
use padron_store::{Action, Store};

/// The endpoint that lists the organizations of a user.
#[derive(Debug)]
pub struct ListUserOrganizations;

impl Endpoint for ListUserOrganizations {
    const ROUTE: Route = Route::get("list-user-organizations", "/users/{userId}/organizations");
    const SUMMARY: &'static str = "Lists the organizations that a user belongs to, ordered by id";
    const SCOPE: Option<Scope> = Some(Scope::ReadOrganization);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::MEMBERSHIPS_WITH_ORGANIZATIONS, Store::MEMBERSHIP];
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::USER_NOT_FOUND]];
    type Access = SelfOrKey;
    type Input = PageRequest;
    type Output = Array<OrganizationEntry>;

    async fn handle(cx: &Context<'_>, caller: SelfOrKey, paging: PageRequest) -> Result<Self::Output, Error> {
        let user = match caller.organizations() {
            VisibleOrganizations::OfUser(user) => *user,
            VisibleOrganizations::Only(only) => {
                paging.require_only_page()?;
                let user = cx.request.parameter()?;
                let organization = only.organization.clone();
                let member = cx.store().membership(organization.id, user).await?;
                let Membership { role, joined_at, .. } = member.ok_or(Failure::USER_NOT_FOUND)?;
                return Array::new([OrganizationEntry::new(organization, role, joined_at)]);
            }
        };
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
