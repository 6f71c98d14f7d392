//! Creating and updating customers, the same for all dialects.
//!
//! The body is applied to the customer, the result is validated, and its position in the hierarchy is checked.

mod hierarchy;

use padron_domain::{
    Customer, CustomerId, CustomerKind, CustomerNumber, Error, EventData, Failure, Finding, Violation,
};
use padron_dto::{
    New,
    customer::{CustomerBody, FieldPointers},
};
use padron_http::{Caller, Context, Created, ReadOnlyFields, SizeLimited, Written, to_sent_back_json};
use padron_store::{Action, AncestorLink, Store, Transaction};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use self::hierarchy::{
    AncestorsAfterWrite, check_hierarchy_rules, read_ancestors_after_write, resolve_parent,
};
use crate::{
    ancestors::{AncestorDepth, read_ancestors_of_one, with_live_parent},
    named_customer::{NamedCustomer, resolve},
    warned::{CustomerWithWarnings, with_warnings},
};

/// The store actions of [`create`].
pub(crate) const CREATE_ACTIONS: &[&[Action]] =
    &[Store::CUSTOMER, Store::NEW_CUSTOMER, Store::ANCESTOR_CHAIN, Store::CUSTOMER_ANCESTORS];
/// The store actions of [`update`].
pub(crate) const UPDATE_ACTIONS: &[&[Action]] = &[
    Store::CUSTOMER,
    Store::UPDATE_CUSTOMER,
    Store::ANCESTOR_CHAIN,
    Store::CUSTOMER_ANCESTORS,
    Store::CUSTOMER_CHILDREN,
    Store::CUSTOMER_ROWS,
    Store::CUSTOMER_COUNT,
];
/// The failures of [`create`].
pub(crate) const CREATE_FAILURES: &[&[Failure]] =
    &[&[Failure::EXTERNAL_ID_TAKEN, Failure::HIERARCHY_TOO_DEEP, Failure::PARENT_NOT_CPO]];
/// The failures of [`update`].
pub(crate) const UPDATE_FAILURES: &[&[Failure]] = &[&[
    Failure::EXTERNAL_ID_TAKEN,
    Failure::HIERARCHY_CYCLE,
    Failure::HIERARCHY_TOO_DEEP,
    Failure::PARENT_NOT_CPO,
    Failure::PRECONDITION_FAILED,
    Failure::QUERY_TOO_BROAD,
]];

/// The maximum size of a customer's record, in bytes of JSON.
const MAX_RECORD_SIZE: usize = 32 * 1024;

/// A customer and the change that writes it. The change of an update is `None` if nothing would change.
#[derive(Debug)]
pub(crate) struct PreparedWrite<C> {
    /// The customer after the change.
    pub(crate) customer: Customer,
    /// The change to be committed.
    pub(crate) transaction: C,
    /// The warnings about values that may be wrong.
    pub(crate) warnings: Vec<Finding>,
}

/// Prepares a new customer from a body.
pub(crate) async fn create<'s, P, B: CustomerBody>(
    cx: &'s Context<'_>,
    caller: &Caller<P>,
    body: SizeLimited<New<B>>,
) -> Result<PreparedWrite<Transaction<'s>>, Error> {
    let organization = caller.organization().id;
    let number = CustomerNumber::random_from_timestamp(cx.now())
        .ok_or_else(|| Error::internal("the clock is wrong"))?;
    let blank = Customer::new(organization, number, CustomerId::random(number), cx.now());
    let NewCustomer { customer, warnings, .. } = check_new(cx, &blank, body, false).await?;
    let created = EventData::CustomerCreated { customer_id: customer.id.clone(), number };
    let event = cx.event(caller.principal(), organization, created);
    let transaction = cx.store().new_customer(&customer, &event)?;
    Ok(PreparedWrite { customer, transaction, warnings })
}

/// A new customer that follows the rules, and is not yet written.
#[derive(Debug)]
pub(crate) struct NewCustomer {
    /// The customer.
    pub(crate) customer: Customer,
    /// The ancestors, nearest first.
    pub(crate) ancestors: Vec<AncestorLink>,
    /// The warnings about values that may be wrong.
    pub(crate) warnings: Vec<Finding>,
}

/// Applies a body to a customer that has a number, an id and no data, and checks the result.
///
/// A customer whose number was used before may have descendants.
pub(crate) async fn check_new<B: CustomerBody>(
    cx: &Context<'_>,
    blank: &Customer,
    SizeLimited { value: New(body), mut violations }: SizeLimited<New<B>>,
    may_have_descendants: bool,
) -> Result<NewCustomer, Error> {
    let number = blank.number;
    let mut customer = blank.clone();
    let (pointers, parent) = (body.pointers(), body.parent().clone());
    let nothing = Value::Object(Map::new());
    let read_only_fields =
        ReadOnlyFields { sent: body.others(), pointer: pointers.within, current: &nothing, optional: &[] };
    violations.extend(read_only_fields.unknown());
    body.write(&mut customer, true, &mut violations);
    customer.normalize(blank);
    collect_violations::<B>(&customer, blank, pointers, &mut violations)?;
    let parent = resolve_parent(cx, &customer, &parent, pointers, &mut violations).await?;
    customer.parent = parent.set();
    let ancestors_after = read_ancestors_after_write(cx, &customer, pointers, &mut violations).await?;
    fail_if_any(violations)?;
    // The generated number is that of an ancestor. A retry generates another one.
    if ancestors_after.chain.iter().any(|ancestor| ancestor.number == number) {
        return Err(Failure::CONCURRENT_CHANGE.into());
    }
    check_hierarchy_rules(cx, &customer, &ancestors_after, may_have_descendants).await?;
    let warnings = warnings::<B>(&customer);
    Ok(NewCustomer { customer, ancestors: ancestors_after.chain, warnings })
}

/// Prepares an update of a customer from a body.
///
/// `response` returns the customer as the dialect shows it. Fields that cannot be changed, but that the client sends back, must have the
/// values of that representation.
pub(crate) async fn update<'s, P, B: CustomerBody>(
    cx: &'s Context<'_>,
    caller: &Caller<P>,
    stored: Customer,
    SizeLimited { value: body, mut violations }: SizeLimited<B>,
    response: impl AsyncFnOnce(&Customer) -> Result<Value, Error>,
) -> Result<PreparedWrite<Option<Transaction<'s>>>, Error> {
    let organization = caller.organization().id;
    let ancestors = read_ancestors_of_one(cx.store(), &stored, AncestorDepth::Parent).await?;
    let before = with_live_parent(&ancestors, stored);
    let mut customer = before.clone();
    let (pointers, parent) = (body.pointers(), body.parent().clone());
    let version_check = cx.require_version(before.version);
    if !body.others().is_empty() {
        let mut current = response(&before).await?;
        // Warnings are not stored, so that a client may have others.
        if let (Some(sent), Some(current)) = (body.others().get("warnings"), current.as_object_mut()) {
            current.insert("warnings".into(), sent.clone());
        }
        let read_only_fields = ReadOnlyFields {
            sent: body.others(),
            pointer: pointers.within,
            current: &current,
            optional: &[],
        };
        violations.extend(read_only_fields.violations(&version_check)?);
    }
    body.write(&mut customer, false, &mut violations);
    customer.normalize(&before);
    collect_violations::<B>(&customer, &before, pointers, &mut violations)?;
    let parent = resolve_parent(cx, &customer, &parent, pointers, &mut violations).await?;
    parent.apply(&mut customer.parent);
    let moves = customer.parent != before.parent;
    let becomes_subsidiary =
        customer.kind == CustomerKind::CpoSubsidiary && before.kind != CustomerKind::CpoSubsidiary;
    let ancestors_after = if moves || becomes_subsidiary {
        read_ancestors_after_write(cx, &customer, pointers, &mut violations).await?
    } else {
        AncestorsAfterWrite::default()
    };
    fail_if_any(violations)?;
    version_check?;
    let fields = customer.changes_since(&before);
    let warnings = warnings::<B>(&customer);
    if fields.is_empty() {
        return Ok(PreparedWrite { customer, transaction: None, warnings });
    }
    check_hierarchy_rules(cx, &customer, &ancestors_after, moves).await?;
    customer.mark_updated(cx.now());
    let mut names: Vec<String> = fields.into_iter().map(|field| field.name().to_owned()).collect();
    names.dedup();
    let updated = EventData::CustomerUpdated {
        customer_id: customer.id.clone(),
        number: customer.number,
        fields: names,
    };
    let event = cx.event(caller.principal(), organization, updated).at_or_after(customer.updated_at);
    let new_ancestors: &[AncestorLink] = if moves { &ancestors_after.chain } else { &[] };
    let transaction = cx.store().update_customer(&before, &customer, new_ancestors, &event)?;
    Ok(PreparedWrite { customer, transaction: Some(transaction), warnings })
}

/// Creates a customer in a dialect whose representation `R` needs nothing but the record. `location` returns its path.
pub(crate) async fn create_as<P, B, R>(
    cx: &Context<'_>,
    caller: &Caller<P>,
    body: SizeLimited<New<B>>,
    pointers: FieldPointers,
    location: impl FnOnce(&Customer) -> String,
) -> Result<Written<Created<CustomerWithWarnings<R>>>, Error>
where
    B: CustomerBody,
    R: From<Customer> + Serialize + JsonSchema,
{
    let PreparedWrite { customer, transaction, warnings } = create(cx, caller, body).await?;
    let (location, version) = (location(&customer), customer.version);
    let versioned = with_warnings(version, R::from(customer), warnings, pointers);
    cx.commit(transaction, Created { location, versioned }).await
}

/// Updates a customer in a dialect whose representation `R` needs nothing but the record. `S` is the form in which a client sends the
/// customer back.
pub(crate) async fn update_as<P, N, B, S, R>(
    cx: &Context<'_>,
    caller: Caller<P, NamedCustomer<N>>,
    body: SizeLimited<B>,
    pointers: FieldPointers,
) -> Result<Written<CustomerWithWarnings<R>>, Error>
where
    B: CustomerBody,
    S: From<Customer> + Serialize,
    R: From<Customer> + Serialize + JsonSchema,
{
    let (caller, stored) = resolve(cx, caller).await?;
    let shown = async |customer: &Customer| to_sent_back_json(&S::from(customer.clone()));
    let PreparedWrite { customer, transaction, warnings } = update(cx, &caller, stored, body, shown).await?;
    let response = with_warnings(customer.version, R::from(customer), warnings, pointers);
    cx.commit_any(transaction, response).await
}

/// Returns the warnings about values that are allowed, but often wrong.
fn warnings<B: CustomerBody>(customer: &Customer) -> Vec<Finding> {
    let mut warnings = customer.warnings();
    if B::ACCEPTS_COUNTRY_NAMES {
        warnings.extend(customer.unknown_country_warning());
    }
    warnings
}

/// Adds a violation for each rule that the customer breaks.
fn collect_violations<B: CustomerBody>(
    customer: &Customer,
    before: &Customer,
    pointers: FieldPointers,
    violations: &mut Vec<Violation>,
) -> Result<(), Error> {
    let mut broken = customer.broken_rules(before);
    if B::CHECKS_INVOICE_RULES {
        broken.extend(customer.broken_invoice_rules(before));
    }
    for finding in broken {
        let violation = pointers.violation(finding);
        let is_reported =
            violations.iter().any(|known| known.pointer == violation.pointer && known.code == violation.code);
        if !is_reported {
            violations.push(violation);
        }
    }
    if Store::customer_size(customer)? > MAX_RECORD_SIZE {
        let detail = "A customer's record is at most 32 KB.".into();
        violations.push(Violation { pointer: String::new(), code: "too_large", detail });
    }
    Ok(())
}

/// Fails with all violations at once.
fn fail_if_any(violations: Vec<Violation>) -> Result<(), Error> {
    if violations.is_empty() { Ok(()) } else { Err(Error::from_violations(violations)) }
}
