//! The endpoint `PUT /organizations/{organizationId}/legal`, which changes the legal data of an organization.

use padron_domain::{
    AddressChanges, Error, Failure, LINE_PATTERN, LegalChanges, MAX_URL_LENGTH, Patch, Scope, TaxSystem,
    Violation,
};
use padron_dto::{LegalResponse, read_back};
use padron_http::{Context, Endpoint, Json, Owner, Route, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::update::{Body, UpdatedOrganization, or_clear, update};

/// The endpoint that changes the legal data of an organization.
#[derive(Debug)]
pub struct UpdateLegal;

/// Changes of the legal data. Fields that are left out keep their values, `null` clears one. The RFC is read from the certificate.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "LegalUpdate", transform = read_back::<LegalResponse>)]
pub struct LegalUpdate {
    /// Commercial name, 1 to 100 characters.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = LegalChanges::NAME_LENGTH.end(), "pattern" = LINE_PATTERN))]
    name: Patch<String>,
    /// Registered name without the corporate suffix, 1 to 250 characters, without `|`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = LegalChanges::LEGAL_NAME_LENGTH.end(), "pattern" = LINE_PATTERN))]
    legal_name: Patch<String>,
    /// Tax system, a code of the SAT catalogue `c_RegimenFiscal`, which must be one of the RFC's person if the RFC is known.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = tax_systems()))]
    tax_system: Patch<String>,
    /// Web site, an http or https URL.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "uri", "maxLength" = MAX_URL_LENGTH))]
    website: Patch<String>,
    /// E-mail address where customers ask for help: the same as `self_invoice.support_email`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "email"))]
    support_email: Patch<String>,
    /// Phone number, 10 to 20 of digits, spaces and `+-().`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = LegalChanges::PHONE_LENGTH.end()))]
    phone: Patch<String>,
    /// Fiscal address. `null` clears all its fields.
    #[serde(default)]
    #[schemars(with = "Option<AddressUpdate>")]
    address: Patch<AddressUpdate>,
    /// Postal code, which is accepted with the value of `address.zip`.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("readOnly" = true))]
    zip: Patch<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Changes of a fiscal address. Fields that are left out keep their values, `null` clears one.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "AddressUpdate")]
#[serde(deny_unknown_fields)]
pub struct AddressUpdate {
    /// Street.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = AddressChanges::MAX_LENGTH))]
    street: Patch<String>,
    /// Exterior number.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = AddressChanges::MAX_LENGTH))]
    exterior: Patch<String>,
    /// Interior number.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = AddressChanges::MAX_LENGTH))]
    interior: Patch<String>,
    /// Neighborhood (colonia).
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = AddressChanges::MAX_LENGTH))]
    neighborhood: Patch<String>,
    /// City.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = AddressChanges::MAX_LENGTH))]
    city: Patch<String>,
    /// Municipality.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = AddressChanges::MAX_LENGTH))]
    municipality: Patch<String>,
    /// Postal code, five digits.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("pattern" = "^[0-9]{5}$"))]
    zip: Patch<String>,
    /// State.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = AddressChanges::MAX_LENGTH))]
    state: Patch<String>,
}

/// Returns the codes of all tax systems, and `null`.
fn tax_systems() -> Vec<Value> {
    TaxSystem::ALL.iter().map(|system| system.code.into()).chain([Value::Null]).collect()
}

impl From<AddressUpdate> for AddressChanges {
    fn from(update: AddressUpdate) -> Self {
        let AddressUpdate { street, exterior, interior, neighborhood, city, municipality, zip, state } =
            update;
        Self {
            street: or_clear(street),
            exterior: or_clear(exterior),
            interior: or_clear(interior),
            neighborhood: or_clear(neighborhood),
            city: or_clear(city),
            municipality: or_clear(municipality),
            zip: or_clear(zip),
            state: or_clear(state),
        }
    }
}

impl Endpoint for UpdateLegal {
    const ROUTE: Route = Route::put("update-legal", "/organizations/{organizationId}/legal");
    const SUMMARY: &'static str = "Changes the legal data of an organization";
    const SCOPE: Option<Scope> = Some(Scope::WriteOrganization);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_ORGANIZATION];
    type Access = Owner;
    type Input = Json<LegalUpdate>;
    type Output = Written<UpdatedOrganization>;

    async fn handle(
        cx: &Context<'_>,
        owner: Owner,
        Json(body): Json<LegalUpdate>,
    ) -> Result<Self::Output, Error> {
        let violations = body.zip_violation(owner.organization().legal.address.zip.as_deref());
        let LegalUpdate {
            name,
            legal_name,
            tax_system,
            website,
            support_email,
            phone,
            address,
            zip: _,
            others,
        } = body;
        let changes = LegalChanges {
            name: or_clear(name),
            legal_name: or_clear(legal_name),
            tax_system: or_clear(tax_system),
            website: or_clear(website),
            phone: or_clear(phone),
            support_email: or_clear(support_email),
            address: address.map(Into::into),
        };
        let violations = violations.into_iter().collect();
        // An organization without an RFC has none to send back.
        let optional = &["rfc"];
        update(cx, &owner, Body { part: "legal", changes, others, optional, violations }).await
    }
}

impl LegalUpdate {
    /// Returns the violation of `zip`, which repeats `address.zip`: it is neither the current one nor the new one.
    fn zip_violation<'a>(&'a self, current: Option<&'a str>) -> Option<Violation> {
        let text = |zip: &'a str| Some(zip).filter(|zip| !zip.is_empty());
        let new = match &self.address {
            Patch::Keep => current,
            Patch::Clear => None,
            Patch::Set(address) => match &address.zip {
                Patch::Keep => current,
                Patch::Clear => None,
                Patch::Set(zip) => text(zip),
            },
        };
        let sent = match &self.zip {
            Patch::Keep => return None,
            Patch::Clear => None,
            Patch::Set(zip) => text(zip),
        };
        let is_known = sent == current || sent == new;
        let detail = "This field repeats `address.zip`. Change that one.".into();
        (!is_known).then(|| Violation { pointer: "/zip".into(), code: "read_only", detail })
    }
}
