//! The endpoint `POST /customer/getByCustomerType/{customerType}`, which searches customers of a type in Cyrexa's dialect.

use padron_domain::{Error, Failure, Scope};
use padron_dto::customer::cyrexa::{CustomerType, CustomersResponse};
use padron_http::{
    Context, Endpoint, Input, Json, Page, PathParameter, PathParameterDescription, Request, Route,
    openapi::{Operation, Schemas},
};
use padron_store::Action;
use serde_json::{Value, json};

use super::{
    access::MemberByTenant,
    search::{self, Search},
};
use crate::{customer_count::CustomerCount, list};

/// The type of the customers in the path parameter `{customerType}`.
#[derive(Debug)]
pub struct CustomerTypeParameter(CustomerType);

impl PathParameter for CustomerTypeParameter {
    const NAME: &'static str = "customerType";
    const DESCRIPTION: &'static str = "The type of the customers";
    const EXPECTED: &'static str = "Person or Organization.";
    const VIOLATION: &'static str = "unknown_value";

    fn schema() -> Value {
        json!({ "type": "string", "enum": CustomerType::ALL.map(CustomerType::name) })
    }

    fn parse(text: &str) -> Option<Self> {
        CustomerType::ALL.into_iter().find(|kind| kind.name() == text).map(Self)
    }
}

/// The input of the endpoint: the type in the path, and the search in the body.
#[derive(Debug)]
pub struct TypedSearch {
    search: Search,
    customer_type: CustomerType,
}

impl Input for TypedSearch {
    const FAILURES: &'static [Failure] = Json::<Search>::FAILURES;
    const PATH: &'static [PathParameterDescription] =
        &[PathParameterDescription::of::<CustomerTypeParameter>()];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let Json(search) = Json::decode(request)?;
        let CustomerTypeParameter(customer_type) = request.parameter()?;
        Ok(Self { search, customer_type })
    }

    fn describe(operation: &mut Operation, schemas: &mut Schemas) {
        Json::<Search>::describe(operation, schemas);
    }
}

/// The endpoint that searches customers of a type in Cyrexa's dialect.
#[derive(Debug)]
pub struct CyrexaGetByType;

impl Endpoint for CyrexaGetByType {
    const ROUTE: Route = Route::post("cyrexa-get-by-type", "/customer/getByCustomerType/{customerType}");
    const SUMMARY: &'static str = "Lists the customers of a type in the format of Cyrexa, by status and time";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = search::FAILURES;
    const ACTIONS: &'static [&'static [Action]] = search::ACTIONS;
    const MEMORY: u16 = list::MEMORY;
    type Access = MemberByTenant<CustomerCount>;
    type Input = TypedSearch;
    type Output = Page<CustomersResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByTenant<CustomerCount>,
        TypedSearch { search: body, customer_type }: TypedSearch,
    ) -> Result<Self::Output, Error> {
        search::find_page(cx, member, body, Some(customer_type)).await
    }
}
