//! The customers above others.

use std::{borrow::Cow, collections::HashMap};

use super::{Customer, CustomerKind, CustomerNumber, CustomerRow};

/// What others show of a customer, and what it is below.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ancestor<'r> {
    /// Its name.
    pub name: Cow<'r, str>,
    /// What it is.
    pub kind: CustomerKind,
    /// The customer it was put under, be that still there or not.
    pub parent: Option<CustomerNumber>,
}

/// Customers with those above them, by number. Whoever is not among them is gone, and so is no one's parent any more.
#[derive(Debug, Default)]
pub struct Ancestors<'r>(HashMap<CustomerNumber, Ancestor<'r>>);

impl<'r> Ancestors<'r> {
    /// How far up is looked. Depth is checked before a customer moves, not claimed: those that move at the same time can end
    /// deeper than they should.
    pub const MAX_DISTANCE: usize = 4 * Customer::MAX_DEPTH;

    /// These.
    pub fn new(ancestors: impl IntoIterator<Item = (CustomerNumber, Ancestor<'r>)>) -> Self {
        Self(ancestors.into_iter().collect())
    }

    /// Those of all rows of an organization.
    pub fn from_rows(rows: &'r [CustomerRow]) -> Self {
        let ancestor = |row: &'r CustomerRow| Ancestor {
            name: row.name.as_str().into(),
            kind: row.kind,
            parent: row.parent,
        };
        Self::new(rows.iter().map(|row| (row.number, ancestor(row))))
    }

    /// Adds more of them.
    pub fn extend(&mut self, ancestors: impl IntoIterator<Item = (CustomerNumber, Ancestor<'r>)>) {
        self.0.extend(ancestors);
    }

    /// The one with that number.
    pub fn get(&self, number: CustomerNumber) -> Option<&Ancestor<'r>> {
        self.0.get(&number)
    }

    /// The parent, if it is still there.
    pub fn owner(&self, parent: Option<CustomerNumber>) -> Option<(CustomerNumber, &Ancestor<'r>)> {
        let parent = parent?;
        Some((parent, self.get(parent)?))
    }

    /// The parent and those above it, the nearest first.
    pub fn above(
        &self,
        parent: Option<CustomerNumber>,
    ) -> impl Iterator<Item = (CustomerNumber, &Ancestor<'r>)> {
        std::iter::successors(self.owner(parent), |(_, above)| self.owner(above.parent))
            .take(Self::MAX_DISTANCE)
    }

    /// The nearest CPO from the parent on upwards.
    pub fn cpo(&self, parent: Option<CustomerNumber>) -> Option<(CustomerNumber, &Ancestor<'r>)> {
        self.above(parent).find(|(_, above)| above.kind == CustomerKind::Cpo)
    }

    /// How many levels there are below a customer.
    pub fn levels_below(&self, number: CustomerNumber) -> usize {
        let steps =
            |ancestor: &Ancestor<'r>| self.above(ancestor.parent).position(|(above, _)| above == number);
        self.0.values().filter_map(steps).map(|steps| steps + 1).max().unwrap_or(0)
    }
}
