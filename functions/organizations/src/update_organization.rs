//! `PUT /organizations/{organizationId}`: changes of the account, by its owner.

use std::collections::BTreeMap;

use padron_domain::{AccountChanges, Error, Failure, Happening, Patch, Violation};
use padron_dto::OrganizationResponse;
use padron_http::{Context, Endpoint, Json, Owner, Route, Versioned, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

/// Updates an organization.
#[derive(Debug)]
pub struct UpdateOrganization;

/// Changes of an account. What is left out stays. The other fields of an organization are accepted as they are, so that one
/// can be read, changed and sent back.
#[derive(Debug, Deserialize, JsonSchema)]
pub struct OrganizationUpdate {
    /// 3 to 100 characters.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    name: Patch<String>,
    /// https URL of a logo; it is never fetched. `null`: none.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    logo: Patch<String>,
    /// IANA time zone. `null`: `America/Mexico_City`.
    #[serde(default)]
    #[schemars(with = "Option<String>")]
    timezone: Patch<String>,
    /// Replaces what was there: at most 50 entries of at most 40 and 500 characters.
    #[serde(default)]
    #[schemars(with = "Option<BTreeMap<String, String>>")]
    metadata: Patch<BTreeMap<String, String>>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Endpoint for UpdateOrganization {
    const ROUTE: Route = Route::put("update-organization", "/organizations/{organizationId}");
    const SUMMARY: &'static str = "Change an organization's account";
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::SlugImmutable]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_ORGANIZATION];
    type Access = Owner;
    type Input = Json<OrganizationUpdate>;
    type Output = Written<Versioned<OrganizationResponse>>;

    async fn handle(
        cx: &Context<'_>,
        owner: Owner,
        Json(update): Json<OrganizationUpdate>,
    ) -> Result<Self::Output, Error> {
        let OrganizationUpdate { name, logo, timezone, metadata, others } = update;
        // Before the fields that a client sends back: those of an old version would be refused as changed.
        cx.require_version(owner.organization().version)?;
        let mut organization = owner.organization().clone();
        leaves_as_they_are(&others, &OrganizationResponse::new(organization.clone(), cx.now))?;
        let account = AccountChanges { name, logo, timezone, metadata };
        let fields = organization.update(account, cx.now)?;
        let answer = Versioned {
            version: organization.version,
            body: OrganizationResponse::new(organization.clone(), cx.now),
        };
        if fields.is_empty() {
            return cx.nothing_to_write(answer);
        }
        let fields = fields.into_iter().map(ToOwned::to_owned).collect();
        let event = cx.event(owner.principal(), organization.id, Happening::OrganizationUpdated { fields });
        let change = cx.store().update_organization(&organization, &event)?;
        cx.commit(owner.principal(), change, answer).await
    }
}

/// Fields that cannot be changed here are welcome as long as they say what is so.
fn leaves_as_they_are(fields: &Map<String, Value>, now: &OrganizationResponse) -> Result<(), Error> {
    let now = serde_json::to_value(now).map_err(|_| Error::internal("an answer is not JSON"))?;
    let mut violations = Vec::new();
    for (name, value) in fields {
        let (code, detail) = match now.get(name) {
            Some(now) if now == value => continue,
            None if value.is_null() => continue,
            Some(_) if name == "slug" => {
                let detail = "An organization keeps its slug.";
                return Err(Error::from(Failure::SlugImmutable).at("/slug", "slug_immutable", detail));
            }
            Some(_) => ("read_only", "This field cannot be changed here. Leave it out, or send it as it is."),
            None => ("unknown_field", "This field is not known."),
        };
        let pointer = format!("/{}", name.replace('~', "~0").replace('/', "~1"));
        violations.push(Violation { pointer, code, detail: detail.into() });
    }
    if violations.is_empty() { Ok(()) } else { Err(Error::violations_of(violations)) }
}
