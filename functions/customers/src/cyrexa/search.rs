//! The body and the response of Cyrexa's two searches.

use padron_domain::{
    CustomerSort, CustomerStatus, Direction, Error, Failure, InstantProblem, PageStart, TimeRange, Timestamp,
};
use padron_dto::customer::cyrexa::{CustomerType, CustomersResponse};
use padron_http::{Caller, Context, PAGE_TOO_LARGE, Page};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::{
    ancestors::AncestorDepth,
    customer_count::CustomerCount,
    list::{DEFAULT_LIMIT, Filters, MAX_LIMIT, Plan, list},
};

/// A search for customers, and the page of it to return. The oldest customers are first.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields, default)]
#[schemars(rename = "CyrexaSearch")]
pub struct Search {
    /// The type of the customers.
    #[schemars(extend("enum" = ["Person", "Organization", "", null]))]
    r#type: Option<String>,
    /// The earliest creation time of the customers: an RFC 3339 timestamp, or a date, which begins at midnight UTC.
    created: Option<String>,
    /// The status of the customers, in the spelling as published or a correct one.
    #[schemars(extend("enum" = CustomerStatus::NAMES.map(Some).into_iter().chain([Some(""), None]).collect::<Vec<_>>()))]
    status: Option<String>,
    /// The number of the page, starting at 0.
    #[schemars(range(max = 1_000_000))]
    page_number: Option<u32>,
    /// The maximum number of customers in a page. The default is 50.
    #[schemars(range(min = 1, max = 1000))]
    page_size: Option<u16>,
}

/// The failures of [`find_page`].
pub(super) const FAILURES: &[&[Failure]] = &[&[Failure::QUERY_TOO_BROAD, PAGE_TOO_LARGE]];
/// The store actions of [`find_page`].
pub(super) const ACTIONS: &[&[Action]] =
    &[Store::CUSTOMERS, Store::CUSTOMER_ROWS, Store::CUSTOMERS_BY_NUMBER];

const MAX_PAGE_NUMBER: u32 = 1_000_000;

/// Returns the page that a search asks for. `type_in_path` is the type of the customers if the path names one. Fails if the page does not fit
/// into one response.
pub(super) async fn find_page<P>(
    cx: &Context<'_>,
    member: Caller<P, CustomerCount>,
    search: Search,
    type_in_path: Option<CustomerType>,
) -> Result<Page<CustomersResponse>, Error> {
    let (member, CustomerCount(total)) = member.with_resource()?;
    let organization = member.organization().id;
    let plan = search.plan(type_in_path)?;
    let listing = list(cx, organization, total, &plan, AncestorDepth::None).await?;
    if !listing.is_complete {
        return Err(PAGE_TOO_LARGE.into());
    }
    let customers = listing.customers.into_iter().map(Into::into).collect();
    Ok(Page { body: CustomersResponse { customers }, next: None })
}

impl Search {
    fn plan(self, type_in_path: Option<CustomerType>) -> Result<Plan, Error> {
        let Self { r#type, created, status, page_number, page_size } = self;
        let invalid = |name: &str, detail: &str| Error::invalid(format!("/{name}"), "invalid_value", detail);
        let type_in_body = r#type.filter(|text| !text.is_empty()).map(|text| {
            let kind = CustomerType::ALL.into_iter().find(|kind| kind.name() == text);
            kind.ok_or_else(|| invalid("type", "Person or Organization."))
        });
        let type_in_body = type_in_body.transpose()?;
        if type_in_path.is_some() && type_in_body.is_some_and(|kind| Some(kind) != type_in_path) {
            return Err(Error::invalid("/type", "contradiction", "The path names another type."));
        }
        let created = created.filter(|text| !text.is_empty()).map(|text| {
            Timestamp::parse_rounding_up(&text).or_else(|problem| {
                let of_date = Timestamp::parse_rounding_up(&format!("{text}T00:00:00Z"));
                of_date.map_err(|of_date| match (problem, of_date) {
                    (InstantProblem::Form, InstantProblem::Form) => invalid(
                        "created",
                        "An instant of RFC 3339 with its offset, or a date such as 2026-01-15.",
                    ),
                    _ => invalid("created", InstantProblem::Value.detail()),
                })
            })
        });
        let status = status.filter(|text| !text.is_empty()).map(|text| {
            CustomerStatus::parse(&text).ok_or_else(|| invalid("status", "A status of a customer."))
        });
        let limit = page_size.unwrap_or(DEFAULT_LIMIT);
        if !(1..=MAX_LIMIT).contains(&limit) {
            return Err(invalid("pageSize", "A whole number from 1 to 1000."));
        }
        let page = page_number.unwrap_or_default();
        if page > MAX_PAGE_NUMBER {
            return Err(invalid("pageNumber", "A whole number from 0 to 1,000,000."));
        }
        let filters = Filters {
            kinds: type_in_path.or(type_in_body).map(CustomerType::kinds),
            created: TimeRange { from: created.transpose()?, to: None },
            statuses: status.transpose()?.map(|status| vec![status]),
            ..Filters::default()
        };
        let skip = usize::try_from(u64::from(page) * u64::from(limit)).unwrap_or(usize::MAX);
        Ok(Plan::of(filters, (CustomerSort::Id, Direction::Ascending), PageStart::Offset(skip), limit))
    }
}
