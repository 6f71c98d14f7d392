//! What the endpoints that change a part of the fiscal profile have in common.

use padron_domain::{
    Authority, Error, Event, EventData, Organization, Patch, ProfileChanges, ProfileWarning, Role, Violation,
};
use padron_dto::{OrganizationResponse, Warning, WithWarnings};
use padron_http::{Caller, Context, ReadOnlyFields, VersionedPart, Written, to_sent_back_json};
use serde_json::{Map, Value};

/// An organization whose fiscal profile was changed, with warnings about values that are allowed, but often wrong.
pub(crate) type UpdatedOrganization = VersionedPart<WithWarnings<OrganizationResponse>, OrganizationResponse>;

/// The body of a request that changes a part of the fiscal profile.
pub(crate) struct Body<C> {
    /// The name of the part in an organization, which a client may send back whole.
    pub(crate) part: &'static str,
    /// The changes.
    pub(crate) changes: C,
    /// The other fields of the part, which must have their current values.
    pub(crate) others: Map<String, Value>,
    /// The names of fields that are absent from the part when they have no value.
    pub(crate) optional: &'static [&'static str],
    /// What else is wrong with the body.
    pub(crate) violations: Vec<Violation>,
}

impl<C> Body<C> {
    /// Creates a body of a part whose fields are all present in a response.
    pub(crate) fn new(part: &'static str, changes: C, others: Map<String, Value>) -> Self {
        Self { part, changes, others, optional: &[], violations: Vec::new() }
    }
}

/// Changes a part of the fiscal profile of the caller's organization.
pub(crate) async fn update<P, C: ProfileChanges>(
    cx: &Context<'_>,
    caller: &Caller<P>,
    body: Body<C>,
) -> Result<Written<UpdatedOrganization>, Error> {
    let Body { part, changes, others, optional, mut violations } = body;
    let mut organization = caller.organization().clone();
    let current = to_sent_back_json(&OrganizationResponse::new(organization.clone(), cx.issuer(), cx.now()))?;
    let version_check = cx.require_version(organization.version);
    let others = ReadOnlyFields { sent: &others, pointer: "", current: &current[part], optional };
    violations.extend(changes.violations(&organization));
    violations.extend(others.violations(&version_check)?);
    if !violations.is_empty() {
        return Err(Error::from_violations(violations));
    }
    version_check?;
    let fields = organization.update_profile(changes, cx.now());
    let response = respond(cx, &organization, C::warnings(&organization));
    if fields.is_empty() {
        return cx.unchanged(response).await;
    }
    let event = updated_event(cx, caller, &organization, fields);
    let transaction = cx.store().update_fiscal_profile(&organization, authority_to_check(caller), &event)?;
    cx.commit(transaction, response).await
}

/// Returns the event of a change of these fields of an organization.
pub(crate) fn updated_event<P>(
    cx: &Context<'_>,
    caller: &Caller<P>,
    organization: &Organization,
    fields: Vec<&'static str>,
) -> Event {
    let fields = fields.into_iter().map(ToOwned::to_owned).collect();
    let event = cx.event(caller.principal(), organization.id, EventData::OrganizationUpdated { fields });
    event.at_or_after(organization.updated_at)
}

/// Returns the authority that a transaction must check; `None` for the owner. A transfer of the organization changes its version, so that the
/// write of a former owner fails anyway.
pub(crate) fn authority_to_check<P>(caller: &Caller<P>) -> Option<&Authority> {
    let is_owner = |actor: &&Authority| matches!(actor, Authority::Membership(membership) if membership.role == Role::Owner);
    Some(caller.authority()).filter(|actor| !is_owner(actor))
}

/// Returns the response for an organization.
fn respond(
    cx: &Context<'_>,
    organization: &Organization,
    warnings: Vec<ProfileWarning>,
) -> UpdatedOrganization {
    let record = OrganizationResponse::new(organization.clone(), cx.issuer(), cx.now());
    let body = WithWarnings { record, warnings: warnings.into_iter().map(Warning::from).collect() };
    VersionedPart { version: organization.version, body, record: |body| &body.record }
}

/// Returns a change of a text in which the empty text clears the field, as `null` does.
pub(crate) fn or_clear(patch: Patch<String>) -> Patch<String> {
    match patch {
        Patch::Set(text) if text.is_empty() => Patch::Clear,
        other => other,
    }
}
