//! The customers above those of a page: joined when they are shown, so that a rename never fans out.

use std::collections::{BTreeSet, HashMap};

use padron_domain::{Customer, CustomerKind, CustomerNumber, Error, OrganizationId};
use padron_dto::customer::spirii::Reference;
use padron_store::Store;

/// How deep a hierarchy can be.
const DEEPEST: usize = 8;

/// Customers by number, with those above them as far as the nearest CPO.
#[derive(Debug)]
pub(crate) struct Family {
    /// `None`: it is gone, and so is no one's parent any more.
    known: HashMap<CustomerNumber, Option<Known>>,
}

#[derive(Debug)]
struct Known {
    name: String,
    kind: CustomerKind,
    parent: Option<CustomerNumber>,
}

impl Family {
    /// Reads who is above these customers, level by level, no one twice.
    pub(crate) async fn of(
        store: &Store,
        organization: OrganizationId,
        customers: &[Customer],
    ) -> Result<Self, Error> {
        let on_page = customers.iter().map(|customer| {
            let Customer { number, name, kind, parent, .. } = customer;
            (*number, Some(Known { name: name.clone(), kind: *kind, parent: *parent }))
        });
        let mut family = Self { known: on_page.collect() };
        for _ in 0..DEEPEST {
            let unknown: BTreeSet<CustomerNumber> =
                customers.iter().filter_map(|customer| family.first_unknown_above(customer)).collect();
            if unknown.is_empty() {
                break;
            }
            let unknown: Vec<CustomerNumber> = unknown.into_iter().collect();
            let mut found = store.customer_relatives(organization, &unknown).await?;
            family.known.extend(unknown.into_iter().map(|number| {
                let known = found.remove(&number);
                (
                    number,
                    known.map(|known| Known { name: known.name, kind: known.kind, parent: known.parent }),
                )
            }));
        }
        Ok(family)
    }

    /// The first customer on the way up to a CPO that is not known yet.
    fn first_unknown_above(&self, customer: &Customer) -> Option<CustomerNumber> {
        self.above(customer).find(|number| !self.known.contains_key(number))
    }

    /// The way up, as far as it is known and one step beyond, to the nearest CPO at most.
    fn above(&self, customer: &Customer) -> impl Iterator<Item = CustomerNumber> {
        std::iter::successors(customer.parent, |number| {
            let known = self.known.get(number)?.as_ref()?;
            known.parent.filter(|_| known.kind != CustomerKind::Cpo)
        })
        .take(DEEPEST)
    }

    fn get(&self, number: CustomerNumber) -> Option<&Known> {
        self.known.get(&number)?.as_ref()
    }

    /// The customer it belongs to.
    pub(crate) fn owner_of(&self, customer: &Customer) -> Option<Reference> {
        let number = customer.parent?;
        Some(Reference::new(number, &self.get(number)?.name))
    }

    /// The nearest CPO above it.
    pub(crate) fn cpo_of(&self, customer: &Customer) -> Option<Reference> {
        self.above(customer).find_map(|number| {
            let known = self.get(number).filter(|known| known.kind == CustomerKind::Cpo)?;
            Some(Reference::new(number, &known.name))
        })
    }
}
