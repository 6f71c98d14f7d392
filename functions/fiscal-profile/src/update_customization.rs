//! The endpoint `PUT /organizations/{organizationId}/customization`, which changes how an organization's invoices look and are numbered.

use padron_domain::{CustomizationChanges, Error, Failure, MAX_FOLIO, Patch, PdfExtraChanges, Scope};
use padron_dto::{CustomizationResponse, read_back};
use padron_http::{Admin, Context, Endpoint, Json, Route, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::update::{Body, UpdatedOrganization, or_clear, update};

/// The endpoint that changes how an organization's invoices look and are numbered.
#[derive(Debug)]
pub struct UpdateCustomization;

/// Changes of the appearance and numbering of invoices. Fields that are left out keep their values, `null` resets one to its default.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "CustomizationUpdate", transform = read_back::<CustomizationResponse>)]
pub struct CustomizationUpdate {
    /// Accent colour, six hexadecimal digits, with or without `#` before them. `null` removes it.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("pattern" = "^#?[0-9A-Fa-f]{6}$"))]
    color: Patch<String>,
    /// Number of the next invoice, from 1 on.
    #[serde(default)]
    #[schemars(with = "Option<u64>", extend("minimum" = 1, "maximum" = MAX_FOLIO))]
    next_folio_number: Patch<u64>,
    /// Number of the next test invoice, from 1 on.
    #[serde(default)]
    #[schemars(with = "Option<u64>", extend("minimum" = 1, "maximum" = MAX_FOLIO))]
    next_folio_number_test: Patch<u64>,
    /// Optional content of the PDF of an invoice.
    #[serde(default)]
    #[schemars(with = "Option<PdfExtraUpdate>")]
    pdf_extra: Patch<PdfExtraUpdate>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Changes of the optional content of the PDF of an invoice. Fields that are left out keep their values, `null` resets one to its default.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "PdfExtraUpdate")]
#[serde(deny_unknown_fields)]
pub struct PdfExtraUpdate {
    /// Whether the PDF shows catalogue codes.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    codes: Patch<bool>,
    /// Whether the PDF shows the codes of the address.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    address_codes: Patch<bool>,
    /// Whether the PDF shows product keys.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    product_key: Patch<bool>,
    /// Whether the PDF shows rounded unit prices.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    round_unit_price: Patch<bool>,
    /// Whether the PDF shows the taxes of each line.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    tax_breakdown: Patch<bool>,
    /// Whether the PDF shows the IEPS of each line.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    ieps_breakdown: Patch<bool>,
    /// Whether the PDF shows the Carta Porte complement.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    render_carta_porte: Patch<bool>,
    /// Whether the PDF repeats the signature on every page.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    repeat_signature: Patch<bool>,
}

impl From<PdfExtraUpdate> for PdfExtraChanges {
    fn from(update: PdfExtraUpdate) -> Self {
        let PdfExtraUpdate {
            codes,
            address_codes,
            product_key,
            round_unit_price,
            tax_breakdown,
            ieps_breakdown,
            render_carta_porte,
            repeat_signature,
        } = update;
        Self {
            codes,
            address_codes,
            product_key,
            round_unit_price,
            tax_breakdown,
            ieps_breakdown,
            render_carta_porte,
            repeat_signature,
        }
    }
}

impl Endpoint for UpdateCustomization {
    const ROUTE: Route = Route::put("update-customization", "/organizations/{organizationId}/customization");
    const SUMMARY: &'static str = "Changes how an organization's invoices look and are numbered";
    const SCOPE: Option<Scope> = Some(Scope::WriteOrganization);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_FISCAL_PROFILE];
    type Access = Admin;
    type Input = Json<CustomizationUpdate>;
    type Output = Written<UpdatedOrganization>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin,
        Json(body): Json<CustomizationUpdate>,
    ) -> Result<Self::Output, Error> {
        let CustomizationUpdate { color, next_folio_number, next_folio_number_test, pdf_extra, others } =
            body;
        let changes = CustomizationChanges {
            color: or_clear(color),
            next_folio_number,
            next_folio_number_test,
            pdf_extra: pdf_extra.map(Into::into),
        };
        update(cx, &admin, Body::new("customization", changes, others)).await
    }
}
