//! Customers: pages in the order of their numbers, the number of customers, their ancestors, and writes.

use std::collections::HashMap;

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
    transaction::{COUNT, Transaction, TransactionError},
};

/// A range of an organization's customers, in the order of their numbers.
#[derive(Clone, Copy, Debug)]
pub struct NumberRange {
    /// The direction of the list.
    pub direction: Direction,
    /// The first and the last number of the range, both inclusive.
    pub bounds: (CustomerNumber, CustomerNumber),
    /// The number after which the page begins; `None` for the first page. The customer need not exist.
    pub after: Option<CustomerNumber>,
    /// The number of customers to skip at the beginning.
    pub skip: usize,
    /// The maximum number of customers on the page.
    pub limit: usize,
}

/// A page of the customers of a [`NumberRange`].
#[derive(Debug)]
pub struct CustomersPage {
    /// The customers.
    pub customers: Vec<Customer>,
    /// The number after which the next page begins; `None` on the last page. It need not be the number of a customer of
    /// this page.
    pub next: Option<CustomerNumber>,
}

/// A customer with its parent, as a link of a chain of ancestors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AncestorLink {
    /// The number of the customer.
    pub number: CustomerNumber,
    /// The kind of the customer.
    pub kind: CustomerKind,
    /// The number of the parent; `None` for a root. The parent may no longer exist.
    pub parent: Option<CustomerNumber>,
}

/// The attributes of a customer, without its document.
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

/// The unique value of a new customer that another customer has already.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CustomerConflict {
    /// The number. Another one can be assigned.
    Number,
    /// The id.
    Id,
    /// The external id.
    ExternalId,
}

/// The index of a customer among those of one transaction, and the unique value that another customer has already.
pub type IndexedConflict = (usize, CustomerConflict);

/// What identifies a customer in its organization.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum CustomerIdentity {
    /// The number.
    Number(CustomerNumber),
    /// The id.
    Id(CustomerId),
    /// The id in the caller's own system.
    ExternalId(String),
}

/// The maximum number of queries that return customers on one page.
///
/// A query returns at most one megabyte. A page that needs more queries ends early, with a next page, because it is
/// larger than a response of Lambda can be.
const MAX_QUERIES: usize = 6;

impl Store {
    /// The IAM actions of [`Store::customer_count`].
    pub const CUSTOMER_COUNT: &'static [Action] = &[Action::QUERY];
    /// The IAM actions of [`Store::customers`].
    pub const CUSTOMERS: &'static [Action] = &[Action::QUERY];
    /// The IAM actions of [`Store::customer`] and [`Store::customer_number`].
    pub const CUSTOMER: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::new_customer`].
    pub const NEW_CUSTOMER: &'static [Action] = &[Action::PUT, Action::UPDATE];
    /// The IAM actions of [`Store::update_customer`].
    pub const UPDATE_CUSTOMER: &'static [Action] = &[Action::PUT, Action::DELETE, Action::CHECK];
    /// The IAM actions of [`Store::update_customer`] if neither the parent nor the external id changes.
    pub const UPDATE_IN_PLACE: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::ancestor_chain`].
    pub const ANCESTOR_CHAIN: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::delete_customer`].
    pub const DELETE_CUSTOMER: &'static [Action] = &[Action::PUT, Action::UPDATE, Action::DELETE];
    /// The maximum number of customers of one transaction of an import. Each has up to three items, so that there is room for checks of
    /// ancestors.
    pub const MAX_IMPORTED: usize = 24;
    /// The IAM actions of [`Store::import_customers`].
    pub const IMPORT_CUSTOMERS: &'static [Action] = &[Action::PUT, Action::UPDATE, Action::CHECK];
    /// The IAM actions of [`Store::identified_customers`].
    pub const IDENTIFIED_CUSTOMERS: &'static [Action] = &[Action::BATCH_GET];
    /// The IAM actions of [`Store::customer_ancestors`].
    pub const CUSTOMER_ANCESTORS: &'static [Action] = &[Action::BATCH_GET];

    /// Returns a page of customers in the order of their numbers, eventually consistent.
    ///
    /// Every page consumes the same capacity, because each begins where the previous one ended.
    pub async fn customers(
        &self,
        organization: OrganizationId,
        span: NumberRange,
    ) -> Result<CustomersPage, Error> {
        let NumberRange { direction, bounds: (first, last), mut after, skip, limit } = span;
        let mut customers = Vec::with_capacity(limit);
        let (mut left_out, mut queries) = (0, 0);
        // Skipped customers are not returned, so queries that only skip do not count. The caller bounds `skip`.
        while queries < MAX_QUERIES {
            // Numbers are integers, so "after a number" is the same as "from the next number".
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

    /// Returns the number of customers with numbers in a range; `None` if it is more than `at_most`.
    ///
    /// The query consumes the capacity of every customer that it counts, in full.
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

    /// Returns the number of an organization's customers, eventually consistent, for half a capacity unit.
    pub async fn customer_count(&self, organization: OrganizationId) -> Result<u64, Error> {
        let query = self.client.query().key_condition_expression("#pk = :pk");
        let counters = self.query(query, (PK, count_partition(organization))).await?.items;
        let count = |counter: &Item| counter.get(COUNT)?.as_n().ok()?.parse::<i64>().ok();
        // The shards are read one after the other. Concurrent writes to two of them may be seen only in part.
        Ok(u64::try_from(counters.iter().filter_map(count).sum::<i64>()).unwrap_or(0))
    }

    /// Reads the attributes of these customers that their descendants show, without those that do not exist.
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

    /// Creates a customer with the items that map its ids to it, and increments the number of customers.
    pub async fn create_customer(
        &self,
        customer: &Customer,
    ) -> Result<(), TransactionError<CustomerConflict>> {
        let created = self.create_customers(std::slice::from_ref(customer)).await;
        created.map_err(|error| error.map(|(_, taken)| taken))
    }

    /// Creates up to 24 customers of one organization in one transaction, with one update of the number of customers.
    ///
    /// A refusal has the index of the customer whose number or id is taken.
    pub async fn create_customers(
        &self,
        customers: &[Customer],
    ) -> Result<(), TransactionError<IndexedConflict>> {
        let Some(&Customer { organization, .. }) = customers.first() else { return Ok(()) };
        let mut transaction = self.change_without_event();
        add_customers(&mut transaction, customers, organization)?;
        transaction.commit().await
    }

    /// Creates up to [`MAX_IMPORTED`](Self::MAX_IMPORTED) customers of one organization in one transaction, with one event.
    ///
    /// `ancestors` are those of customers whose number was chosen by the caller. The transaction checks that every one still has the parent
    /// that was read, and that a missing one is still missing: a customer with such a number can have descendants already, so that a cycle
    /// could arise. A refusal has the index of the customer whose number or id is taken.
    pub fn import_customers(
        &self,
        customers: &[Customer],
        ancestors: &[AncestorLink],
        event: &Event,
    ) -> Result<Transaction<'_, IndexedConflict>, TransactionError<IndexedConflict>> {
        let mut transaction = self.transaction(event)?;
        let organization = event.organization;
        add_customers(&mut transaction, customers, organization)?;
        let is_new = |number: CustomerNumber| customers.iter().any(|one| one.number == number);
        let mut checked = Vec::new();
        for link in ancestors.iter().filter(|link| !is_new(link.number)) {
            if !checked.contains(&link.number) {
                checked.push(link.number);
                check_ancestor(&mut transaction, organization, link)?;
            }
        }
        for missing in missing_parents(ancestors) {
            if !checked.contains(&missing) && !is_new(missing) {
                checked.push(missing);
                check_missing(&mut transaction, organization, missing)?;
            }
        }
        Ok(transaction)
    }

    /// Finds customers by what identifies each of them, in two strongly consistent reads. The result is in the order of `identities`, of which
    /// there are at most two for each customer of a transaction.
    pub async fn identified_customers(
        &self,
        organization: OrganizationId,
        identities: &[CustomerIdentity],
    ) -> Result<Vec<Option<Customer>>, Error> {
        let keys = identities.iter().flat_map(|identity| match identity {
            CustomerIdentity::Number(number) => vec![Key::customer(organization, *number)],
            CustomerIdentity::Id(id) => {
                let made_here = id.number().map(|number| Key::customer(organization, number));
                [Some(Key::customer_id(organization, id)), made_here].into_iter().flatten().collect()
            }
            CustomerIdentity::ExternalId(id) => vec![Key::external_id(organization, id)],
        });
        let keys: Vec<Key> = keys.collect();
        let mut items = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
        let mut customers: HashMap<CustomerNumber, Customer> = HashMap::new();
        let mut numbers: HashMap<&CustomerIdentity, CustomerNumber> = HashMap::new();
        for identity in identities {
            let number = match identity {
                CustomerIdentity::Number(number) => Some(*number),
                CustomerIdentity::Id(id) => items.customer_id(organization, id)?.or(id.number()),
                CustomerIdentity::ExternalId(id) => items.external_id(organization, id)?,
            };
            if let Some(number) = number {
                numbers.entry(identity).or_insert(number);
                customers.extend(items.customer(organization, number)?.map(|customer| (number, customer)));
            }
        }
        let mapped = numbers.values().filter(|number| !customers.contains_key(number));
        let keys: Vec<Key> = mapped.map(|number| Key::customer(organization, *number)).collect();
        if !keys.is_empty() {
            let mut items = self.batch_get(&keys, Consistency::Strong, Projection::All).await?;
            for number in numbers.values() {
                customers.extend(items.customer(organization, *number)?.map(|customer| (*number, customer)));
            }
        }
        let found = identities.iter().map(|identity| {
            let customer = customers.get(numbers.get(identity)?)?;
            // An id that begins with a number may belong to another customer than the one with that number.
            let is_it = !matches!(identity, CustomerIdentity::Id(id) if *id != customer.id);
            is_it.then(|| customer.clone())
        });
        Ok(found.collect())
    }
}

/// Adds new customers to a transaction, with one update of the number of customers. A refusal has the index of the customer.
fn add_customers(
    transaction: &mut Transaction<'_, IndexedConflict>,
    customers: &[Customer],
    organization: OrganizationId,
) -> Result<(), TransactionError<IndexedConflict>> {
    for (at, customer) in customers.iter().enumerate() {
        // DynamoDB rejects a transaction that writes an item twice, without naming the item.
        if let Some(taken) = customers[..at].iter().find_map(|other| {
            if other.number == customer.number {
                Some(CustomerConflict::Number)
            } else {
                (other.id == customer.id).then_some(CustomerConflict::Id)
            }
        }) {
            return Err(TransactionError::Refused((at, taken)));
        }
        let has_same = |other: &Customer| other.external_id == customer.external_id;
        if customer.external_id.is_some() && customers[..at].iter().any(has_same) {
            return Err(TransactionError::Refused((at, CustomerConflict::ExternalId)));
        }
        let &Customer { number, .. } = customer;
        transaction.create(customer, (at, CustomerConflict::Number))?;
        if has_imported_id(customer) {
            let id = customer.id.clone();
            transaction.create(&ImportedId { organization, id, number }, (at, CustomerConflict::Id))?;
        }
        if let Some(external_id) = customer.external_id.clone() {
            let external_id = ExternalId { organization, external_id, number };
            transaction.create(&external_id, (at, CustomerConflict::ExternalId))?;
        }
    }
    let count =
        i8::try_from(customers.len()).map_err(|_| Error::internal("too many customers for a transaction"))?;
    transaction.count_customers(organization, count)?;
    Ok(())
}

/// Returns the parents at the ends of chains of ancestors that no longer exist.
fn missing_parents(ancestors: &[AncestorLink]) -> impl Iterator<Item = CustomerNumber> {
    let is_there = |number: &CustomerNumber| ancestors.iter().any(|link| link.number == *number);
    ancestors.iter().filter_map(|link| link.parent).filter(move |parent| !is_there(parent))
}

/// Adds the check that a customer still does not exist. An import could create it with this number, below one of its descendants.
fn check_missing<R: Copy>(
    transaction: &mut Transaction<'_, R>,
    organization: OrganizationId,
    number: CustomerNumber,
) -> Result<(), Error> {
    let is_missing = Expression::absent();
    transaction.check(&Key::customer(organization, number), is_missing)
}

/// Adds the check that an ancestor exists and still has the parent that was read.
fn check_ancestor<R: Copy>(
    transaction: &mut Transaction<'_, R>,
    organization: OrganizationId,
    AncestorLink { number, parent, .. }: &AncestorLink,
) -> Result<(), Error> {
    let is_there = Expression::present();
    let still = match parent {
        Some(parent) => is_there.and("#parent = :parent").number(":parent", parent.get()),
        None => is_there.and("attribute_not_exists(#parent)"),
    };
    transaction.check(&Key::customer(organization, *number), still.name("#parent", "parent"))
}

impl Store {
    /// Returns a customer, strongly consistent; `None` if it does not exist.
    pub async fn customer(
        &self,
        organization: OrganizationId,
        number: CustomerNumber,
    ) -> Result<Option<Customer>, Error> {
        self.batch_get(&[Key::customer(organization, number)], Consistency::Strong, Projection::All)
            .await?
            .customer(organization, number)
    }

    /// Returns the number of the customer with an imported id, strongly consistent; `None` if no customer has it.
    pub async fn customer_number(
        &self,
        organization: OrganizationId,
        id: &CustomerId,
    ) -> Result<Option<CustomerNumber>, Error> {
        self.batch_get(&[Key::customer_id(organization, id)], Consistency::Strong, Projection::All)
            .await?
            .customer_id(organization, id)
    }

    /// Returns a customer and its ancestors, nearest first, strongly consistent; `None` if they are more than `most`.
    ///
    /// The chain ends at a root, at a customer that no longer exists, and at `until`.
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

    /// Returns the size of a customer's stored document, in bytes of JSON.
    pub fn customer_size(customer: &Customer) -> Result<usize, Error> {
        document(customer).map(|document| document.len())
    }

    /// Creates a customer with the items that map its ids to it, and increments the number of customers.
    ///
    /// The caller has just read that the parent exists, and the transaction does not check it again. A parent that no
    /// longer exists reads as none, and a check would make all concurrent creations below the same parent conflict.
    pub fn new_customer(&self, customer: &Customer, event: &Event) -> Result<Transaction<'_>, Error> {
        let &Customer { organization, number, .. } = customer;
        let mut transaction = self.transaction(event)?;
        // If the number or the id is taken, the request is retried.
        let is_new = || Expression::absent();
        transaction.replace(customer, is_new())?;
        if has_imported_id(customer) {
            let id = customer.id.clone();
            transaction.replace(&ImportedId { organization, id, number }, is_new())?;
        }
        if let Some(external_id) = customer.external_id.clone() {
            transaction
                .create(&ExternalId { organization, external_id, number }, Failure::EXTERNAL_ID_TAKEN)?;
        }
        transaction.count_customers(organization, 1)?;
        Ok(transaction)
    }

    /// Replaces a customer by its next version, and the item that maps its external id to it.
    ///
    /// `new_ancestors` is the chain of the new ancestors. The transaction checks that every one exists and still has the
    /// parent that was read, so that two concurrent moves cannot create a cycle.
    pub fn update_customer(
        &self,
        before: &Customer,
        customer: &Customer,
        new_ancestors: &[AncestorLink],
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let &Customer { organization, number, .. } = customer;
        let mut transaction = self.transaction(event)?;
        transaction.replace(customer, Expression::version(before.version))?;
        if before.external_id != customer.external_id {
            if let Some(external_id) = &before.external_id {
                transaction.remove(&Key::external_id(organization, external_id), if_points_to(number))?;
            }
            if let Some(external_id) = customer.external_id.clone() {
                transaction
                    .create(&ExternalId { organization, external_id, number }, Failure::EXTERNAL_ID_TAKEN)?;
            }
        }
        for link in new_ancestors {
            check_ancestor(&mut transaction, organization, link)?;
        }
        for missing in missing_parents(new_ancestors) {
            check_missing(&mut transaction, organization, missing)?;
        }
        Ok(transaction)
    }

    /// Deletes a customer with the items that map its ids to it, and decrements the number of customers.
    pub fn delete_customer(&self, customer: &Customer, event: &Event) -> Result<Transaction<'_>, Error> {
        let &Customer { organization, number, .. } = customer;
        let mut transaction = self.transaction(event)?;
        let still = Expression::version(customer.version);
        transaction.remove(&customer.key(), still)?;
        if has_imported_id(customer) {
            transaction.remove(&Key::customer_id(organization, &customer.id), if_points_to(number))?;
        }
        if let Some(external_id) = &customer.external_id {
            transaction.remove(&Key::external_id(organization, external_id), if_points_to(number))?;
        }
        transaction.count_customers(organization, -1)?;
        Ok(transaction)
    }
}

/// Returns the condition that the item of an id still maps to this customer.
///
/// That item changes only together with the customer, whose own version condition shows that it has not changed.
fn if_points_to(number: CustomerNumber) -> Expression {
    Expression::condition("#number = :number").name("#number", "number").number(":number", number.get())
}

/// Returns whether the customer's id was imported, and so does not contain its number.
fn has_imported_id(customer: &Customer) -> bool {
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

/// The item that maps an imported id to its customer.
#[derive(Debug, Serialize, Deserialize)]
pub(crate) struct ImportedId {
    pub(crate) organization: OrganizationId,
    pub(crate) id: CustomerId,
    pub(crate) number: CustomerNumber,
}

impl Entity for ImportedId {
    const NAME: &'static str = "customer-id";

    fn key(&self) -> Key {
        Key::customer_id(self.organization, &self.id)
    }
}

/// The item that maps an external id to its customer. Its primary key makes the external id unique.
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

    /// Removes and returns a customer; `None` if it was not read or does not exist.
    pub fn customer(
        &mut self,
        organization: OrganizationId,
        number: CustomerNumber,
    ) -> Result<Option<Customer>, Error> {
        self.remove(&Key::customer(organization, number))
    }

    /// Removes an item of an imported id and returns the number of its customer; `None` if it was not read or does not
    /// exist.
    pub fn customer_id(
        &mut self,
        organization: OrganizationId,
        id: &CustomerId,
    ) -> Result<Option<CustomerNumber>, Error> {
        let found: Option<ImportedId> = self.remove(&Key::customer_id(organization, id))?;
        Ok(found.map(|found| found.number))
    }

    /// Removes an item of an external id and returns the number of its customer; `None` if it was not read or does not
    /// exist.
    pub fn external_id(
        &mut self,
        organization: OrganizationId,
        external_id: &str,
    ) -> Result<Option<CustomerNumber>, Error> {
        let found: Option<ExternalId> = self.remove(&Key::external_id(organization, external_id))?;
        Ok(found.map(|found| found.number))
    }
}
