//! `POST /customer/getByOrganization/{organizationId}`: customers in Cyrexa's dialect, by type, status and time.

use padron_domain::{Error, Failure};
use padron_dto::customer::cyrexa::CustomersResponse;
use padron_http::{Context, CustomerCount, Endpoint, Json, Page, Route, TenantMember};
use padron_store::Action;

use crate::{
    cyrexa_search::{Search, search},
    engine,
};

/// Searches customers.
#[derive(Debug)]
pub struct CyrexaGetByOrganization;

impl Endpoint for CyrexaGetByOrganization {
    const ROUTE: Route =
        Route::post("cyrexa-get-by-organization", "/customer/getByOrganization/{organizationId}");
    const SUMMARY: &'static str =
        "Customers of an organization, as Cyrexa shows them, by type, status and time";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PageTooLarge, Failure::QueryTooBroad]];
    const ACTIONS: &'static [&'static [Action]] = engine::ACTIONS;
    const MEMORY: u16 = engine::MEMORY;
    type Access = TenantMember<CustomerCount>;
    type Input = Json<Search>;
    type Output = Page<CustomersResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: TenantMember<CustomerCount>,
        Json(body): Json<Search>,
    ) -> Result<Self::Output, Error> {
        search(cx, member.into_member(), body, None).await
    }
}
