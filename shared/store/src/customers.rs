//! Customers: pages in table order, their number, and their ancestors.

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use padron_domain::{
    Ancestor, Customer, CustomerId, CustomerKind, CustomerNumber, Direction, Error, Event, Failure,
    OrganizationId, name_sort_key,
};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    expression::Expression,
    item::{Entity, Item, document, from_item},
    key::{
        GSI1_PK, GSI1_SK, GSI2_SK, GSI3_SK, Key, PK, SK, child_partition, count_partition, customer_sort_key,
        hex_number, name_index_key, partition, update_index_key,
    },
    range_query::QueryPage,
    read::{Consistency, Items, MAX_BATCH, Projection},
    row::{ROW, pack},
    table::Store,
    transaction::{COUNT, Change, TransactionError},
};

/// Part of an organization's customers, in the order of their numbers.
#[derive(Clone, Copy, Debug)]
pub struct NumberRange {
    /// Which way.
    pub direction: Direction,
    /// The first and the last number that belong to it.
    pub bounds: (CustomerNumber, CustomerNumber),
    /// Begins after this one.
    pub after: Option<CustomerNumber>,
    /// Leaves out this many then.
    pub skip: usize,
    /// Has this many at most.
    pub limit: usize,
}

/// Customers of a [`NumberRange`].
#[derive(Debug)]
pub struct CustomersPage {
    /// The customers.
    pub customers: Vec<Customer>,
    /// After which number the list goes on, be that a customer's of the page or not; `None`: there are no more.
    pub next: Option<CustomerNumber>,
}

/// A customer above another one, and what it is below.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AncestorLink {
    /// Its number.
    pub number: CustomerNumber,
    /// What it is.
    pub kind: CustomerKind,
    /// The customer it was put under, be that still there or not.
    pub parent: Option<CustomerNumber>,
}

/// A customer's attributes, without its document.
#[derive(Debug, Deserialize)]
struct Attributes {
    number: CustomerNumber,
    name: String,
    kind: CustomerKind,
    parent: Option<CustomerNumber>,
}

impl Attributes {
    const NAMES: [&str; 6] = [PK, SK, "number", "name", "kind", "parent"];

    fn from_item(item: Item) -> Result<Self, Error> {
        serde_dynamo::from_item(item).map_err(|_| Error::internal("a customer's attributes cannot be read"))
    }
}

/// What a customer would need and another one has.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerTaken {
    /// Its number: another one is at hand.
    Number,
    /// Its id.
    Id,
    /// Its external id.
    ExternalId,
}

/// One query answers at most one megabyte. A page of more than this many is ended early, with more to come: what Lambda can
/// answer is less than what they hold.
const MAX_QUERIES: usize = 6;

impl Store {
    /// What [`Store::customer_count`] needs.
    pub const CUSTOMER_COUNT: &'static [Action] = &[Action::QUERY];
    /// What [`Store::customers`] needs.
    pub const CUSTOMERS: &'static [Action] = &[Action::QUERY];
    /// What [`Store::customer`] and [`Store::customer_number`] need.
    pub const CUSTOMER: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::new_customer`] needs.
    pub const NEW_CUSTOMER: &'static [Action] = &[Action::PUT, Action::UPDATE];
    /// What [`Store::update_customer`] needs.
    pub const UPDATE_CUSTOMER: &'static [Action] = &[Action::PUT, Action::DELETE, Action::CHECK];
    /// What it needs of a customer who keeps parent and external id.
    pub const UPDATE_IN_PLACE: &'static [Action] = &[Action::PUT];
    /// What [`Store::ancestor_chain`] needs.
    pub const ANCESTOR_CHAIN: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::delete_customer`] needs.
    pub const DELETE_CUSTOMER: &'static [Action] = &[Action::PUT, Action::UPDATE, Action::DELETE];
    /// What [`Store::customer_ancestors`] needs.
    pub const CUSTOMER_ANCESTORS: &'static [Action] = &[Action::BATCH_GET];

    /// Reads customers in the order of their numbers, eventually consistent. The page after the hundredth costs what the
    /// first one does: it begins where the one before ended.
    pub async fn customers(
        &self,
        organization: OrganizationId,
        span: NumberRange,
    ) -> Result<CustomersPage, Error> {
        let NumberRange { direction, bounds: (first, last), mut after, skip, limit } = span;
        let mut customers = Vec::with_capacity(limit);
        let (mut left_out, mut queries) = (0, 0);
        // What is left out is not answered, so it does not count; it is bounded by whoever asks.
        while queries < MAX_QUERIES {
            // Numbers are whole, so "after" is "from the next one on".
            let next = |number: CustomerNumber| number.get().checked_add(1).and_then(CustomerNumber::new);
            let before = |number: CustomerNumber| number.get().checked_sub(1).and_then(CustomerNumber::new);
            let bounds = match (direction, after) {
                (_, None) => Some((first, last)),
                (Direction::Ascending, Some(after)) => next(after).map(|next| (next.max(first), last)),
                (Direction::Descending, Some(after)) => before(after).map(|before| (first, before.min(last))),
            };
            let Some((low, high)) = bounds.filter(|(low, high)| low <= high) else {
                return Ok(CustomersPage { customers, next: None });
            };
            let wanted = skip - left_out + limit - customers.len();
            let query = self
                .client
                .query()
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :low AND :high")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":low", AttributeValue::S(customer_sort_key(low)))
                .expression_attribute_values(":high", AttributeValue::S(customer_sort_key(high)))
                .scan_index_forward(direction == Direction::Ascending)
                .limit(i32::try_from(wanted).unwrap_or(i32::MAX));
            let QueryPage { items, has_more } = self.query(query, (PK, partition(organization))).await?;
            for item in items {
                if left_out < skip {
                    left_out += 1;
                    after = Some(Attributes::from_item(item)?.number);
                } else {
                    let customer: Customer = from_item(item)?;
                    after = Some(customer.number);
                    customers.push(customer);
                }
            }
            if !has_more || customers.len() == limit {
                return Ok(CustomersPage { customers, next: after.filter(|_| has_more) });
            }
            queries += usize::from(!customers.is_empty());
        }
        Ok(CustomersPage { customers, next: after })
    }

    /// How many customers have numbers between these; `None` if they are more than that. Each is paid for, whole.
    pub async fn count_numbers(
        &self,
        organization: OrganizationId,
        (first, last): (CustomerNumber, CustomerNumber),
        at_most: u64,
    ) -> Result<Option<u64>, Error> {
        let query = |after| {
            self.client
                .query()
                .key_condition_expression("#pk = :pk AND #sk BETWEEN :low AND :high")
                .expression_attribute_names("#sk", SK)
                .expression_attribute_values(":low", AttributeValue::S(customer_sort_key(first)))
                .expression_attribute_values(":high", AttributeValue::S(customer_sort_key(last)))
                .set_exclusive_start_key(after)
        };
        self.count(query, &partition(organization), at_most).await
    }

    /// How many customers there are, for half a unit.
    pub async fn customer_count(&self, organization: OrganizationId) -> Result<u64, Error> {
        let query = self.client.query().key_condition_expression("#pk = :pk");
        let counters = self.query(query, (PK, count_partition(organization))).await?.items;
        let count = |counter: &Item| counter.get(COUNT)?.as_n().ok()?.parse::<i64>().ok();
        // Counters are read one after the other: of a customer that moves between two of them, both may be seen or neither.
        Ok(u64::try_from(counters.iter().filter_map(count).sum::<i64>()).unwrap_or(0))
    }

    /// Reads what others show of these customers: the ones that still exist.
    pub async fn customer_ancestors(
        &self,
        organization: OrganizationId,
        numbers: &[CustomerNumber],
        consistency: Consistency,
    ) -> Result<Vec<(CustomerNumber, Ancestor<'static>)>, Error> {
        let batches = numbers.chunks(MAX_BATCH).map(async |numbers| {
            let keys: Vec<Key> = numbers.iter().map(|number| Key::customer(organization, *number)).collect();
            let found =
                self.batch_get(&keys, consistency, Projection::Attributes(&Attributes::NAMES)).await?;
            found.into_items().map(Attributes::from_item).collect::<Result<Vec<_>, Error>>()
        });
        let ancestors = try_join_all(batches).await?.into_iter().flatten();
        let ancestor = |Attributes { number, name, kind, parent }| {
            (number, Ancestor { name: name.into(), kind, parent })
        };
        Ok(ancestors.map(ancestor).collect())
    }

    /// Writes a customer with all that points to it, and counts it.
    pub async fn create_customer(&self, customer: &Customer) -> Result<(), TransactionError<CustomerTaken>> {
        let created = self.create_customers(std::slice::from_ref(customer)).await;
        created.map_err(|error| error.map(|(_, taken)| taken))
    }

    /// Writes up to 24 customers of one organization, all or none, with one count. A refusal says whose it is, by place.
    pub async fn create_customers(
        &self,
        customers: &[Customer],
    ) -> Result<(), TransactionError<(usize, CustomerTaken)>> {
        let Some(&Customer { organization, .. }) = customers.first() else { return Ok(()) };
        let mut change = self.change_without_event();
        for (at, customer) in customers.iter().enumerate() {
            // DynamoDB refuses a transaction that writes an item twice, without saying which.
            let has_same = |other: &Customer| other.external_id == customer.external_id;
            if customer.external_id.is_some() && customers[..at].iter().any(has_same) {
                return Err(TransactionError::Refused((at, CustomerTaken::ExternalId)));
            }
            let &Customer { number, .. } = customer;
            change.create(customer, (at, CustomerTaken::Number))?;
            if is_foreign(customer) {
                let id = customer.id.clone();
                change.create(&ForeignId { organization, id, number }, (at, CustomerTaken::Id))?;
            }
            if let Some(external_id) = customer.external_id.clone() {
                let external_id = ExternalId { organization, external_id, number };
                change.create(&external_id, (at, CustomerTaken::ExternalId))?;
            }
        }
        let count = i8::try_from(customers.len())
            .map_err(|_| Error::internal("too many customers for a transaction"))?;
        change.count_customers(organization, count)?;
        change.commit().await
    }

    /// A customer as it is now.
    pub async fn customer(
        &self,
        organization: OrganizationId,
        number: CustomerNumber,
    ) -> Result<Option<Customer>, Error> {
        self.batch_get(&[Key::customer(organization, number)], Consistency::Strong, Projection::All)
            .await?
            .customer(organization, number)
    }

    /// The customer that an id from elsewhere leads to.
    pub async fn customer_number(
        &self,
        organization: OrganizationId,
        id: &CustomerId,
    ) -> Result<Option<CustomerNumber>, Error> {
        self.batch_get(&[Key::customer_id(organization, id)], Consistency::Strong, Projection::All)
            .await?
            .customer_id(organization, id)
    }

    /// A customer and those above it as they are now, the nearest first; ends at a root, at one who is gone, and at `until`.
    /// `None` if they are more than `most`.
    pub async fn ancestor_chain(
        &self,
        organization: OrganizationId,
        first: CustomerNumber,
        until: CustomerNumber,
        most: usize,
    ) -> Result<Option<Vec<AncestorLink>>, Error> {
        let mut ancestors: Vec<AncestorLink> = Vec::new();
        let mut next = Some(first);
        while let Some(number) = next {
            if ancestors.len() == most {
                return Ok(None);
            }
            let found = self
                .batch_get(
                    &[Key::customer(organization, number)],
                    Consistency::Strong,
                    Projection::Attributes(&Attributes::NAMES),
                )
                .await?;
            let Some(item) = found.into_items().next() else { break };
            let Attributes { kind, parent, .. } = Attributes::from_item(item)?;
            ancestors.push(AncestorLink { number, kind, parent });
            next = parent.filter(|_| number != until);
        }
        Ok(Some(ancestors))
    }

    /// How large a customer's record is, in bytes of JSON.
    pub fn customer_size(customer: &Customer) -> Result<usize, Error> {
        document(customer).map(|document| document.len())
    }

    /// Writes a new customer with all that points to it, and counts it. That its parent is there was read a moment ago, and is not
    /// checked: one that is gone reads as none, and a check would make all who are created below it wait for each other.
    pub fn new_customer(&self, customer: &Customer, event: &Event) -> Result<Change<'_>, Error> {
        let &Customer { organization, number, .. } = customer;
        let mut change = self.change(event)?;
        // Where the number is another's, there are others to take.
        change.replace(customer, Expression::condition(format!("attribute_not_exists({PK})")))?;
        if let Some(external_id) = customer.external_id.clone() {
            change.create(&ExternalId { organization, external_id, number }, Failure::EXTERNAL_ID_TAKEN)?;
        }
        change.count_customers(organization, 1)?;
        Ok(change)
    }

    /// Writes a customer over what it was, with all that points to it. Where it moves below others, those must be as they were
    /// read: the first of them there, and each below the next, so that no two moves at once can make a circle.
    pub fn update_customer(
        &self,
        before: &Customer,
        customer: &Customer,
        moves_below: &[AncestorLink],
        event: &Event,
    ) -> Result<Change<'_>, Error> {
        let &Customer { organization, number, .. } = customer;
        let mut change = self.change(event)?;
        change.replace(customer, Expression::version(before.version))?;
        if before.external_id != customer.external_id {
            if let Some(external_id) = &before.external_id {
                change.remove(&Key::external_id(organization, external_id), if_points_to(number))?;
            }
            if let Some(external_id) = customer.external_id.clone() {
                change
                    .create(&ExternalId { organization, external_id, number }, Failure::EXTERNAL_ID_TAKEN)?;
            }
        }
        for AncestorLink { number, parent, .. } in moves_below {
            let is_there = Expression::condition(format!("attribute_exists({PK})"));
            let still = match parent {
                Some(parent) => is_there.and("#parent = :parent").number(":parent", parent.get()),
                None => is_there.and("attribute_not_exists(#parent)"),
            };
            change.check(&Key::customer(organization, *number), still.name("#parent", "parent"))?;
        }
        Ok(change)
    }

    /// Deletes a customer with all that points to it, and counts it off.
    pub fn delete_customer(&self, customer: &Customer, event: &Event) -> Result<Change<'_>, Error> {
        let &Customer { organization, number, .. } = customer;
        let mut change = self.change(event)?;
        let still = Expression::version(customer.version);
        change.remove(&customer.key(), still)?;
        if is_foreign(customer) {
            change.remove(&Key::customer_id(organization, &customer.id), if_points_to(number))?;
        }
        if let Some(external_id) = &customer.external_id {
            change.remove(&Key::external_id(organization, external_id), if_points_to(number))?;
        }
        change.count_customers(organization, -1)?;
        Ok(change)
    }
}

/// That a pointer leads to that customer. It changes with the customer only, whose version says that it has not.
fn if_points_to(number: CustomerNumber) -> Expression {
    Expression::condition("#number = :number").name("#number", "number").number(":number", number.get())
}

/// Whether the id was brought from elsewhere, and so does not tell the number.
fn is_foreign(customer: &Customer) -> bool {
    customer.id.number() != Some(customer.number)
}

impl Entity for Customer {
    const NAME: &'static str = "customer";
    const ATTRIBUTES: Option<&[&str]> = Some(&["version", "number", "name", "kind", "parent"]);

    fn key(&self) -> Key {
        Key::customer(self.organization, self.number)
    }

    fn index_keys(&self) -> Vec<(&'static str, String)> {
        let mut keys = vec![
            (GSI2_SK, name_index_key(&name_sort_key(&self.name), self.number)),
            (GSI3_SK, update_index_key(&self.updated_at.to_string(), self.number)),
            (ROW, pack(self)),
        ];
        if let Some(parent) = self.parent {
            keys.push((GSI1_PK, child_partition(self.organization, parent)));
            keys.push((GSI1_SK, hex_number(self.number)));
        }
        keys
    }
}

/// Which customer has an id from elsewhere.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ForeignId {
    pub(crate) organization: OrganizationId,
    pub(crate) id: CustomerId,
    pub(crate) number: CustomerNumber,
}

impl Entity for ForeignId {
    const NAME: &'static str = "customer-id";

    fn key(&self) -> Key {
        Key::customer_id(self.organization, &self.id)
    }
}

/// Which customer has an external id: its existence is the uniqueness of the external id.
#[derive(Debug, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct ExternalId {
    pub(crate) organization: OrganizationId,
    pub(crate) external_id: String,
    pub(crate) number: CustomerNumber,
}

impl Entity for ExternalId {
    const NAME: &'static str = "external-id";

    fn key(&self) -> Key {
        Key::external_id(self.organization, &self.external_id)
    }
}
impl Items {
    /// Returns the number of the organization's customers; 0 if it was not read.
    pub fn customer_count(&self) -> u64 {
        self.customer_count.unwrap_or_default()
    }

    /// That customer, if it was asked for and is there.
    pub fn customer(
        &mut self,
        organization: OrganizationId,
        number: CustomerNumber,
    ) -> Result<Option<Customer>, Error> {
        self.remove(&Key::customer(organization, number))
    }

    /// The customer that an id from elsewhere leads to, if it was asked for and is there.
    pub fn customer_id(
        &mut self,
        organization: OrganizationId,
        id: &CustomerId,
    ) -> Result<Option<CustomerNumber>, Error> {
        let found: Option<ForeignId> = self.remove(&Key::customer_id(organization, id))?;
        Ok(found.map(|found| found.number))
    }

    /// The customer that an external id leads to, if it was asked for and is there.
    pub fn external_id(
        &mut self,
        organization: OrganizationId,
        external_id: &str,
    ) -> Result<Option<CustomerNumber>, Error> {
        let found: Option<ExternalId> = self.remove(&Key::external_id(organization, external_id))?;
        Ok(found.map(|found| found.number))
    }
}
