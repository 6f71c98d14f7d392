//! The rules for a customer's position in the hierarchy: its parent exists, there are no cycles, and there are at most eight levels.

use futures_util::future::try_join_all;
use padron_domain::{
    Ancestors, Customer, CustomerField, CustomerKind, CustomerNumber, CustomerReference, Error, Failure,
    Finding, OrganizationId, Patch, Violation,
};
use padron_dto::customer::FieldPointers;
use padron_http::Context;
use padron_store::{AncestorLink, Store};

use crate::{list::RowReader, named_customer::find_customer};

/// The maximum number of concurrent queries for the children of customers.
const QUERIES_AT_ONCE: usize = 16;
/// The number of descendants up to which they are queried before all rows are read instead.
const FEW_DESCENDANTS: usize = 100;
/// The maximum number of descendants that are queried if the organization has too many rows to read.
const MAX_DESCENDANTS: usize = 2000;

/// Returns the change of the parent that a body asks for, as a number. Adds a violation if the body names the parent by an id that no
/// customer has.
pub(super) async fn resolve_parent(
    cx: &Context<'_>,
    customer: &Customer,
    named: &Patch<CustomerReference>,
    pointers: FieldPointers,
    violations: &mut Vec<Violation>,
) -> Result<Patch<CustomerNumber>, Error> {
    let reference = match named {
        Patch::Keep => return Ok(Patch::Keep),
        Patch::Clear => return Ok(Patch::Clear),
        Patch::Set(reference) => reference,
    };
    // Whether a customer with the number exists is checked when the ancestors are read.
    if let CustomerReference::Number(number) = reference {
        return Ok(Patch::Set(*number));
    }
    if let Some(parent) = find_customer(cx.store(), customer.organization, reference).await? {
        return Ok(Patch::Set(parent.number));
    }
    violations.push(unknown_parent(pointers));
    Ok(Patch::Keep)
}

fn unknown_parent(pointers: FieldPointers) -> Violation {
    pointers.violation(Finding {
        field: CustomerField::Parent,
        code: "unknown_customer",
        detail: "The organization has no such customer.",
    })
}

/// The ancestors that a customer has after the write.
#[derive(Debug, Default)]
pub(super) struct AncestorsAfterWrite {
    /// The ancestors, nearest first.
    pub(super) chain: Vec<AncestorLink>,
    /// Whether there are more ancestors than a hierarchy may have.
    is_too_deep: bool,
}

/// Reads the ancestors that a customer has after the write. Adds a violation if the parent does not exist.
pub(super) async fn read_ancestors_after_write(
    cx: &Context<'_>,
    customer: &Customer,
    pointers: FieldPointers,
    violations: &mut Vec<Violation>,
) -> Result<AncestorsAfterWrite, Error> {
    let &Customer { organization, number, parent, .. } = customer;
    let Some(parent) = parent else { return Ok(AncestorsAfterWrite::default()) };
    let chain = cx.store().ancestor_chain(organization, parent, number, Customer::MAX_DEPTH - 1).await?;
    let Some(chain) = chain else { return Ok(AncestorsAfterWrite { chain: Vec::new(), is_too_deep: true }) };
    if chain.is_empty() {
        violations.push(unknown_parent(pointers));
    }
    Ok(AncestorsAfterWrite { chain, is_too_deep: false })
}

/// Fails if a customer may not have its position in the hierarchy. `changes_parent` is whether the write changes its parent.
pub(super) async fn check_hierarchy_rules(
    cx: &Context<'_>,
    customer: &Customer,
    ancestors: &AncestorsAfterWrite,
    changes_parent: bool,
) -> Result<(), Error> {
    if ancestors.is_too_deep {
        return Err(Failure::HIERARCHY_TOO_DEEP.into());
    }
    let Some(parent) = ancestors.chain.first() else { return Ok(()) };
    // An imported number can be that of a deleted customer, which an ancestor still has as its parent.
    let is_it = |ancestor: &AncestorLink| {
        ancestor.number == customer.number || ancestor.parent == Some(customer.number)
    };
    if ancestors.chain.iter().any(is_it) {
        return Err(Failure::HIERARCHY_CYCLE.into());
    }
    if customer.kind == CustomerKind::CpoSubsidiary && !parent.kind.may_have_subsidiaries() {
        return Err(Failure::PARENT_NOT_CPO.into());
    }
    let levels = if changes_parent { levels_below(cx, customer).await? } else { 0 };
    if ancestors.chain.len() + 1 + levels > Customer::MAX_DEPTH {
        return Err(Failure::HIERARCHY_TOO_DEEP.into());
    }
    Ok(())
}

/// Returns the number of levels below a customer.
///
/// A few descendants are queried level by level. For more, the rows of all customers are read if the organization has few enough of them.
/// Otherwise the descendants are queried after all, up to [`MAX_DESCENDANTS`]. Fails if there are more.
async fn levels_below(cx: &Context<'_>, customer: &Customer) -> Result<usize, Error> {
    let &Customer { organization, number, .. } = customer;
    if let Some(levels) = count_levels_by_query(cx.store(), organization, number, FEW_DESCENDANTS).await? {
        return Ok(levels);
    }
    let total = cx.store().customer_count(organization).await?;
    let rows = RowReader { store: cx.store(), total, max_rows: cx.options().max_customer_rows };
    match rows.read(organization).await {
        Ok(rows) => return Ok(Ancestors::from_rows(&rows).levels_below(number)),
        Err(error) if error.failure() == Failure::QUERY_TOO_BROAD => {}
        Err(error) => return Err(error),
    }
    let levels = count_levels_by_query(cx.store(), organization, number, MAX_DESCENDANTS).await?;
    levels.ok_or_else(|| {
        let detail =
            "There are too many customers below this one to move them all. Move its parts one by one.";
        Error::from(Failure::QUERY_TOO_BROAD).with_violation("", "too_many_below", detail)
    })
}

/// Returns the number of levels below a customer, queried level by level; `None` if there are more than `max_descendants` descendants.
async fn count_levels_by_query(
    store: &Store,
    organization: OrganizationId,
    top: CustomerNumber,
    max_descendants: usize,
) -> Result<Option<usize>, Error> {
    let children = async |parent: &CustomerNumber| {
        store.children(organization, *parent, None, max_descendants + 1).await
    };
    let (mut level, mut seen) = (vec![top], 0);
    for levels in 0..Customer::MAX_DEPTH {
        let mut next_level = Vec::new();
        for parents in level.chunks(QUERIES_AT_ONCE) {
            let found = try_join_all(parents.iter().map(&children)).await?;
            next_level.extend(found.into_iter().flat_map(|page| page.items));
            if seen + next_level.len() > max_descendants {
                return Ok(None);
            }
        }
        if next_level.is_empty() {
            return Ok(Some(levels));
        }
        seen += next_level.len();
        level = next_level;
    }
    // The hierarchy is deeper than any may be.
    Ok(Some(Customer::MAX_DEPTH))
}
