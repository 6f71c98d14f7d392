//! The endpoint `GET /organizations`, which lists the organizations that the caller belongs to.

use padron_domain::{Error, Failure, Organization, Role, Scope, check_slug};
use padron_dto::OrganizationEntry;
use padron_http::{
    Array, Context, Endpoint, Input, OnlyOrganization, PageRequest, Query, Request, Route, UserOrKey,
    VisibleOrganizations,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, MembershipWithOrganization, Store};
use serde_json::json;

/// The endpoint that lists the caller's organizations.
#[derive(Debug)]
pub struct ListOrganizations;

/// The query parameters of the list of organizations.
#[derive(Debug)]
pub struct OrganizationQuery {
    paging: PageRequest,
    status: Status,
    slug: Option<String>,
}

#[derive(Clone, Copy, Debug)]
enum Status {
    Active,
    /// The deleted organizations that the caller can restore.
    Deleted,
}

impl Input for OrganizationQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["limit", "cursor", "status", "slug"])?;
        let status = query.parse("status", "active or deleted.", |status| match status {
            "active" => Some(Status::Active),
            "deleted" => Some(Status::Deleted),
            _ => None,
        });
        Ok(Self {
            paging: PageRequest::read(&query)?,
            status: status?.unwrap_or(Status::Active),
            slug: query.get("slug").map(ToOwned::to_owned),
        })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        PageRequest::describe_parameters(operation);
        let status = json!({ "type": "string", "enum": ["active", "deleted"], "default": "active" });
        operation.parameter(
            "query",
            "status",
            "`deleted`: those that the caller can restore",
            false,
            &status,
        );
        operation.parameter("query", "slug", "The one of this slug", false, &json!({ "type": "string" }));
    }
}

impl Endpoint for ListOrganizations {
    const ROUTE: Route = Route::get("list-organizations", "/organizations");
    const SUMMARY: &'static str = "Lists the organizations that the caller belongs to, ordered by id";
    const SCOPE: Option<Scope> = Some(Scope::ReadOrganization);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::MEMBERSHIPS_WITH_ORGANIZATIONS, Store::ORGANIZATION_WITH_SLUG, Store::ORGANIZATION_ACCESS];
    type Access = UserOrKey;
    type Input = OrganizationQuery;
    type Output = Array<OrganizationEntry>;

    async fn handle(
        cx: &Context<'_>,
        caller: UserOrKey,
        query: OrganizationQuery,
    ) -> Result<Self::Output, Error> {
        let is_wanted = |organization: &Organization, role: Role| match query.status {
            Status::Active => organization.deleted_at.is_none(),
            Status::Deleted => {
                role == Role::Owner && organization.restorable_until().is_some_and(|until| cx.now() < until)
            }
        };
        let user = match caller.organizations() {
            VisibleOrganizations::OfUser(user) => *user,
            VisibleOrganizations::Only(only) => {
                query.paging.require_only_page()?;
                let OnlyOrganization { organization, role, since, .. } = &**only;
                let is_named = query.slug.as_ref().is_none_or(|slug| *slug == organization.slug);
                let is_listed = is_named && is_wanted(organization, *role);
                let entry = is_listed.then(|| OrganizationEntry::new(organization.clone(), *role, *since));
                return Array::new(entry);
            }
        };
        let after = query.paging.after(cx, user)?;
        if let Some(slug) = &query.slug {
            // An invalid slug belongs to no organization, and may not be a valid key in DynamoDB.
            if check_slug(slug).is_err() {
                return Array::new([]);
            }
            let Some(id) = cx.store().organization_with_slug(slug).await? else {
                return Array::new([]);
            };
            let access = cx.store().organization_access(id, user, []).await?;
            let found = access.organization.zip(access.membership);
            let entry = found.filter(|(organization, one)| is_wanted(organization, one.role));
            let entry = entry
                .map(|(organization, one)| OrganizationEntry::new(organization, one.role, one.joined_at));
            return Array::new(entry);
        }
        let page = cx.store().memberships_with_organizations(user, after, query.paging.limit()).await?;
        let next = query.paging.next(cx, user, page.next.map(|last| last.entry.organization))?;
        let entries =
            page.items.into_iter().filter_map(|MembershipWithOrganization { organization, entry }| {
                let organization = organization.filter(|organization| is_wanted(organization, entry.role))?;
                Some(OrganizationEntry::new(organization, entry.role, entry.joined_at))
            });
        Ok(Array::new(entries)?.next(next))
    }
}
