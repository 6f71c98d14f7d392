//! Ancestors of customers in the hierarchy.

use std::{borrow::Cow, collections::HashMap};

use super::{Customer, CustomerKind, CustomerNumber, CustomerRow};

/// The data of a customer that its descendants show, and its parent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor<'r> {
    /// The name of the customer.
    pub name: Cow<'r, str>,
    /// The kind of the customer.
    pub kind: CustomerKind,
    /// The parent of the customer, which may have been deleted.
    pub parent: Option<CustomerNumber>,
}

/// A set of customers and their ancestors, by number.
///
/// A customer that is not in the set has been deleted, and no longer counts as a parent.
#[derive(Debug, Default)]
pub struct Ancestors<'r>(HashMap<CustomerNumber, Ancestor<'r>>);

impl<'r> Ancestors<'r> {
    /// The maximum number of ancestors that are followed upwards.
    ///
    /// It is larger than [`Customer::MAX_DEPTH`]. The depth is checked before a customer moves, but not by a condition of the
    /// write. Customers that move at the same time can end up deeper than allowed.
    pub const MAX_ANCESTORS: usize = 4 * Customer::MAX_DEPTH;

    /// Creates a set of these customers.
    pub fn new(ancestors: impl IntoIterator<Item = (CustomerNumber, Ancestor<'r>)>) -> Self {
        Self(ancestors.into_iter().collect())
    }

    /// Creates a set of all rows of an organization.
    pub fn from_rows(rows: &'r [CustomerRow]) -> Self {
        let ancestor = |row: &'r CustomerRow| Ancestor {
            name: row.name.as_str().into(),
            kind: row.kind,
            parent: row.parent,
        };
        Self::new(rows.iter().map(|row| (row.number, ancestor(row))))
    }

    /// Adds customers to the set.
    pub fn extend(&mut self, ancestors: impl IntoIterator<Item = (CustomerNumber, Ancestor<'r>)>) {
        self.0.extend(ancestors);
    }

    /// Returns the customer with this number; `None` if it is not in the set.
    pub fn get(&self, number: CustomerNumber) -> Option<&Ancestor<'r>> {
        self.0.get(&number)
    }

    /// Returns the parent; `None` if there is none or it has been deleted.
    pub fn parent(&self, parent: Option<CustomerNumber>) -> Option<(CustomerNumber, &Ancestor<'r>)> {
        let parent = parent?;
        Some((parent, self.get(parent)?))
    }

    /// Returns the parent and its ancestors, the nearest first.
    pub fn chain_from(
        &self,
        parent: Option<CustomerNumber>,
    ) -> impl Iterator<Item = (CustomerNumber, &Ancestor<'r>)> {
        std::iter::successors(self.parent(parent), |(_, above)| self.parent(above.parent))
            .take(Self::MAX_ANCESTORS)
    }

    /// Returns the nearest CPO, from the parent upwards; `None` if there is none.
    pub fn nearest_cpo(&self, parent: Option<CustomerNumber>) -> Option<(CustomerNumber, &Ancestor<'r>)> {
        self.chain_from(parent).find(|(_, above)| above.kind == CustomerKind::Cpo)
    }

    /// Returns the number of levels below a customer.
    pub fn levels_below(&self, number: CustomerNumber) -> usize {
        let steps =
            |ancestor: &Ancestor<'r>| self.chain_from(ancestor.parent).position(|(above, _)| above == number);
        self.0.values().filter_map(steps).map(|steps| steps + 1).max().unwrap_or(0)
    }
}
