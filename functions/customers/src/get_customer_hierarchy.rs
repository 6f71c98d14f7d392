//! `GET /organizations/{organizationId}/customers/{customerId}/hierarchy`: those above a customer, and those right below it.

use padron_domain::{Customer, CustomerNumber, Direction, Error, Failure, Kin, Position};
use padron_http::{
    Context, Endpoint, Input, Member, Page, Query, Request, Route,
    openapi::{Operation, Schemas},
};
use padron_store::{Action, Order, Store, Stretch};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::json;

use crate::named::NamedCustomer;

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

/// A page of children.
#[derive(Debug)]
pub struct ChildrenPage {
    limit: usize,
    cursor: Option<String>,
}

const DEFAULT_LIMIT: usize = 50;
const LARGEST_LIMIT: usize = 100;

impl Input for ChildrenPage {
    const FAILURES: &'static [Failure] = &[Failure::InvalidRequest];

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        let query = Query::read(request, &["limit", "cursor"])?;
        let number = |text: &str| {
            let is_number = text.len() <= 5 && text.bytes().all(|byte| byte.is_ascii_digit());
            let number: Option<usize> = is_number.then(|| text.parse().ok()).flatten();
            number.filter(|number| (1..=LARGEST_LIMIT).contains(number))
        };
        let limit = query.parse("limit", "A whole number from 1 to 100.", number)?;
        Ok(Self { limit: limit.unwrap_or(DEFAULT_LIMIT), cursor: query.get("cursor").map(ToOwned::to_owned) })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        let limit =
            json!({ "type": "integer", "minimum": 1, "maximum": LARGEST_LIMIT, "default": DEFAULT_LIMIT });
        operation.parameter("query", "limit", "How many children a page has at most", false, &limit);
        operation.parameter(
            "query",
            "cursor",
            "Where to go on, from `Link`",
            false,
            &json!({ "type": "string" }),
        );
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
        &[Store::CUSTOMER, Store::CUSTOMER_RELATIVES, Store::CUSTOMER_CHILDREN, Store::CUSTOMERS_BY_NUMBER];
    type Access = Member<NamedCustomer>;
    type Input = ChildrenPage;
    type Output = Page<HierarchyResponse>;

    async fn handle(
        cx: &Context<'_>,
        member: Member<NamedCustomer>,
        ChildrenPage { limit, cursor }: ChildrenPage,
    ) -> Result<Self::Output, Error> {
        let (member, named) = member.with_target()?;
        let organization = member.organization().id;
        let customer = named.resolve(cx, organization).await?;
        let (store, number) = (cx.store(), customer.number);
        let context =
            json!([Self::ROUTE.function, organization.uuid(), number.get()]).to_string().into_bytes();
        let after = match &cursor {
            Some(cursor) => Some(opened(cx, &context, cursor)?),
            None => None,
        };
        let children = async {
            let stretch = Stretch { direction: Direction::Ascending, after, limit };
            let (places, more) = store.customer_order(organization, Order::Children(number), stretch).await?;
            let numbers: Vec<CustomerNumber> = places.iter().map(|place| place.number).collect();
            let (children, looked_at) = store.customers_now(organization, &numbers).await?;
            let next = numbers[..looked_at].last().copied().filter(|_| more || looked_at < numbers.len());
            Ok::<_, Error>((children, next))
        };
        // Those above name each other, so they are read one after the other, each as it is now.
        let path = async {
            let mut above: Vec<Customer> = Vec::new();
            let mut next = customer.parent;
            while let Some(number) = next.filter(|_| above.len() < Kin::FARTHEST) {
                let Some(parent) = store.customer(organization, number).await? else { break };
                next = parent.parent;
                above.push(parent);
            }
            Ok::<_, Error>(above)
        };
        let ((children, next), above) = tokio::try_join!(children, path)?;
        let next = next.map(|last| {
            let cursor = cx.secrets().seal_cursor(&context, &last.get().to_be_bytes());
            format!("{}?limit={limit}&cursor={cursor}", cx.request.path())
        });
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

fn opened(cx: &Context<'_>, context: &[u8], cursor: &str) -> Result<Position, Error> {
    let bytes = cx.secrets().open_cursor(context, cursor);
    let number = bytes.and_then(|bytes| Some(u64::from_be_bytes(bytes.try_into().ok()?)));
    let number = number.and_then(CustomerNumber::new).ok_or_else(|| {
        let detail = "Take the cursor from a Link header of this list.";
        Error::invalid("/query/cursor", "invalid_cursor", detail)
    })?;
    Ok(Position { key: String::new(), number })
}
