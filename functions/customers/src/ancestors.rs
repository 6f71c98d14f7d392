//! Ancestors of customers.
//!
//! A customer stores only the number of its parent. The names of ancestors are joined when customers are shown, so a rename writes one
//! customer and never its descendants.

use std::collections::BTreeSet;

use padron_domain::{
    Ancestor, Ancestors, Customer, CustomerKind, CustomerNumber, CustomerRow, Error, OrganizationId,
};
use padron_dto::customer::spirii::Reference;
use padron_store::{Consistency, Store};

/// The depth up to which ancestors are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AncestorDepth {
    /// No ancestors.
    None,
    /// The parent, to check whether it still exists.
    Parent,
    /// All ancestors up to the nearest CPO.
    Cpo,
    /// All ancestors up to the root.
    Root,
}

/// A customer whose ancestors can be read.
pub(crate) trait HasParent {
    /// Returns the number of the customer, and the data that its descendants show of it.
    fn as_ancestor(&self) -> (CustomerNumber, Ancestor<'static>);
}

impl HasParent for Customer {
    fn as_ancestor(&self) -> (CustomerNumber, Ancestor<'static>) {
        let Self { number, name, kind, parent, .. } = self;
        (*number, Ancestor { name: name.clone().into(), kind: *kind, parent: *parent })
    }
}

impl HasParent for CustomerRow {
    fn as_ancestor(&self) -> (CustomerNumber, Ancestor<'static>) {
        let Self { number, name, kind, parent, .. } = self;
        (*number, Ancestor { name: name.clone().into(), kind: *kind, parent: *parent })
    }
}

/// Reads the ancestors of customers level by level, and each ancestor once.
pub(crate) async fn read_ancestors<C: HasParent>(
    store: &Store,
    organization: OrganizationId,
    customers: &[C],
    depth: AncestorDepth,
    consistency: Consistency,
) -> Result<Ancestors<'static>, Error> {
    let levels = match depth {
        AncestorDepth::None => return Ok(Ancestors::default()),
        AncestorDepth::Parent => 1,
        AncestorDepth::Cpo | AncestorDepth::Root => Ancestors::MAX_ANCESTORS,
    };
    let mut ancestors = Ancestors::new(customers.iter().map(HasParent::as_ancestor));
    let parents = customers.iter().filter_map(|customer| customer.as_ancestor().1.parent);
    let mut level: BTreeSet<CustomerNumber> = parents.collect();
    let mut missing = BTreeSet::new();
    for _ in 0..levels {
        let goes_on =
            |ancestor: &Ancestor<'_>| depth != AncestorDepth::Cpo || ancestor.kind != CustomerKind::Cpo;
        // Walks up from a customer over the ancestors that were read, and returns the first one that was not.
        let first_unread = |from: CustomerNumber| {
            let mut next = Some(from);
            for _ in 0..Ancestors::MAX_ANCESTORS {
                let Some(ancestor) = ancestors.get(next?) else { return next };
                next = ancestor.parent.filter(|_| goes_on(ancestor));
            }
            None
        };
        let unread: BTreeSet<CustomerNumber> = match depth {
            AncestorDepth::Parent => {
                level.iter().copied().filter(|parent| ancestors.get(*parent).is_none()).collect()
            }
            _ => level.iter().filter_map(|from| first_unread(*from)).collect(),
        };
        let unread: Vec<CustomerNumber> = unread.difference(&missing).copied().collect();
        if unread.is_empty() {
            break;
        }
        ancestors.extend(store.customer_ancestors(organization, &unread, consistency).await?);
        missing.extend(unread.iter().filter(|number| ancestors.get(**number).is_none()));
        level = unread.into_iter().collect();
    }
    Ok(ancestors)
}

/// Reads the ancestors of one customer with strongly consistent reads, because a client may send back what it has read of one customer.
pub(crate) async fn read_ancestors_of_one(
    store: &Store,
    customer: &Customer,
    depth: AncestorDepth,
) -> Result<Ancestors<'static>, Error> {
    let customers = std::slice::from_ref(customer);
    read_ancestors(store, customer.organization, customers, depth, Consistency::Strong).await
}

/// Returns the parent of a customer as Spirii's `owner`; `None` if there is no parent, or it no longer exists.
pub(crate) fn parent_reference(ancestors: &Ancestors<'_>, customer: &Customer) -> Option<Reference> {
    ancestors.parent(customer.parent).map(|(number, owner)| Reference::new(number, &owner.name))
}

/// Returns the nearest CPO above a customer; `None` if there is none.
pub(crate) fn cpo_of(ancestors: &Ancestors<'_>, customer: &Customer) -> Option<Reference> {
    ancestors.nearest_cpo(customer.parent).map(|(number, cpo)| Reference::new(number, &cpo.name))
}

/// Returns the customer, without its parent if the parent no longer exists.
pub(crate) fn with_live_parent(ancestors: &Ancestors<'_>, customer: Customer) -> Customer {
    Customer { parent: ancestors.parent(customer.parent).map(|(number, _)| number), ..customer }
}

/// Reads the parent of a customer, and returns the customer without its parent if the parent no longer exists.
pub(crate) async fn read_live_parent(store: &Store, customer: Customer) -> Result<Customer, Error> {
    let ancestors = read_ancestors_of_one(store, &customer, AncestorDepth::Parent).await?;
    Ok(with_live_parent(&ancestors, customer))
}
