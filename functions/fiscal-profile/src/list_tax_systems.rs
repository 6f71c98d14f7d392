//! The endpoint `GET /catalogs/tax-systems`, which lists the tax systems of the SAT catalogue `c_RegimenFiscal`.

use padron_domain::{AppliesTo, Error, Scope, TaxSystem};
use padron_http::{Anonymous, Context, Endpoint, NoInput, Public, Route};
use schemars::JsonSchema;
use serde::Serialize;

/// The endpoint that lists the tax systems.
#[derive(Debug)]
pub struct ListTaxSystems;

/// A tax system, an entry of the SAT catalogue `c_RegimenFiscal` (CFDI 4.0).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "TaxSystem")]
pub struct TaxSystemResponse {
    /// Code of the tax system.
    code: &'static str,
    /// Name of the tax system, in Spanish.
    name: &'static str,
    #[serde(flatten)]
    applies: AppliesToResponse,
}

/// The kinds of taxpayers that a catalogue entry applies to.
#[derive(Debug, Serialize, JsonSchema)]
pub(crate) struct AppliesToResponse {
    /// Whether natural persons (RFC of 13 characters) can have it.
    fisica: bool,
    /// Whether companies (RFC of 12 characters) can have it.
    moral: bool,
}

impl From<AppliesTo> for AppliesToResponse {
    fn from(AppliesTo { fisica, moral }: AppliesTo) -> Self {
        Self { fisica, moral }
    }
}

impl Endpoint for ListTaxSystems {
    const ROUTE: Route = Route::get("list-tax-systems", "/catalogs/tax-systems");
    const SUMMARY: &'static str = "Lists the tax systems of the SAT catalogue c_RegimenFiscal";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Public<Vec<TaxSystemResponse>>;

    async fn handle(_: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Self::Output, Error> {
        let systems = TaxSystem::ALL.iter();
        let entry = |TaxSystem { code, name, applies }: &TaxSystem| TaxSystemResponse {
            code,
            name,
            applies: (*applies).into(),
        };
        Ok(Public(systems.map(entry).collect()))
    }
}
