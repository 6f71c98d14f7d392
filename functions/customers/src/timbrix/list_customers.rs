//! The endpoint `GET /organizations/{organizationId}/customers`, which lists customers in Timbrix's dialect for members.

use padron_domain::{Error, Scope};
use padron_dto::customer::timbrix::CustomerResponse;
use padron_http::{Array, Changes, Context, Endpoint, Member, Route};
use padron_store::Action;

use crate::{
    ancestors::AncestorDepth,
    customer_count::CustomerCount,
    list::{self, EmptyQuery, ListOptions, ListQuery, Plan, array, complete_until, list},
};

const TIMBRIX: ListOptions = ListOptions { empty_query: EmptyQuery::All, counts_matches: false };

/// The endpoint that lists the customers of an organization in Timbrix's dialect.
#[derive(Debug)]
pub struct ListCustomers;

impl Endpoint for ListCustomers {
    const ROUTE: Route = Route::get("list-customers", "/organizations/{organizationId}/customers");
    const SUMMARY: &'static str =
        "Lists customers of an organization; without parameters, as many as one response holds, oldest first";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = list::ACTIONS;
    const MEMORY: u16 = list::MEMORY;
    type Access = Member<CustomerCount>;
    type Input = ListQuery;
    type Output = Changes<Array<CustomerResponse>>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<CustomerCount>,
        query: ListQuery,
    ) -> Result<Self::Output, Error> {
        let (member, CustomerCount(total)) = member.with_resource()?;
        let organization = member.organization().id;
        let plan = Plan::new(cx, query, Self::ROUTE, organization, TIMBRIX)?;
        let listing = list(cx, organization, total, &plan, AncestorDepth::Parent).await?;
        Ok(Changes { list: array(cx, &plan, listing)?, complete_until: complete_until(cx, &plan) })
    }
}
