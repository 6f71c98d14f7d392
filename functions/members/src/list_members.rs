//! The endpoint `GET /organizations/{organizationId}/members`, which lists the members for every member of the organization.

use padron_domain::{Error, Failure, Membership, Role, Scope, search_key, trim};
use padron_dto::MemberResponse;
use padron_http::{
    Array, Context, Endpoint, Input, Member, PageRequest, Query, Request, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Store};
use serde_json::json;

/// The endpoint that lists the members of an organization.
#[derive(Debug)]
pub struct ListMembers;

/// The query parameters of the list of members.
#[derive(Debug)]
pub struct MemberQuery {
    paging: PageRequest,
    /// The text to search for, normalized with [`search_key`]; `None` if there is no `q`.
    text: Option<String>,
    role: Option<Role>,
}

const MAX_TEXT_LENGTH: usize = 100;

impl Input for MemberQuery {
    const FAILURES: &'static [Failure] = &[Failure::INVALID_REQUEST];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["limit", "cursor", "q", "role"])?;
        let text = query.parse("q", "1 to 100 characters.", |text| {
            let text = trim(text);
            (1..=MAX_TEXT_LENGTH).contains(&text.chars().count()).then(|| search_key(text))
        })?;
        let role = query.parse("role", "member, admin or owner.", Role::parse)?;
        Ok(Self { paging: PageRequest::read(&query)?, text, role })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        PageRequest::describe_parameters(operation);
        let text = json!({ "type": "string", "minLength": 1, "maxLength": MAX_TEXT_LENGTH });
        let meaning = "Those with this in name or e-mail, whatever the case and the accents";
        operation.parameter("query", "q", meaning, false, &text);
        let role = json!({ "type": "string", "enum": Role::ALL.map(Role::name) });
        operation.parameter("query", "role", "Those with this role", false, &role);
    }
}

impl Endpoint for ListMembers {
    const ROUTE: Route = Route::get("list-members", "/organizations/{organizationId}/members");
    const SUMMARY: &'static str = "Lists the members of an organization, ordered by id";
    const SCOPE: Option<Scope> = Some(Scope::ReadMembers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = &[Store::MEMBERS];
    type Access = Member;
    type Input = MemberQuery;
    type Output = Array<MemberResponse>;

    async fn handle(cx: &Context<'_>, caller: Member, query: MemberQuery) -> Result<Self::Output, Error> {
        let MemberQuery { paging, text, role } = query;
        let (organization, store) = (caller.organization().id, cx.store());
        let after = paging.after(cx, organization)?;
        let (page, total) = if text.is_none() && role.is_none() {
            let page = store.members(organization, after, paging.limit(), None);
            let (page, total) = tokio::try_join!(page, store.member_count(organization))?;
            (page, Some(total))
        } else {
            let is_wanted = |member: &Membership| {
                let holds = |field: &Option<String>, text: &str| {
                    field.as_ref().is_some_and(|field| search_key(field).contains(text))
                };
                role.is_none_or(|role| role == member.role)
                    && text
                        .as_ref()
                        .is_none_or(|text| holds(&member.name, text) || holds(&member.email, text))
            };
            (store.members(organization, after, paging.limit(), Some(&is_wanted)).await?, None)
        };
        let next = paging.next(cx, organization, page.next.map(|last| last.user))?;
        let array = Array::new(page.items.into_iter().map(MemberResponse::from))?.next(next);
        Ok(match total {
            Some(total) => array.total(total),
            None => array,
        })
    }
}
