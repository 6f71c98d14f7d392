//! Customers: pages in table order, their number, and their relatives.

use std::collections::HashMap;

use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::try_join_all;
use padron_domain::{Customer, CustomerId, CustomerKind, CustomerNumber, Error, Event, OrganizationId};
use serde::Deserialize;

use crate::{
    Action, Change, TransactionError,
    expression::Expression,
    item::{Entity, ExternalId, ForeignId, Item, from_item},
    key::{Key, PK, SK, count_partition, customer_sort_key, partition},
    table::Store,
    transaction::COUNT,
};

/// Which way a list runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Oldest first.
    Ascending,
    /// Newest first.
    Descending,
}

/// Part of an organization's customers, in the order of their numbers.
#[derive(Clone, Copy, Debug)]
pub struct Span {
    /// Which way.
    pub direction: Direction,
    /// Begins after this one.
    pub after: Option<CustomerNumber>,
    /// Leaves out this many then.
    pub skip: usize,
    /// Has this many at most.
    pub limit: usize,
}

/// Customers of a [`Span`].
#[derive(Debug)]
pub struct CustomersPage {
    /// The customers.
    pub customers: Vec<Customer>,
    /// Whether there may be more after the last of them. If not, there are none.
    pub more: bool,
}

/// What others show of a customer: its attributes, without its document.
#[derive(Clone, Debug, Deserialize)]
pub struct Relative {
    /// Its number.
    pub number: CustomerNumber,
    /// Its name.
    pub name: String,
    /// What it is.
    pub kind: CustomerKind,
    /// The customer it belongs to.
    pub parent: Option<CustomerNumber>,
}

impl Relative {
    const ATTRIBUTES: [&str; 6] = [PK, SK, "number", "name", "kind", "parent"];

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
const MOST_QUERIES: usize = 6;
/// A batch reads at most this many keys.
const LARGEST_BATCH: usize = 100;

impl Store {
    /// What [`Store::customers`] and [`Store::customer_count`] need.
    pub const CUSTOMERS: &'static [Action] = &[Action::QUERY];
    /// What [`Store::customer`] and [`Store::customer_number`] need.
    pub const CUSTOMER: &'static [Action] = &[Action::BATCH_GET];
    /// What [`Store::delete_customer`] needs.
    pub const DELETE_CUSTOMER: &'static [Action] = &[Action::PUT, Action::UPDATE, Action::DELETE];
    /// What [`Store::customer_relatives`] needs.
    pub const CUSTOMER_RELATIVES: &'static [Action] = &[Action::BATCH_GET];

    /// Reads customers in the order of their numbers, eventually consistent. The page after the hundredth costs what the
    /// first one does: it begins where the one before ended.
    pub async fn customers(&self, organization: OrganizationId, span: Span) -> Result<CustomersPage, Error> {
        let Span { direction, mut after, skip, limit } = span;
        let mut customers = Vec::with_capacity(limit);
        let mut left_out = 0;
        for _ in 0..MOST_QUERIES {
            // Numbers are whole, so "after" is "from the next one on".
            let bounds = match (direction, after.map(CustomerNumber::get)) {
                (Direction::Ascending, after) => {
                    (after.map_or(Some(0), |number| number.checked_add(1)), Some(CustomerNumber::MAX.get()))
                }
                (Direction::Descending, after) => {
                    (Some(0), after.map_or(Some(CustomerNumber::MAX.get()), |number| number.checked_sub(1)))
                }
            };
            let (Some(low), Some(high)) =
                (bounds.0.and_then(CustomerNumber::new), bounds.1.and_then(CustomerNumber::new))
            else {
                return Ok(CustomersPage { customers, more: false });
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
            let (items, more) = self.query(query, (PK, partition(organization))).await?;
            for item in items {
                if left_out < skip {
                    left_out += 1;
                    after = Some(Relative::from_item(item)?.number);
                } else {
                    let customer: Customer = from_item(item)?;
                    after = Some(customer.number);
                    customers.push(customer);
                }
            }
            if !more || customers.len() == limit {
                return Ok(CustomersPage { customers, more });
            }
        }
        Ok(CustomersPage { customers, more: true })
    }

    /// How many customers there are, for half a unit.
    pub async fn customer_count(&self, organization: OrganizationId) -> Result<u64, Error> {
        let query = self.client.query().key_condition_expression("#pk = :pk");
        let (counters, _) = self.query(query, (PK, count_partition(organization))).await?;
        let count = |counter: &Item| counter.get(COUNT)?.as_n().ok()?.parse::<i64>().ok();
        // Counters are read one after the other: of a customer that moves between two of them, both may be seen or neither.
        Ok(u64::try_from(counters.iter().filter_map(count).sum::<i64>()).unwrap_or(0))
    }

    /// Reads these customers as others show them, those that are still there.
    pub async fn customer_relatives(
        &self,
        organization: OrganizationId,
        numbers: &[CustomerNumber],
    ) -> Result<HashMap<CustomerNumber, Relative>, Error> {
        let batches = numbers.chunks(LARGEST_BATCH).map(async |numbers| {
            let keys: Vec<Key> = numbers.iter().map(|number| Key::customer(organization, *number)).collect();
            let found = self.batch_glance(&keys, &Relative::ATTRIBUTES).await?;
            found.into_items().map(Relative::from_item).collect::<Result<Vec<_>, Error>>()
        });
        let relatives = try_join_all(batches).await?.into_iter().flatten();
        Ok(relatives.map(|relative| (relative.number, relative)).collect())
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
        let mut change = self.unannounced_change();
        for (at, customer) in customers.iter().enumerate() {
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
        self.batch_get(&[Key::customer(organization, number)]).await?.customer(organization, number)
    }

    /// The customer that an id from elsewhere leads to.
    pub async fn customer_number(
        &self,
        organization: OrganizationId,
        id: &CustomerId,
    ) -> Result<Option<CustomerNumber>, Error> {
        self.batch_get(&[Key::customer_id(organization, id)]).await?.customer_id(organization, id)
    }

    /// Deletes a customer with all that points to it, and counts it off.
    pub fn delete_customer(&self, customer: &Customer, event: &Event) -> Result<Change<'_>, Error> {
        let &Customer { organization, number, .. } = customer;
        let mut change = self.change(event)?;
        let still = Expression::version(customer.version);
        change.remove(&customer.key(), still)?;
        // Pointers change with their customer only, whose version says that they have not.
        let still_its = || {
            Expression::condition("#number = :number")
                .name("#number", "number")
                .number(":number", number.get())
        };
        if is_foreign(customer) {
            change.remove(&Key::customer_id(organization, &customer.id), still_its())?;
        }
        if let Some(external_id) = &customer.external_id {
            change.remove(&Key::external_id(organization, external_id), still_its())?;
        }
        change.count_customers(organization, -1)?;
        Ok(change)
    }
}

/// Whether the id was brought from elsewhere, and so does not tell the number.
fn is_foreign(customer: &Customer) -> bool {
    customer.id.number() != Some(customer.number)
}
