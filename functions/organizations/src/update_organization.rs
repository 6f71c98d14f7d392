//! The endpoint `PUT /organizations/{organizationId}`, which changes the account of an organization for its owner.

use std::collections::BTreeMap;

use padron_domain::{
    AccountChanges, Error, EventData, Failure, LINE_PATTERN, MAX_URL_LENGTH, Organization, Patch, Scope,
    Violation,
};
use padron_dto::{
    MetadataSchema, OrganizationResponse, TimezoneSchema, WithWarnings, logo_url, parse_logo_url, read_back,
};
use padron_http::{
    Context, Endpoint, Json, Owner, ReadOnlyFields, Route, Versioned, Written, to_sent_back_json,
};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// The endpoint that changes the account of an organization.
#[derive(Debug)]
pub struct UpdateOrganization;

/// Changes of an organization's account. Fields that are left out keep their values. The other fields of an organization are accepted
/// with their current values, so that an organization can be read, changed and sent back.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = read_back::<WithWarnings<OrganizationResponse>>)]
pub struct OrganizationUpdate {
    /// The name of the organization, 3 to 100 characters.
    #[serde(default)]
    #[schemars(with = "String", extend(
        "minLength" = Organization::NAME_LENGTH.start(), "maxLength" = Organization::NAME_LENGTH.end(), "pattern" = LINE_PATTERN
    ))]
    name: Patch<String>,
    /// The `https` URL of a logo, which is never fetched. `null` removes it, so that an uploaded logo counts again.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri", "maxLength" = MAX_URL_LENGTH))]
    logo: Patch<String>,
    /// The IANA time zone. `null` resets it to `America/Mexico_City`.
    #[serde(default)]
    #[schemars(with = "Option<TimezoneSchema>")]
    timezone: Patch<String>,
    /// The custom data of the organization. Replaces all entries: at most 50, with keys of at most 40 and values of at most 500
    /// characters.
    #[serde(default)]
    #[schemars(with = "Option<MetadataSchema>")]
    metadata: Patch<BTreeMap<String, String>>,
    #[serde(flatten)]
    read_only_fields: Map<String, Value>,
}

impl Endpoint for UpdateOrganization {
    const ROUTE: Route = Route::put("update-organization", "/organizations/{organizationId}");
    const SUMMARY: &'static str = "Changes the account of an organization";
    const SCOPE: Option<Scope> = Some(Scope::WriteOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::SLUG_IMMUTABLE, Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_ORGANIZATION];
    type Access = Owner;
    type Input = Json<OrganizationUpdate>;
    type Output = Written<Versioned<OrganizationResponse>>;

    async fn handle(
        cx: &Context<'_>,
        owner: Owner,
        Json(update): Json<OrganizationUpdate>,
    ) -> Result<Self::Output, Error> {
        let OrganizationUpdate { name, logo, timezone, metadata, mut read_only_fields } = update;
        // The responses of the endpoints that change the fiscal profile have warnings, too.
        read_only_fields.remove("warnings");
        let mut organization = owner.organization().clone();
        // Without a logo of their own, callers read the URL of the uploaded one here, and may send it back.
        let uploaded = match &logo {
            Patch::Set(url) => parse_logo_url(url, organization.id, cx.issuer()),
            Patch::Clear | Patch::Keep => None,
        };
        let is_current = uploaded == logo_url(&organization, cx.issuer());
        let logo = if uploaded.is_some() && is_current { Patch::Clear } else { logo };
        let account = AccountChanges { name, logo, timezone, metadata };
        let current =
            to_sent_back_json(&OrganizationResponse::new(organization.clone(), cx.issuer(), cx.now()))?;
        let mut violations = account.violations();
        if uploaded.is_some() && !is_current {
            let detail = "This logo was uploaded, and was replaced or deleted since. Upload it again.".into();
            violations.push(Violation { pointer: "/logo".into(), code: "logo_not_found", detail });
        }
        let read_back =
            ReadOnlyFields { sent: &read_only_fields, pointer: "", current: &current, optional: &OPTIONAL };
        let version_check = cx.require_version(organization.version);
        violations.extend(read_back.violations(&version_check)?.into_iter().map(as_slug_violation));
        fail_if_any(violations)?;
        version_check?;
        let fields = organization.update(account, cx.now())?;
        let response = Versioned {
            version: organization.version,
            body: OrganizationResponse::new(organization.clone(), cx.issuer(), cx.now()),
        };
        if fields.is_empty() {
            return cx.unchanged(response).await;
        }
        let fields = fields.into_iter().map(ToOwned::to_owned).collect();
        let event = cx.event(owner.principal(), organization.id, EventData::OrganizationUpdated { fields });
        let event = event.at_or_after(organization.updated_at);
        let transaction = cx.store().update_organization(&organization, &event)?;
        cx.commit(transaction, response).await
    }
}

/// The fields that a response leaves out if they have no value.
const OPTIONAL: [&str; 3] = ["stripeCustomerId", "subscriptionPeriodEnd", "logo_url"];

/// Returns the violation, with a code of its own if it is a changed slug.
fn as_slug_violation(violation: Violation) -> Violation {
    if violation.pointer != "/slug" || violation.code != "read_only" {
        return violation;
    }
    let detail = "An organization keeps its slug. Leave it out, or send it as it is.".into();
    Violation { code: SLUG_IMMUTABLE, detail, ..violation }
}

const SLUG_IMMUTABLE: &str = "slug_immutable";

/// Fails with all violations at once. If one of them is a changed slug, the failure is [`Failure::SLUG_IMMUTABLE`].
fn fail_if_any(violations: Vec<Violation>) -> Result<(), Error> {
    if violations.is_empty() {
        return Ok(());
    }
    let is_slug = violations.iter().any(|violation| violation.code == SLUG_IMMUTABLE);
    let failure = if is_slug { Failure::SLUG_IMMUTABLE } else { Failure::INVALID_REQUEST };
    Err(Error::from(failure).with_violations(violations))
}
