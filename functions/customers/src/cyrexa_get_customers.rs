//! `GET /organization/getCustomers/{organizationId}`: customers in Cyrexa's dialect, for members.

use padron_domain::Error;
use padron_dto::customer::cyrexa::CustomerEnvelope;
use padron_http::{Array, Context, Endpoint, Route, TenantMember};
use padron_store::{Action, Store};

use crate::{
    page::array,
    query::{ListQuery, WithoutParameters},
};

/// Lists customers.
#[derive(Debug)]
pub struct CyrexaGetCustomers;

impl Endpoint for CyrexaGetCustomers {
    const ROUTE: Route = Route::get("cyrexa-get-customers", "/organization/getCustomers/{organizationId}");
    const SUMMARY: &'static str = "Customers of an organization, as Cyrexa shows them";
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMERS];
    type Access = TenantMember;
    type Input = ListQuery;
    type Output = Array<CustomerEnvelope>;

    async fn handle(cx: &Context<'_>, member: TenantMember, query: ListQuery) -> Result<Self::Output, Error> {
        let organization = member.organization().id;
        let plan = query.plan(cx, Self::ROUTE, organization, WithoutParameters::All)?;
        let (page, count) = plan.read(cx, organization).await?;
        let path = format!("/organization/getCustomers/{organization}");
        array(cx, &plan, &path, page, count)
    }
}
