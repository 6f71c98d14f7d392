//! The customers above those of a page: joined when they are shown, so that a rename never fans out.

use std::collections::BTreeSet;

use padron_domain::{
    Customer, CustomerKind, CustomerNumber, CustomerRow, Error, Kin, OrganizationId, Relative,
};
use padron_dto::customer::spirii::Reference;
use padron_store::Store;

/// How far up is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Reach {
    /// Not at all.
    Nobody,
    /// The parent, to see that it is still there.
    Parents,
    /// The nearest CPO.
    Cpo,
    /// The root.
    Root,
}

/// A customer, as far as those above it are concerned.
pub(crate) trait Child {
    fn relative(&self) -> (CustomerNumber, Relative<'static>);
}

impl Child for Customer {
    fn relative(&self) -> (CustomerNumber, Relative<'static>) {
        let Self { number, name, kind, parent, .. } = self;
        (*number, Relative { name: name.clone().into(), kind: *kind, parent: *parent })
    }
}

impl Child for CustomerRow {
    fn relative(&self) -> (CustomerNumber, Relative<'static>) {
        let Self { number, name, kind, parent, .. } = self;
        (*number, Relative { name: name.clone().into(), kind: *kind, parent: *parent })
    }
}

/// Reads who is above these customers, level by level, no one twice, and eventually consistent, as lists are.
pub(crate) async fn kin_of<C: Child>(
    store: &Store,
    organization: OrganizationId,
    customers: &[C],
    reach: Reach,
) -> Result<Kin<'static>, Error> {
    read(store, organization, customers, reach, false).await
}

/// Reads who is above a customer as that is now: what is told of one customer may be sent back.
pub(crate) async fn kin_now(store: &Store, customer: &Customer, reach: Reach) -> Result<Kin<'static>, Error> {
    read(store, customer.organization, std::slice::from_ref(customer), reach, true).await
}

async fn read<C: Child>(
    store: &Store,
    organization: OrganizationId,
    customers: &[C],
    reach: Reach,
    strongly: bool,
) -> Result<Kin<'static>, Error> {
    let levels = match reach {
        Reach::Nobody => return Ok(Kin::default()),
        Reach::Parents => 1,
        Reach::Cpo | Reach::Root => Kin::FARTHEST,
    };
    let mut kin = Kin::of(customers.iter().map(Child::relative));
    let parents = customers.iter().filter_map(|customer| customer.relative().1.parent);
    let mut level: BTreeSet<CustomerNumber> = parents.collect();
    let mut gone = BTreeSet::new();
    for _ in 0..levels {
        // From each on upwards, as far as they are known: the first who is not is to be read.
        let goes_on = |relative: &Relative<'_>| reach != Reach::Cpo || relative.kind != CustomerKind::Cpo;
        let unknown_above = |from: CustomerNumber| {
            let mut next = Some(from);
            for _ in 0..Kin::FARTHEST {
                let Some(relative) = kin.get(next?) else { return next };
                next = relative.parent.filter(|_| goes_on(relative));
            }
            None
        };
        let unknown: BTreeSet<CustomerNumber> = match reach {
            Reach::Parents => level.iter().copied().filter(|parent| kin.get(*parent).is_none()).collect(),
            _ => level.iter().filter_map(|from| unknown_above(*from)).collect(),
        };
        let unknown: Vec<CustomerNumber> = unknown.difference(&gone).copied().collect();
        if unknown.is_empty() {
            break;
        }
        kin.extend(store.customer_relatives(organization, &unknown, strongly).await?);
        gone.extend(unknown.iter().filter(|number| kin.get(**number).is_none()));
        level = unknown.into_iter().collect();
    }
    Ok(kin)
}

/// The customer it belongs to, if that is still there.
pub(crate) fn owner_of(kin: &Kin<'_>, customer: &Customer) -> Option<Reference> {
    kin.owner(customer.parent).map(|(number, owner)| Reference::new(number, &owner.name))
}

/// The nearest CPO above it.
pub(crate) fn cpo_of(kin: &Kin<'_>, customer: &Customer) -> Option<Reference> {
    kin.cpo(customer.parent).map(|(number, cpo)| Reference::new(number, &cpo.name))
}

/// The customer as it is told: without a parent that is gone.
pub(crate) fn told(kin: &Kin<'_>, customer: Customer) -> Customer {
    Customer { parent: kin.owner(customer.parent).map(|(number, _)| number), ..customer }
}
