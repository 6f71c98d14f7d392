//! The endpoint `GET /organization/getCustomers/{organizationId}`, which lists customers in Cyrexa's dialect for members.

use padron_domain::{Error, Scope};
use padron_dto::customer::cyrexa::CustomerEnvelope;
use padron_http::{Array, Changes, Context, Endpoint, Route};
use padron_store::Action;

use super::access::MemberByPathAndTenant;
use crate::{
    ancestors::AncestorDepth,
    customer_count::CustomerCount,
    list::{self, EmptyQuery, ListOptions, ListQuery, Plan, array, complete_until, list},
};

const CYREXA: ListOptions = ListOptions { empty_query: EmptyQuery::All, counts_matches: false };

/// The endpoint that lists the customers of an organization in Cyrexa's dialect.
#[derive(Debug)]
pub struct CyrexaGetCustomers;

impl Endpoint for CyrexaGetCustomers {
    const ROUTE: Route = Route::get("cyrexa-get-customers", "/organization/getCustomers/{organizationId}");
    const SUMMARY: &'static str = "Lists the customers of an organization in the format of Cyrexa";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] = list::ACTIONS;
    const MEMORY: u16 = list::MEMORY;
    type Access = MemberByPathAndTenant<CustomerCount>;
    type Input = ListQuery;
    type Output = Changes<Array<CustomerEnvelope>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByPathAndTenant<CustomerCount>,
        query: ListQuery,
    ) -> Result<Self::Output, Error> {
        let (member, CustomerCount(total)) = member.with_resource()?;
        let organization = member.organization().id;
        let plan = Plan::new(cx, query, Self::ROUTE, organization, CYREXA)?;
        // This dialect shows no ancestors.
        let listing = list(cx, organization, total, &plan, AncestorDepth::None).await?;
        Ok(Changes { list: array(cx, &plan, listing)?, complete_until: complete_until(cx, &plan) })
    }
}
