//! The endpoint `GET /catalogs/cfdi-uses`, which lists the uses of invoices of the SAT catalogue `c_UsoCFDI`.

use padron_domain::{Error, InvoiceUse, Scope};
use padron_http::{Anonymous, Context, Endpoint, NoInput, Public, Route};
use schemars::JsonSchema;
use serde::Serialize;

use crate::list_tax_systems::AppliesToResponse;

/// The endpoint that lists the uses of invoices.
#[derive(Debug)]
pub struct ListCfdiUses;

/// A use that a recipient makes of an invoice, an entry of the SAT catalogue `c_UsoCFDI` (CFDI 4.0).
#[derive(Debug, Serialize, JsonSchema)]
#[schemars(rename = "CfdiUse")]
#[serde(rename_all = "camelCase")]
pub struct CfdiUseResponse {
    /// Code of the use.
    code: &'static str,
    /// Name of the use, in Spanish.
    name: &'static str,
    #[serde(flatten)]
    applies: AppliesToResponse,
    /// Codes of the tax systems whose taxpayers can choose the use.
    tax_systems: &'static [&'static str],
}

impl Endpoint for ListCfdiUses {
    const ROUTE: Route = Route::get("list-cfdi-uses", "/catalogs/cfdi-uses");
    const SUMMARY: &'static str = "Lists the uses of invoices of the SAT catalogue c_UsoCFDI";
    const SCOPE: Option<Scope> = None;
    const ACCEPTS_KEYS: bool = false;
    type Access = Anonymous;
    type Input = NoInput;
    type Output = Public<Vec<CfdiUseResponse>>;

    async fn handle(_: &Context<'_>, _: Anonymous, _: NoInput) -> Result<Self::Output, Error> {
        let uses = InvoiceUse::ALL.iter();
        let entry = |InvoiceUse { code, name, applies, tax_systems }: &InvoiceUse| CfdiUseResponse {
            code,
            name,
            applies: (*applies).into(),
            tax_systems,
        };
        Ok(Public(uses.map(entry).collect()))
    }
}
