//! The endpoint `GET /v2/customers`, which lists customers in Spirii's dialect for members of the credential's organization.

use padron_domain::{Error, Failure, Scope};
use padron_dto::customer::spirii::{CustomerResponse, PageResponse};
use padron_http::{Changes, Context, Endpoint, MemberByCredential, PAGE_TOO_LARGE, Page, Route};
use padron_store::Action;

use super::show::sees_account_numbers;
use crate::{
    ancestors::{AncestorDepth, cpo_of, parent_reference},
    customer_count::CustomerCount,
    list::{self, EmptyQuery, ListOptions, ListQuery, Plan, complete_until, list},
};

const SPIRII: ListOptions = ListOptions { empty_query: EmptyQuery::Defaults, counts_matches: true };

/// The endpoint that lists the customers of the credential's organization in Spirii's dialect.
#[derive(Debug)]
pub struct SpiriiListCustomers;

impl Endpoint for SpiriiListCustomers {
    const ROUTE: Route = Route::get("spirii-list-customers", "/v2/customers");
    const SUMMARY: &'static str =
        "Lists the customers of the credential's organization in the format of Spirii";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[PAGE_TOO_LARGE]];
    const ACTIONS: &'static [&'static [Action]] = list::ACTIONS;
    const MEMORY: u16 = list::MEMORY;
    type Access = MemberByCredential<CustomerCount>;
    type Input = ListQuery;
    type Output = Changes<Page<PageResponse>>;

    async fn handle(
        cx: &Context<'_>,
        member: MemberByCredential<CustomerCount>,
        query: ListQuery,
    ) -> Result<Self::Output, Error> {
        let (member, CustomerCount(total)) = member.with_resource()?;
        let organization = member.organization().id;
        let plan = Plan::new(cx, query, Self::ROUTE, organization, SPIRII)?;
        let listing = list(cx, organization, total, &plan, AncestorDepth::Cpo).await?;
        if !listing.is_complete {
            return Err(PAGE_TOO_LARGE.into());
        }
        let unmasked = sees_account_numbers(member.role());
        let last = listing.after(listing.customers.len());
        let next = last.map(|last| plan.next(cx, last.clone(), listing.count)).transpose()?;
        let show = |customer| {
            let (owner, cpo) =
                (parent_reference(&listing.ancestors, &customer), cpo_of(&listing.ancestors, &customer));
            CustomerResponse::new(customer, owner, cpo, unmasked)
        };
        let page = Page {
            body: PageResponse {
                data: listing.customers.into_iter().map(show).collect(),
                count: listing.count.unwrap_or_default(),
                limit: plan.limit.into(),
                offset: plan.offset(),
            },
            next,
        };
        Ok(Changes { list: page, complete_until: complete_until(cx, &plan) })
    }
}
