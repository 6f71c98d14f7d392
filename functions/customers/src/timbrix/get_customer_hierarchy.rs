//! The endpoint `GET /organizations/{organizationId}/customers/{customerId}/hierarchy`, which returns the ancestors and the children of a
//! customer.

use padron_domain::{Ancestors, Customer, CustomerNumber, Error, Scope};
use padron_http::{Context, Endpoint, Member, Page, PageRequest, Route};
use padron_store::{Action, Consistency, CustomersByNumber, QueryPage, Store};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::named_customer::NamedCustomer;

/// The endpoint that returns the position of a customer in the hierarchy.
#[derive(Debug)]
pub struct GetCustomerHierarchy;

/// The position of a customer in the hierarchy.
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CustomerHierarchy")]
pub struct HierarchyResponse {
    /// The customer.
    customer: CustomerNode,
    /// The ancestors of the customer: its parent first, the root last.
    path: Vec<CustomerNode>,
    /// A page of the direct children of the customer, oldest first.
    children: Vec<CustomerNode>,
}

/// A customer in a hierarchy.
#[derive(Debug, Serialize, JsonSchema)]
#[serde(rename_all = "camelCase")]
struct CustomerNode {
    /// The id of the customer, 24 hex digits.
    id: String,
    /// The number of the customer, of at most 53 bits.
    number: u64,
    /// The legal name of the customer.
    legal_name: String,
    /// The type of the customer: `Private`, `Business`, `CPO` or `CPOSubsidiary`.
    #[schemars(extend("enum" = ["Private", "Business", "CPO", "CPOSubsidiary"]))]
    r#type: &'static str,
    /// The number of the parent. `null` if the customer has no parent.
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
        "Returns the ancestors of a customer, up to the root, and a page of its children";
    const SCOPE: Option<Scope> = Some(Scope::ReadCustomers);
    const ACCEPTS_KEYS: bool = true;
    const ACTIONS: &'static [&'static [Action]] =
        &[Store::CUSTOMER, Store::CUSTOMER_CHILDREN, Store::CUSTOMERS_BY_NUMBER];
    type Access = Member<NamedCustomer>;
    type Input = PageRequest;
    type Output = Page<HierarchyResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<NamedCustomer>,
        paging: PageRequest,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.with_resource()?;
        let organization = member.organization().id;
        let customer = named.resolve(cx, organization).await?;
        let (store, number) = (cx.store(), customer.number);
        let scope = json!([organization.uuid(), number.get()]);
        let after = paging.cursor_position(cx, &scope, place)?;
        let children = async {
            let QueryPage { items: numbers, has_more } =
                store.children(organization, number, after, paging.limit()).await?;
            let CustomersByNumber { customers, read_count } =
                store.customers_by_number(organization, &numbers, Consistency::Strong).await?;
            let next = numbers[..read_count].last().filter(|_| has_more || read_count < numbers.len());
            Ok::<_, Error>((customers, next.copied()))
        };
        // Each ancestor names the next one, so they are read one after the other, with strongly consistent reads.
        let path = async {
            let mut above: Vec<Customer> = Vec::new();
            let mut next = customer.parent;
            while let Some(number) = next.filter(|_| above.len() < Ancestors::MAX_ANCESTORS) {
                let Some(parent) = store.customer(organization, number).await? else { break };
                next = parent.parent;
                above.push(parent);
            }
            Ok::<_, Error>(above)
        };
        let ((children, next), above) = tokio::try_join!(children, path)?;
        let next = next
            .map(|last| paging.query_after_position(cx, &scope, &last.get().to_be_bytes()))
            .transpose()?;
        // The index is slightly older than the children themselves, which may have another parent by now.
        let children = children.iter().filter(|child| child.parent == Some(number));
        let children = children.map(|child| CustomerNode::new(child, Some(number))).collect();
        // The parent of each ancestor is the next one. The last ancestor has no parent, or one that no longer exists.
        let parents = above.iter().skip(1).map(|parent| Some(parent.number)).chain([None]);
        let path = above.iter().zip(parents).map(|(one, parent)| CustomerNode::new(one, parent)).collect();
        let customer = CustomerNode::new(&customer, above.first().map(|parent| parent.number));
        Ok(Page { body: HierarchyResponse { customer, path, children }, next })
    }
}

/// Parses the position of a page of children: the number after which the page begins.
fn place(bytes: &[u8]) -> Option<CustomerNumber> {
    CustomerNumber::new(u64::from_be_bytes(bytes.try_into().ok()?))
}
