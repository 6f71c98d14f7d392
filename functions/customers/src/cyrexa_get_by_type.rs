//! `POST /customer/getByCustomerType/{customerType}`: customers of a type in Cyrexa's dialect, by status and time.

use padron_domain::{Error, Failure};
use padron_dto::customer::cyrexa::{CustomerType, CustomersResponse};
use padron_http::{Context, CustomerCount, Endpoint, Json, MemberOfTenant, Page, Route};
use padron_store::Action;

use crate::{
    cyrexa_search::{Search, search},
    engine,
};

/// Searches customers of a type.
#[derive(Debug)]
pub struct CyrexaGetByType;

impl Endpoint for CyrexaGetByType {
    const ROUTE: Route = Route::post("cyrexa-get-by-type", "/customer/getByCustomerType/{customerType}");
    const SUMMARY: &'static str = "Customers of a type, as Cyrexa shows them, by status and time";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PageTooLarge, Failure::QueryTooBroad]];
    const ACTIONS: &'static [&'static [Action]] = engine::ACTIONS;
    const MEMORY: u16 = engine::MEMORY;
    type Access = MemberOfTenant<CustomerCount>;
    type Input = Json<Search>;
    type Output = Page<CustomersResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberOfTenant<CustomerCount>,
        Json(body): Json<Search>,
    ) -> Result<Self::Output, Error> {
        let named = cx.request.path_parameter("customerType").unwrap_or_default();
        let kind = CustomerType::ALL.into_iter().find(|kind| kind.name() == named);
        let invalid = || Error::invalid("/path/customerType", "unknown_value", "Person or Organization.");
        search(cx, member.into_member(), body, Some(kind.ok_or_else(invalid)?)).await
    }
}
