//! `GET /users/{userId}/organizations`: the organizations a user belongs to, for themselves.

use padron_domain::Error;
use padron_dto::OrganizationEntry;
use padron_http::{Array, Context, Endpoint, OneSelf, Paging, Route};
use padron_store::{Action, Store};

/// Lists a user's organizations.
#[derive(Debug)]
pub struct ListUserOrganizations;

impl Endpoint for ListUserOrganizations {
    const ROUTE: Route = Route::get("list-user-organizations", "/users/{userId}/organizations");
    const SUMMARY: &'static str = "The organizations a user belongs to, in the order of their ids";
    const ACTIONS: &'static [&'static [Action]] = &[Store::BELONGINGS];
    type Access = OneSelf;
    type Input = Paging;
    type Output = Array<OrganizationEntry>;

    async fn handle(cx: &Context<'_>, caller: OneSelf, paging: Paging) -> Result<Self::Output, Error> {
        let user = caller.principal().user().id;
        let page = cx.store().belongings(user, paging.after(cx, user)?, paging.limit()).await?;
        let next = paging.next(cx, user, page.next.map(|last| last.place.organization))?;
        let entries = page.items.into_iter().filter_map(|belonging| {
            let organization = belonging.organization.filter(|one| one.deleted_at.is_none())?;
            Some(OrganizationEntry::new(organization, belonging.place.role, belonging.place.joined_at))
        });
        Ok(Array::of(entries)?.0.next(next))
    }
}
