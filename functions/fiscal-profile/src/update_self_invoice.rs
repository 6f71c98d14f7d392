//! The endpoint `PUT /organizations/{organizationId}/self-invoice`, which changes how an organization's customers invoice themselves.

use padron_domain::{Error, Failure, InvoiceUse, Patch, Scope, SelfInvoiceChanges};
use padron_dto::{SelfInvoiceResponse, read_back};
use padron_http::{Admin, Context, Endpoint, Json, Route, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::update::{Body, UpdatedOrganization, or_clear, update};

/// The endpoint that changes how an organization's customers invoice themselves.
#[derive(Debug)]
pub struct UpdateSelfInvoice;

/// Changes of the settings for customers who invoice themselves. Fields that are left out keep their values, `null` resets one to its default.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "SelfInvoiceUpdate", transform = read_back::<SelfInvoiceResponse>)]
pub struct SelfInvoiceUpdate {
    /// Codes of the SAT catalogue `c_UsoCFDI` that customers may choose. An empty list, or `null`, allows all.
    #[serde(default)]
    #[schemars(with = "Option<Vec<String>>", extend("maxItems" = SelfInvoiceChanges::MAX_USES, "items" = { "type": "string", "pattern": use_pattern() }))]
    allowed_cfdi_uses: Patch<Vec<String>>,
    /// Whether ISR is withheld under RESICO.
    #[serde(default)]
    #[schemars(with = "Option<bool>")]
    apply_resico_isr: Patch<bool>,
    /// E-mail address where customers ask for help. Another one is not verified.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("format" = "email"))]
    support_email: Patch<String>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

/// Returns the pattern of the code of a use, in upper or lower case.
fn use_pattern() -> String {
    let any_case = |letter: char| match letter {
        'A'..='Z' => format!("[{letter}{}]", letter.to_ascii_lowercase()),
        _ => letter.to_string(),
    };
    let codes: Vec<String> =
        InvoiceUse::ALL.iter().map(|known| known.code.chars().map(any_case).collect()).collect();
    format!("^({})$", codes.join("|"))
}

impl Endpoint for UpdateSelfInvoice {
    const ROUTE: Route = Route::put("update-self-invoice", "/organizations/{organizationId}/self-invoice");
    const SUMMARY: &'static str = "Changes how an organization's customers invoice themselves";
    const SCOPE: Option<Scope> = Some(Scope::WriteOrganization);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_FISCAL_PROFILE];
    type Access = Admin;
    type Input = Json<SelfInvoiceUpdate>;
    type Output = Written<UpdatedOrganization>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin,
        Json(body): Json<SelfInvoiceUpdate>,
    ) -> Result<Self::Output, Error> {
        let SelfInvoiceUpdate { allowed_cfdi_uses, apply_resico_isr, support_email, others } = body;
        let changes = SelfInvoiceChanges {
            allowed_cfdi_uses,
            apply_resico_isr,
            support_email: or_clear(support_email),
        };
        update(cx, &admin, Body::new("self_invoice", changes, others)).await
    }
}
