//! `GET /v2/customers`: customers in Spirii's dialect, for members of the credential's organization.

use padron_domain::{Error, Failure};
use padron_dto::customer::spirii::{CustomerResponse, PageResponse};
use padron_http::{Changes, Context, CredentialMember, CustomerCount, Endpoint, Page, Route};
use padron_store::Action;

use crate::{
    engine::{self, complete_until, list},
    kin::{Reach, cpo_of, owner_of},
    plan::{EmptyQuery, ListOptions, Plan},
    query::ListQuery,
    spirii::sees_account_numbers,
};

const SPIRII: ListOptions = ListOptions { empty_query: EmptyQuery::Defaults, counts_matches: true };

/// Lists customers.
#[derive(Debug)]
pub struct SpiriiListCustomers;

impl Endpoint for SpiriiListCustomers {
    const ROUTE: Route = Route::get("spirii-list-customers", "/v2/customers");
    const SUMMARY: &'static str = "Customers of the credential's organization, as Spirii shows them";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PageTooLarge]];
    const ACTIONS: &'static [&'static [Action]] = engine::ACTIONS;
    const MEMORY: u16 = engine::MEMORY;
    type Access = CredentialMember<CustomerCount>;
    type Input = ListQuery;
    type Output = Changes<Page<PageResponse>>;

    async fn handle(
        cx: &Context<'_>,
        member: CredentialMember<CustomerCount>,
        query: ListQuery,
    ) -> Result<Self::Output, Error> {
        let (member, CustomerCount(total)) = member.into_member().with_target()?;
        let organization = member.organization().id;
        let plan = Plan::new(cx, query, Self::ROUTE, organization, SPIRII)?;
        let listing = list(cx, organization, total, &plan, Reach::Cpo).await?;
        if !listing.is_whole {
            return Err(Failure::PageTooLarge.into());
        }
        let unmasked = sees_account_numbers(&member);
        let last = listing.after(listing.customers.len());
        let next = last.map(|last| plan.next(cx, last.clone(), listing.count)).transpose()?;
        let show = |customer| {
            let (owner, cpo) = (owner_of(&listing.kin, &customer), cpo_of(&listing.kin, &customer));
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
