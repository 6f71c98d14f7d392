//! `GET /organizations/{organizationId}/customers`: customers in Timbrix's dialect, for members.

use padron_domain::Error;
use padron_dto::customer::timbrix::CustomerResponse;
use padron_http::{Array, Changes, Context, CustomerCount, Endpoint, Member, Route};
use padron_store::Action;

use crate::{
    engine::{self, complete_until, list},
    kin::Reach,
    page::array,
    plan::{EmptyQuery, ListOptions, Plan},
    query::ListQuery,
};

const TIMBRIX: ListOptions = ListOptions { empty_query: EmptyQuery::All, counts_matches: false };

/// Lists customers.
#[derive(Debug)]
pub struct ListCustomers;

impl Endpoint for ListCustomers {
    const ROUTE: Route = Route::get("list-customers", "/organizations/{organizationId}/customers");
    const SUMMARY: &'static str =
        "Customers of an organization; without parameters all that one answer holds, oldest first";
    const ACTIONS: &'static [&'static [Action]] = engine::ACTIONS;
    const MEMORY: u16 = engine::MEMORY;
    type Access = Member<CustomerCount>;
    type Input = ListQuery;
    type Output = Changes<Array<CustomerResponse>>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<CustomerCount>,
        query: ListQuery,
    ) -> Result<Self::Output, Error> {
        let (member, CustomerCount(total)) = member.with_target()?;
        let organization = member.organization().id;
        let plan = Plan::new(cx, query, Self::ROUTE, organization, TIMBRIX)?;
        let listing = list(cx, organization, total, &plan, Reach::Parents).await?;
        Ok(Changes { list: array(cx, &plan, listing)?, complete_until: complete_until(cx, &plan) })
    }
}
