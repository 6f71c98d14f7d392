//! Writing a customer, the same for all dialects: what it becomes, what is wrong with that, and where it is put.

use futures_util::future::try_join_all;
use padron_domain::{
    Customer, CustomerField, CustomerId, CustomerKind, CustomerNumber, CustomerReference, Error, Failure,
    Finding, Happening, Kin, OrganizationId, Patch, Violation,
};
use padron_dto::{
    New,
    customer::{CustomerBody, Places},
};
use padron_http::{Bounded, Context, Member, Output, ReadBack, Written};
use padron_store::{Action, Ancestor, Change, Store};
use serde::Serialize;
use serde_json::{Map, Value};

use crate::{
    engine::Rows,
    kin::{Reach, kin_now, told},
    named::look_up,
};

/// What creating a customer needs of the store.
pub(crate) const CREATE_ACTIONS: &[&[Action]] =
    &[Store::CUSTOMER, Store::NEW_CUSTOMER, Store::ANCESTORS, Store::CUSTOMER_RELATIVES];
/// What changing one needs.
pub(crate) const UPDATE_ACTIONS: &[&[Action]] = &[
    Store::CUSTOMER,
    Store::UPDATE_CUSTOMER,
    Store::ANCESTORS,
    Store::CUSTOMER_RELATIVES,
    Store::CUSTOMER_CHILDREN,
    Store::CUSTOMER_ROWS,
    Store::CUSTOMER_COUNT,
];
/// How creating one can fail.
pub(crate) const CREATE_FAILURES: &[&[Failure]] =
    &[&[Failure::ExternalIdTaken, Failure::HierarchyTooDeep, Failure::ParentNotCpo]];
/// How changing one can fail.
pub(crate) const UPDATE_FAILURES: &[&[Failure]] = &[&[
    Failure::ExternalIdTaken,
    Failure::HierarchyCycle,
    Failure::HierarchyTooDeep,
    Failure::ParentNotCpo,
    Failure::PreconditionFailed,
    Failure::QueryTooBroad,
]];

/// Those below a customer are looked for so many queries at a time.
const QUERIES_AT_ONCE: usize = 16;
/// So many of them are looked for before all rows are, and so many where there are too many rows.
const FEW_BELOW: usize = 100;
const MOST_BELOW: usize = 2000;

/// A record is at most this many bytes of JSON.
const LARGEST_RECORD: usize = 32 * 1024;

/// A customer as it will be, and the change that makes it so; of one that is so already, `None`.
#[derive(Debug)]
pub(crate) struct Draft<C> {
    /// The customer.
    pub(crate) customer: Customer,
    /// The change.
    pub(crate) change: C,
    /// What may not be right about it.
    pub(crate) warnings: Vec<Finding>,
}

/// A new customer, as a body has it.
pub(crate) async fn create<'s, B: CustomerBody>(
    cx: &'s Context<'_>,
    member: &Member,
    Bounded { value: New(body), mut violations }: Bounded<New<B>>,
) -> Result<Draft<Change<'s>>, Error> {
    let organization = member.organization().id;
    let number = CustomerNumber::random_at(cx.now()).ok_or_else(|| Error::internal("the clock is wrong"))?;
    let blank = Customer::new(organization, number, CustomerId::random(number), cx.now());
    let mut customer = blank.clone();
    let (places, parent) = (body.places(), body.parent().clone());
    let nothing = Value::Object(Map::new());
    let others = ReadBack { sent: body.others(), within: places.within, now: &nothing, optional: &[] };
    violations.extend(others.unknown());
    body.write(&mut customer, true, &mut violations);
    customer.normalize(&blank);
    check::<B>(&customer, &blank, places, &mut violations)?;
    let parent = named_parent(cx, &customer, &parent, places, &mut violations).await?;
    customer.parent = parent.set();
    let above = above(cx, &customer, places, &mut violations).await?;
    refuse(violations)?;
    // The number that was drawn is an ancestor's: another try draws another one.
    if above.chain.iter().any(|ancestor| ancestor.number == number) {
        return Err(Failure::ConcurrentChange.into());
    }
    require_place(cx, &customer, &above, false).await?;
    let created = Happening::CustomerCreated { customer_id: customer.id.clone(), number };
    let event = cx.event(member.principal(), organization, created);
    let change = cx.store().new_customer(&customer, &event)?;
    let warnings = warnings::<B>(&customer);
    Ok(Draft { customer, change, warnings })
}

/// A customer as a body changes it. `answer` is how the dialect shows one: what a client sends back of it that cannot be changed
/// must be as it is.
pub(crate) async fn update<'s, B: CustomerBody>(
    cx: &'s Context<'_>,
    member: &Member,
    stored: Customer,
    Bounded { value: body, mut violations }: Bounded<B>,
    answer: impl AsyncFnOnce(&Customer) -> Result<Value, Error>,
) -> Result<Draft<Option<Change<'s>>>, Error> {
    let organization = member.organization().id;
    let kin = kin_now(cx.store(), &stored, Reach::Parents).await?;
    let before = told(&kin, stored);
    let mut customer = before.clone();
    let (places, parent) = (body.places(), body.parent().clone());
    let is_newest = cx.require_version(before.version);
    if !body.others().is_empty() {
        let now = answer(&before).await?;
        let others =
            ReadBack { sent: body.others(), within: places.within, now: &now, optional: &["warnings"] };
        violations.extend(others.unknown());
        // An old version of what cannot be changed is no attempt to change it.
        if is_newest.is_ok() {
            let is_of_warnings = |violation: &Violation| violation.pointer.ends_with("/warnings");
            violations.extend(others.changed().filter(|violation| !is_of_warnings(violation)));
        }
        // Sent back whole, but it has changed since it was read.
        if is_newest.is_ok() && others.is_of_older_version() {
            return Err(Error::from(Failure::ConcurrentChange).without_retry());
        }
    }
    body.write(&mut customer, false, &mut violations);
    customer.normalize(&before);
    check::<B>(&customer, &before, places, &mut violations)?;
    let parent = named_parent(cx, &customer, &parent, places, &mut violations).await?;
    parent.apply(&mut customer.parent);
    let moves = customer.parent != before.parent;
    let becomes_subsidiary =
        customer.kind == CustomerKind::CpoSubsidiary && before.kind != CustomerKind::CpoSubsidiary;
    let above = if moves || becomes_subsidiary {
        above(cx, &customer, places, &mut violations).await?
    } else {
        Above::default()
    };
    refuse(violations)?;
    is_newest?;
    let fields = customer.changes_since(&before);
    let warnings = warnings::<B>(&customer);
    if fields.is_empty() {
        return Ok(Draft { customer, change: None, warnings });
    }
    require_place(cx, &customer, &above, moves).await?;
    customer.touch(cx.now());
    let mut names: Vec<String> = fields.into_iter().map(|field| field.name().to_owned()).collect();
    names.dedup();
    let updated = Happening::CustomerUpdated {
        customer_id: customer.id.clone(),
        number: customer.number,
        fields: names,
    };
    let event = cx.event(member.principal(), organization, updated).not_before(customer.updated_at);
    let moves_below: &[Ancestor] = if moves { &above.chain } else { &[] };
    let change = cx.store().update_customer(&before, &customer, moves_below, &event)?;
    Ok(Draft { customer, change: Some(change), warnings })
}

/// An answer as a client sends it back.
pub(crate) fn answered(answer: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(|_| Error::internal("an answer is not JSON"))
}

/// Commits a change, if there is one to commit.
pub(crate) async fn commit<A: Output>(
    cx: &Context<'_>,
    change: Option<Change<'_>>,
    answer: A,
) -> Result<Written<A>, Error> {
    match change {
        Some(change) => cx.commit(change, answer).await,
        None => cx.nothing_to_write(answer).await,
    }
}

/// What may be right, and often is not.
fn warnings<B: CustomerBody>(customer: &Customer) -> Vec<Finding> {
    let mut warnings = customer.warnings();
    if B::HAS_COUNTRY_IN_WORDS {
        warnings.extend(customer.unknown_country());
    }
    warnings
}

/// Adds the rules that it breaks.
fn check<B: CustomerBody>(
    customer: &Customer,
    before: &Customer,
    places: Places,
    violations: &mut Vec<Violation>,
) -> Result<(), Error> {
    let mut broken = customer.broken_rules(before);
    if B::IS_FOR_INVOICES {
        broken.extend(customer.broken_invoice_rules(before));
    }
    for finding in broken {
        let violation = places.violation(finding);
        let is_told =
            violations.iter().any(|told| told.pointer == violation.pointer && told.code == violation.code);
        if !is_told {
            violations.push(violation);
        }
    }
    if Store::customer_size(customer)? > LARGEST_RECORD {
        let detail = "A customer's record is at most 32 KB.".into();
        violations.push(Violation { pointer: String::new(), code: "too_large", detail });
    }
    Ok(())
}

/// Refuses what is wrong, all of it at once.
fn refuse(violations: Vec<Violation>) -> Result<(), Error> {
    if violations.is_empty() { Ok(()) } else { Err(Error::violations_of(violations)) }
}

/// The number of the parent that is named.
async fn named_parent(
    cx: &Context<'_>,
    customer: &Customer,
    named: &Patch<CustomerReference>,
    places: Places,
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
    violations.push(unknown_parent(places));
    Ok(Patch::Keep)
}

fn unknown_parent(places: Places) -> Violation {
    places.violation(Finding {
        field: CustomerField::Parent,
        code: "unknown_customer",
        detail: "The organization has no such customer.",
    })
}

/// Those above a customer that is put somewhere, the nearest first.
#[derive(Debug, Default)]
struct Above {
    chain: Vec<Ancestor>,
    /// Whether there are more than a hierarchy may have.
    is_too_deep: bool,
}

/// Reads who will be above a customer.
async fn above(
    cx: &Context<'_>,
    customer: &Customer,
    places: Places,
    violations: &mut Vec<Violation>,
) -> Result<Above, Error> {
    let &Customer { organization, number, parent, .. } = customer;
    let Some(parent) = parent else { return Ok(Above::default()) };
    let chain = cx.store().ancestors(organization, parent, number, Customer::DEEPEST - 1).await?;
    let Some(chain) = chain else { return Ok(Above { chain: Vec::new(), is_too_deep: true }) };
    if chain.is_empty() {
        violations.push(unknown_parent(places));
    }
    Ok(Above { chain, is_too_deep: false })
}

/// Refuses a place that a customer cannot have.
async fn require_place(
    cx: &Context<'_>,
    customer: &Customer,
    above: &Above,
    moves: bool,
) -> Result<(), Error> {
    if above.is_too_deep {
        return Err(Failure::HierarchyTooDeep.into());
    }
    let Some(parent) = above.chain.first() else { return Ok(()) };
    if above.chain.iter().any(|ancestor| ancestor.number == customer.number) {
        return Err(Failure::HierarchyCycle.into());
    }
    if customer.kind == CustomerKind::CpoSubsidiary && !parent.kind.may_have_subsidiaries() {
        return Err(Failure::ParentNotCpo.into());
    }
    let below = if moves { levels_below(cx, customer).await? } else { 0 };
    if above.chain.len() + 1 + below > Customer::DEEPEST {
        return Err(Failure::HierarchyTooDeep.into());
    }
    Ok(())
}

/// How many levels there are below a customer: of few by walking down, of many by looking at every row, as long as those may be
/// looked at.
async fn levels_below(cx: &Context<'_>, customer: &Customer) -> Result<usize, Error> {
    let &Customer { organization, number, .. } = customer;
    if let Some(levels) = walk_down(cx.store(), organization, number, FEW_BELOW).await? {
        return Ok(levels);
    }
    let total = cx.store().customer_count(organization).await?;
    let rows = Rows { store: cx.store(), total, at_most: cx.customer_rows() };
    match rows.read(organization).await {
        Ok(rows) => return Ok(Kin::of_rows(&rows).levels_below(number)),
        Err(error) if error.failure() == Failure::QueryTooBroad => {}
        Err(error) => return Err(error),
    }
    let levels = walk_down(cx.store(), organization, number, MOST_BELOW).await?;
    levels.ok_or_else(|| {
        let detail =
            "There are too many customers below this one to move them all. Move its parts one by one.";
        Error::from(Failure::QueryTooBroad).at("", "too_many_below", detail)
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
    for levels in 0..Customer::DEEPEST {
        let mut below = Vec::new();
        for parents in level.chunks(QUERIES_AT_ONCE) {
            let found = try_join_all(parents.iter().map(&children)).await?;
            below.extend(found.into_iter().flat_map(|(children, _)| children));
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
    Ok(Some(Customer::DEEPEST))
}
