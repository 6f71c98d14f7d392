//! `POST /customer/getByOrganization/{organizationId}`: customers in Cyrexa's dialect, by type, status and time.

use padron_domain::{Error, Failure};
use padron_dto::customer::cyrexa::CustomersResponse;
use padron_http::{Context, Endpoint, Json, Page, Route};
use padron_store::Action;

use super::{
    access::MemberByPathAndTenant,
    search::{Search, search},
};
use crate::{customer_count::CustomerCount, list};

/// Searches customers.
#[derive(Debug)]
pub struct CyrexaGetByOrganization;

impl Endpoint for CyrexaGetByOrganization {
    const ROUTE: Route =
        Route::post("cyrexa-get-by-organization", "/customer/getByOrganization/{organizationId}");
    const SUMMARY: &'static str =
        "Customers of an organization, as Cyrexa shows them, by type, status and time";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::QUERY_TOO_BROAD]];
    const ACTIONS: &'static [&'static [Action]] = list::ACTIONS;
    const MEMORY: u16 = list::MEMORY;
    type Access = MemberByPathAndTenant<CustomerCount>;
    type Input = Json<Search>;
    type Output = Page<CustomersResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByPathAndTenant<CustomerCount>,
        Json(body): Json<Search>,
    ) -> Result<Self::Output, Error> {
        search(cx, member, body, None).await
    }
}
