//! `GET /v2/customers`: customers in Spirii's dialect, for members of the credential's organization.

use padron_domain::{Error, Failure, Role};
use padron_dto::customer::spirii::{CustomerResponse, PageResponse};
use padron_http::{Context, CredentialMember, Endpoint, Page, Route};
use padron_store::{Action, Store};

use crate::{
    family::Family,
    query::{ListQuery, WithoutParameters},
};

/// Lists customers.
#[derive(Debug)]
pub struct SpiriiListCustomers;

impl Endpoint for SpiriiListCustomers {
    const ROUTE: Route = Route::get("spirii-list-customers", "/v2/customers");
    const SUMMARY: &'static str = "Customers of the credential's organization, as Spirii shows them";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PageTooLarge]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CUSTOMERS, Store::CUSTOMER_RELATIVES];
    type Access = CredentialMember;
    type Input = ListQuery;
    type Output = Page<PageResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: CredentialMember,
        query: ListQuery,
    ) -> Result<Self::Output, Error> {
        let organization = member.organization().id;
        let plan = query.plan(cx, Self::ROUTE, organization, WithoutParameters::Defaults)?;
        let (page, count) = plan.read(cx, organization).await?;
        // Ended before it was full: it holds more than one answer can.
        if page.more && page.customers.len() < plan.limit.into() {
            return Err(Failure::PageTooLarge.into());
        }
        let family = Family::of(cx.store(), organization, &page.customers).await?;
        let last = page.customers.last().map(|customer| customer.number).filter(|_| page.more);
        // Account numbers are for those who may change them.
        let unmasked = member.membership().role >= Role::Admin;
        let show = |customer| {
            let (owner, cpo) = (family.owner_of(&customer), family.cpo_of(&customer));
            CustomerResponse::new(customer, owner, cpo, unmasked)
        };
        Ok(Page {
            body: PageResponse {
                data: page.customers.into_iter().map(show).collect(),
                count,
                limit: plan.limit.into(),
                offset: plan.offset.into(),
            },
            next: last.map(|last| plan.next(cx, Self::ROUTE.path, last)),
        })
    }
}
