//! `GET /organizations/{organizationId}/customers`: customers in Timbrix's dialect, for members.

use padron_domain::Error;
use padron_dto::customer::timbrix::CustomerResponse;
use padron_http::{Array, Context, Endpoint, Member, Route};
use padron_store::{Action, Store};

use crate::{
    page::array,
    query::{ListQuery, WithoutParameters},
};

/// Lists customers.
#[derive(Debug)]
pub struct ListCustomers;

impl Endpoint for ListCustomers {
    const ROUTE: Route = Route::get("list-customers", "/organizations/{organizationId}/customers");
    const SUMMARY: &'static str =
        "Customers of an organization, oldest first; without parameters as many as one answer holds";
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMERS];
    type Access = Member;
    type Input = ListQuery;
    type Output = Array<CustomerResponse>;

    async fn handle(cx: &Context<'_>, member: Member, query: ListQuery) -> Result<Self::Output, Error> {
        let organization = member.organization().id;
        let plan = query.plan(cx, Self::ROUTE, organization, WithoutParameters::All)?;
        let (page, count) = plan.read(cx, organization).await?;
        let path = format!("/organizations/{organization}/customers");
        array(cx, &plan, &path, page, count)
    }
}
