//! The endpoint `PUT /organizations/{organizationId}/receipts`, which changes how an organization invoices its receipts.

use padron_domain::{Error, Failure, MAX_FOLIO, Patch, Periodicity, ReceiptsChanges, Scope};
use padron_dto::{ReceiptsResponse, read_back};
use padron_http::{Admin, Context, Endpoint, Json, Route, Written};
use padron_store::{Action, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::update::{Body, UpdatedOrganization, update};

/// The endpoint that changes how an organization invoices its receipts.
#[derive(Debug)]
pub struct UpdateReceipts;

/// Changes of the settings for invoicing receipts. Fields that are left out keep their values, `null` resets one to its default.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(rename = "ReceiptsUpdate", transform = read_back::<ReceiptsResponse>)]
pub struct ReceiptsUpdate {
    /// Interval at which receipts are combined into one invoice: `day`, `week` or `month` (the default).
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("enum" = ["day", "week", "month", null]))]
    periodicity: Patch<Periodicity>,
    /// Number of days during which a customer may invoice a receipt, 0 to 365; 7 by default.
    #[serde(default)]
    #[schemars(with = "Option<u16>", extend("maximum" = ReceiptsChanges::MAX_DURATION_DAYS))]
    duration_days: Patch<u64>,
    /// Number of the next receipt, from 1 on.
    #[serde(default)]
    #[schemars(with = "Option<u64>", extend("minimum" = 1, "maximum" = MAX_FOLIO))]
    next_folio_number: Patch<u64>,
    /// Number of the next test receipt, from 1 on.
    #[serde(default)]
    #[schemars(with = "Option<u64>", extend("minimum" = 1, "maximum" = MAX_FOLIO))]
    next_folio_number_test: Patch<u64>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Endpoint for UpdateReceipts {
    const ROUTE: Route = Route::put("update-receipts", "/organizations/{organizationId}/receipts");
    const SUMMARY: &'static str = "Changes how an organization invoices its receipts";
    const SCOPE: Option<Scope> = Some(Scope::WriteOrganization);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::PRECONDITION_FAILED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_FISCAL_PROFILE];
    type Access = Admin;
    type Input = Json<ReceiptsUpdate>;
    type Output = Written<UpdatedOrganization>;

    async fn handle(
        cx: &Context<'_>,
        admin: Admin,
        Json(body): Json<ReceiptsUpdate>,
    ) -> Result<Self::Output, Error> {
        let ReceiptsUpdate { periodicity, duration_days, next_folio_number, next_folio_number_test, others } =
            body;
        let changes =
            ReceiptsChanges { periodicity, duration_days, next_folio_number, next_folio_number_test };
        update(cx, &admin, Body::new("receipts", changes, others)).await
    }
}
