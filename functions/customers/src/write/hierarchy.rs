//! The place of a customer in the hierarchy: below a parent that exists, without cycles, at most eight levels deep.

use futures_util::future::try_join_all;
use padron_domain::{
    Ancestors, Customer, CustomerField, CustomerKind, CustomerNumber, CustomerReference, Error, Failure,
    Finding, OrganizationId, Patch, Violation,
};
use padron_dto::customer::FieldPointers;
use padron_http::Context;
use padron_store::{AncestorLink, Store};

use crate::{list::Rows, named_customer::look_up};

/// Those below a customer are looked for so many queries at a time.
const QUERIES_AT_ONCE: usize = 16;
/// So many of them are looked for before all rows are, and so many where there are too many rows.
const FEW_DESCENDANTS: usize = 100;
const MAX_DESCENDANTS: usize = 2000;

/// The number of the parent that is named.
pub(super) async fn named_parent(
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
    // Whether there is one with that number is seen when those above are read.
    if let CustomerReference::Number(number) = reference {
        return Ok(Patch::Set(*number));
    }
    if let Some(parent) = look_up(cx.store(), customer.organization, reference).await? {
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

/// Those above a customer that is put somewhere, the nearest first.
#[derive(Debug, Default)]
pub(super) struct Above {
    pub(super) chain: Vec<AncestorLink>,
    /// Whether there are more than a hierarchy may have.
    is_too_deep: bool,
}

/// Reads who will be above a customer.
pub(super) async fn read_above(
    cx: &Context<'_>,
    customer: &Customer,
    pointers: FieldPointers,
    violations: &mut Vec<Violation>,
) -> Result<Above, Error> {
    let &Customer { organization, number, parent, .. } = customer;
    let Some(parent) = parent else { return Ok(Above::default()) };
    let chain = cx.store().ancestor_chain(organization, parent, number, Customer::MAX_DEPTH - 1).await?;
    let Some(chain) = chain else { return Ok(Above { chain: Vec::new(), is_too_deep: true }) };
    if chain.is_empty() {
        violations.push(unknown_parent(pointers));
    }
    Ok(Above { chain, is_too_deep: false })
}

/// Refuses a place that a customer cannot have.
pub(super) async fn require_place(
    cx: &Context<'_>,
    customer: &Customer,
    above: &Above,
    moves: bool,
) -> Result<(), Error> {
    if above.is_too_deep {
        return Err(Failure::HIERARCHY_TOO_DEEP.into());
    }
    let Some(parent) = above.chain.first() else { return Ok(()) };
    if above.chain.iter().any(|ancestor| ancestor.number == customer.number) {
        return Err(Failure::HIERARCHY_CYCLE.into());
    }
    if customer.kind == CustomerKind::CpoSubsidiary && !parent.kind.may_have_subsidiaries() {
        return Err(Failure::PARENT_NOT_CPO.into());
    }
    let below = if moves { levels_below(cx, customer).await? } else { 0 };
    if above.chain.len() + 1 + below > Customer::MAX_DEPTH {
        return Err(Failure::HIERARCHY_TOO_DEEP.into());
    }
    Ok(())
}

/// How many levels there are below a customer: of few by walking down, of many by looking at every row, as long as those may be
/// looked at.
async fn levels_below(cx: &Context<'_>, customer: &Customer) -> Result<usize, Error> {
    let &Customer { organization, number, .. } = customer;
    if let Some(levels) = walk_down(cx.store(), organization, number, FEW_DESCENDANTS).await? {
        return Ok(levels);
    }
    let total = cx.store().customer_count(organization).await?;
    let rows = Rows { store: cx.store(), total, max_rows: cx.options().customer_rows };
    match rows.read(organization).await {
        Ok(rows) => return Ok(Ancestors::from_rows(&rows).levels_below(number)),
        Err(error) if error.failure() == Failure::QUERY_TOO_BROAD => {}
        Err(error) => return Err(error),
    }
    let levels = walk_down(cx.store(), organization, number, MAX_DESCENDANTS).await?;
    levels.ok_or_else(|| {
        let detail =
            "There are too many customers below this one to move them all. Move its parts one by one.";
        Error::from(Failure::QUERY_TOO_BROAD).with_violation("", "too_many_below", detail)
    })
}

/// How many levels there are below a customer; `None` if there are more than so many customers.
async fn walk_down(
    store: &Store,
    organization: OrganizationId,
    top: CustomerNumber,
    at_most: usize,
) -> Result<Option<usize>, Error> {
    let children =
        async |parent: &CustomerNumber| store.children(organization, *parent, None, at_most + 1).await;
    let (mut level, mut seen) = (vec![top], 0);
    for levels in 0..Customer::MAX_DEPTH {
        let mut below = Vec::new();
        for parents in level.chunks(QUERIES_AT_ONCE) {
            let found = try_join_all(parents.iter().map(&children)).await?;
            below.extend(found.into_iter().flat_map(|page| page.items));
            if seen + below.len() > at_most {
                return Ok(None);
            }
        }
        if below.is_empty() {
            return Ok(Some(levels));
        }
        seen += below.len();
        level = below;
    }
    // Deeper than anything may be.
    Ok(Some(Customer::MAX_DEPTH))
}
