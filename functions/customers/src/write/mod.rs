//! Writing a customer, the same for all dialects: what it becomes, what is wrong with that, and where it is put.

mod hierarchy;

use padron_domain::{
    Customer, CustomerId, CustomerKind, CustomerNumber, Error, EventData, Failure, Finding, Violation,
};
use padron_dto::{
    New,
    customer::{CustomerBody, FieldPointers},
};
use padron_http::{Bounded, Caller, Context, ReadBack};
use padron_store::{Action, AncestorLink, Change, Store};
use serde::Serialize;
use serde_json::{Map, Value};

use self::hierarchy::{Above, named_parent, read_above, require_place};
use crate::ancestors::{AncestorDepth, read_ancestors_of_one, with_live_parent};

/// What creating a customer needs of the store.
pub(crate) const CREATE_ACTIONS: &[&[Action]] =
    &[Store::CUSTOMER, Store::NEW_CUSTOMER, Store::ANCESTOR_CHAIN, Store::CUSTOMER_ANCESTORS];
/// What changing one needs.
pub(crate) const UPDATE_ACTIONS: &[&[Action]] = &[
    Store::CUSTOMER,
    Store::UPDATE_CUSTOMER,
    Store::ANCESTOR_CHAIN,
    Store::CUSTOMER_ANCESTORS,
    Store::CUSTOMER_CHILDREN,
    Store::CUSTOMER_ROWS,
    Store::CUSTOMER_COUNT,
];
/// How creating one can fail.
pub(crate) const CREATE_FAILURES: &[&[Failure]] =
    &[&[Failure::EXTERNAL_ID_TAKEN, Failure::HIERARCHY_TOO_DEEP, Failure::PARENT_NOT_CPO]];
/// How changing one can fail.
pub(crate) const UPDATE_FAILURES: &[&[Failure]] = &[&[
    Failure::EXTERNAL_ID_TAKEN,
    Failure::HIERARCHY_CYCLE,
    Failure::HIERARCHY_TOO_DEEP,
    Failure::PARENT_NOT_CPO,
    Failure::PRECONDITION_FAILED,
    Failure::QUERY_TOO_BROAD,
]];

/// A record is at most this many bytes of JSON.
const MAX_RECORD_SIZE: usize = 32 * 1024;

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
pub(crate) async fn create<'s, P, B: CustomerBody>(
    cx: &'s Context<'_>,
    caller: &Caller<P>,
    Bounded { value: New(body), mut violations }: Bounded<New<B>>,
) -> Result<Draft<Change<'s>>, Error> {
    let organization = caller.organization().id;
    let number = CustomerNumber::random_at(cx.now()).ok_or_else(|| Error::internal("the clock is wrong"))?;
    let blank = Customer::new(organization, number, CustomerId::random(number), cx.now());
    let mut customer = blank.clone();
    let (pointers, parent) = (body.pointers(), body.parent().clone());
    let nothing = Value::Object(Map::new());
    let others = ReadBack { sent: body.others(), within: pointers.within, now: &nothing, optional: &[] };
    violations.extend(others.unknown());
    body.write(&mut customer, true, &mut violations);
    customer.normalize(&blank);
    check::<B>(&customer, &blank, pointers, &mut violations)?;
    let parent = named_parent(cx, &customer, &parent, pointers, &mut violations).await?;
    customer.parent = parent.set();
    let above = read_above(cx, &customer, pointers, &mut violations).await?;
    refuse(violations)?;
    // The number that was drawn is an ancestor's: another try draws another one.
    if above.chain.iter().any(|ancestor| ancestor.number == number) {
        return Err(Failure::CONCURRENT_CHANGE.into());
    }
    require_place(cx, &customer, &above, false).await?;
    let created = EventData::CustomerCreated { customer_id: customer.id.clone(), number };
    let event = cx.event(caller.principal(), organization, created);
    let change = cx.store().new_customer(&customer, &event)?;
    let warnings = warnings::<B>(&customer);
    Ok(Draft { customer, change, warnings })
}

/// A customer as a body changes it. `answer` is how the dialect shows one: what a client sends back of it that cannot be changed
/// must be as it is.
pub(crate) async fn update<'s, P, B: CustomerBody>(
    cx: &'s Context<'_>,
    caller: &Caller<P>,
    stored: Customer,
    Bounded { value: body, mut violations }: Bounded<B>,
    answer: impl AsyncFnOnce(&Customer) -> Result<Value, Error>,
) -> Result<Draft<Option<Change<'s>>>, Error> {
    let organization = caller.organization().id;
    let ancestors = read_ancestors_of_one(cx.store(), &stored, AncestorDepth::Parent).await?;
    let before = with_live_parent(&ancestors, stored);
    let mut customer = before.clone();
    let (pointers, parent) = (body.pointers(), body.parent().clone());
    let is_newest = cx.require_version(before.version);
    if !body.others().is_empty() {
        let now = answer(&before).await?;
        let others =
            ReadBack { sent: body.others(), within: pointers.within, now: &now, optional: &["warnings"] };
        violations.extend(others.unknown());
        // An old version of what cannot be changed is no attempt to change it.
        if is_newest.is_ok() {
            let is_of_warnings = |violation: &Violation| violation.pointer.ends_with("/warnings");
            violations.extend(others.changed().filter(|violation| !is_of_warnings(violation)));
        }
        // Sent back whole, but it has changed since it was read.
        if is_newest.is_ok() && others.is_of_older_version() {
            return Err(Error::from(Failure::CONCURRENT_CHANGE).without_retry());
        }
    }
    body.write(&mut customer, false, &mut violations);
    customer.normalize(&before);
    check::<B>(&customer, &before, pointers, &mut violations)?;
    let parent = named_parent(cx, &customer, &parent, pointers, &mut violations).await?;
    parent.apply(&mut customer.parent);
    let moves = customer.parent != before.parent;
    let becomes_subsidiary =
        customer.kind == CustomerKind::CpoSubsidiary && before.kind != CustomerKind::CpoSubsidiary;
    let above = if moves || becomes_subsidiary {
        read_above(cx, &customer, pointers, &mut violations).await?
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
    let updated = EventData::CustomerUpdated {
        customer_id: customer.id.clone(),
        number: customer.number,
        fields: names,
    };
    let event = cx.event(caller.principal(), organization, updated).not_before(customer.updated_at);
    let moves_below: &[AncestorLink] = if moves { &above.chain } else { &[] };
    let change = cx.store().update_customer(&before, &customer, moves_below, &event)?;
    Ok(Draft { customer, change: Some(change), warnings })
}

/// An answer as a client sends it back.
pub(crate) fn answered(answer: &impl Serialize) -> Result<Value, Error> {
    serde_json::to_value(answer).map_err(|_| Error::internal("an answer is not JSON"))
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
    pointers: FieldPointers,
    violations: &mut Vec<Violation>,
) -> Result<(), Error> {
    let mut broken = customer.broken_rules(before);
    if B::IS_FOR_INVOICES {
        broken.extend(customer.broken_invoice_rules(before));
    }
    for finding in broken {
        let violation = pointers.violation(finding);
        let is_told = violations.iter().any(|with_live_parent| {
            with_live_parent.pointer == violation.pointer && with_live_parent.code == violation.code
        });
        if !is_told {
            violations.push(violation);
        }
    }
    if Store::customer_size(customer)? > MAX_RECORD_SIZE {
        let detail = "A customer's record is at most 32 KB.".into();
        violations.push(Violation { pointer: String::new(), code: "too_large", detail });
    }
    Ok(())
}

/// Refuses what is wrong, all of it at once.
fn refuse(violations: Vec<Violation>) -> Result<(), Error> {
    if violations.is_empty() { Ok(()) } else { Err(Error::from_violations(violations)) }
}
