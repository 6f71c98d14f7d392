//! `GET /organizations/{organizationId}/customers/{customerId}/hierarchy`: those above a customer, and those right below it.

use padron_domain::{Ancestors, Customer, CustomerNumber, Error};
use padron_http::{Context, Endpoint, Member, Page, Paging, Route};
use padron_store::{Action, Consistency, CustomersByNumber, QueryPage, Store};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::named_customer::NamedCustomer;

/// Reads a customer's place among others.
#[derive(Debug)]
pub struct GetCustomerHierarchy;

/// A customer's place among others.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CustomerHierarchy")]
pub struct HierarchyResponse {
    /// The customer.
    customer: CustomerNode,
    /// Those above it: its parent first, the root last.
    path: Vec<CustomerNode>,
    /// Those that belong to it, oldest first: a page of them.
    children: Vec<CustomerNode>,
}

/// A customer in a hierarchy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CustomerNode {
    /// 24 hex digits.
    id: String,
    /// The same customer as a number of at most 53 bits.
    number: u64,
    /// Legal name.
    legal_name: String,
    /// `Private`, `Business`, `CPO` or `CPOSubsidiary`.
    #[schemars(extend("enum" = ["Private", "Business", "CPO", "CPOSubsidiary"]))]
    r#type: &'static str,
    /// Number of the customer it belongs to.
    parent_id: Option<u64>,
}

impl CustomerNode {
    fn new(customer: &Customer, parent: Option<CustomerNumber>) -> Self {
        Self {
            id: customer.id.to_string(),
            number: customer.number.get(),
            legal_name: customer.name.clone(),
            r#type: customer.kind.name(),
            parent_id: parent.map(CustomerNumber::get),
        }
    }
}

impl Endpoint for GetCustomerHierarchy {
    const ROUTE: Route = Route::get(
        "get-customer-hierarchy",
        "/organizations/{organizationId}/customers/{customerId}/hierarchy",
    );
    const SUMMARY: &'static str =
        "The customers above a customer, up to the root, and a page of its children";
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::CUSTOMER, Store::CUSTOMER_CHILDREN, Store::CUSTOMERS_BY_NUMBER];
    type Access = Member<NamedCustomer>;
    type Input = Paging;
    type Output = Page<HierarchyResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<NamedCustomer>,
        paging: Paging,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.with_resource()?;
        let organization = member.organization().id;
        let customer = named.resolve(cx, organization).await?;
        let (store, number) = (cx.store(), customer.number);
        let scope = json!([organization.uuid(), number.get()]);
        let after = paging.after_position(cx, &scope, place)?;
        let children = async {
            let QueryPage { items: numbers, has_more } =
                store.children(organization, number, after, paging.limit()).await?;
            let CustomersByNumber { customers, looked_at } =
                store.customers_by_number(organization, &numbers, Consistency::Strong).await?;
            let next = numbers[..looked_at].last().filter(|_| has_more || looked_at < numbers.len());
            Ok::<_, Error>((customers, next.copied()))
        };
        // Those above name each other, so they are read one after the other, each as it is now.
        let path = async {
            let mut above: Vec<Customer> = Vec::new();
            let mut next = customer.parent;
            while let Some(number) = next.filter(|_| above.len() < Ancestors::MAX_DISTANCE) {
                let Some(parent) = store.customer(organization, number).await? else { break };
                next = parent.parent;
                above.push(parent);
            }
            Ok::<_, Error>(above)
        };
        let ((children, next), above) = tokio::try_join!(children, path)?;
        let next =
            next.map(|last| paging.next_position(cx, &scope, &last.get().to_be_bytes())).transpose()?;
        // The index is a little older than the children themselves.
        let children = children.iter().filter(|child| child.parent == Some(number));
        let children = children.map(|child| CustomerNode::new(child, Some(number))).collect();
        // Of each, the next one is the parent; the last has none, or one that is gone.
        let parents = above.iter().skip(1).map(|parent| Some(parent.number)).chain([None]);
        let path = above.iter().zip(parents).map(|(one, parent)| CustomerNode::new(one, parent)).collect();
        let customer = CustomerNode::new(&customer, above.first().map(|parent| parent.number));
        Ok(Page { body: HierarchyResponse { customer, path, children }, next })
    }
}

/// Where a page of children begins: after that number.
fn place(bytes: &[u8]) -> Option<CustomerNumber> {
    CustomerNumber::new(u64::from_be_bytes(bytes.try_into().ok()?))
}
