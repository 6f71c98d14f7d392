//! `GET /organization/getCustomers/{organizationId}`: customers in Cyrexa's dialect, for members.

use padron_domain::Error;
use padron_dto::customer::cyrexa::CustomerEnvelope;
use padron_http::{Array, Changes, Context, CustomerCount, Endpoint, Route, TenantMember};
use padron_store::Action;

use crate::{
    engine::{self, complete_until, list},
    kin::Reach,
    page::array,
    plan::{EmptyQuery, ListOptions, Plan},
    query::ListQuery,
};

const CYREXA: ListOptions = ListOptions { empty_query: EmptyQuery::All, counts_matches: false };

/// Lists customers.
#[derive(Debug)]
pub struct CyrexaGetCustomers;

impl Endpoint for CyrexaGetCustomers {
    const ROUTE: Route = Route::get("cyrexa-get-customers", "/organization/getCustomers/{organizationId}");
    const SUMMARY: &'static str = "Customers of an organization, as Cyrexa shows them";
    const ACTIONS: &'static [&'static [Action]] = engine::ACTIONS;
    const MEMORY: u16 = engine::MEMORY;
    type Access = TenantMember<CustomerCount>;
    type Input = ListQuery;
    type Output = Changes<Array<CustomerEnvelope>>;

    async fn handle(
        cx: &Context<'_>,
        member: TenantMember<CustomerCount>,
        query: ListQuery,
    ) -> Result<Self::Output, Error> {
        let (member, CustomerCount(total)) = member.into_member().with_target()?;
        let organization = member.organization().id;
        let plan = Plan::new(cx, query, Self::ROUTE, organization, CYREXA)?;
        // This dialect shows no one above a customer.
        let listing = list(cx, organization, total, &plan, Reach::Nobody).await?;
        Ok(Changes { list: array(cx, &plan, listing)?, complete_until: complete_until(cx, &plan) })
    }
}
