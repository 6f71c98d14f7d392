//! `GET /organizations/{organizationId}/customers`: customers in Timbrix's dialect, for members.

use padron_domain::Error;
use padron_dto::customer::timbrix::CustomerResponse;
use padron_http::{Array, Context, CustomerCount, Endpoint, Member, Route};
use padron_store::Action;

use crate::{
    engine::{self, list},
    kin::Reach,
    page::array,
    plan::{Manner, Plan, WithoutParameters},
    query::ListQuery,
};

const TIMBRIX: Manner = Manner { without_parameters: WithoutParameters::All, counts_matches: false };

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
    type Output = Array<CustomerResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<CustomerCount>,
        query: ListQuery,
    ) -> Result<Self::Output, Error> {
        let (member, CustomerCount(total)) = member.with_target()?;
        let organization = member.organization().id;
        let plan = Plan::new(cx, query, Self::ROUTE, organization, TIMBRIX)?;
        let listing = list(cx, organization, total, &plan, Reach::Parents).await?;
        let path = format!("/organizations/{organization}/customers");
        array(cx, &plan, &path, listing)
    }
}
