//! The endpoint `POST /customer/getByOrganization/{organizationId}`, which searches customers by type, status and time in Cyrexa's
//! dialect.

use padron_domain::{Error, Failure, Scope};
use padron_dto::customer::cyrexa::CustomersResponse;
use padron_http::{Context, Endpoint, Json, Page, Route};
use padron_store::Action;

use super::{
    access::MemberByPathAndTenant,
    search::{self, Search},
};
use crate::{customer_count::CustomerCount, list};

/// The endpoint that searches the customers of an organization in Cyrexa's dialect.
#[derive(Debug)]
pub struct CyrexaGetByOrganization;

impl Endpoint for CyrexaGetByOrganization {
    const ROUTE: Route =
        Route::post("cyrexa-get-by-organization", "/customer/getByOrganization/{organizationId}");
    const SUMMARY: &'static str =
        "Lists the customers of an organization in the format of Cyrexa, by type, status and time";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = search::FAILURES;
    const ACTIONS: &'static [&'static [Action]] = search::ACTIONS;
    const MEMORY: u16 = list::MEMORY;
    type Access = MemberByPathAndTenant<CustomerCount>;
    type Input = Json<Search>;
    type Output = Page<CustomersResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByPathAndTenant<CustomerCount>,
        Json(body): Json<Search>,
    ) -> Result<Self::Output, Error> {
        search::find_page(cx, member, body, None).await
    }
}
