//! The endpoint `POST /organizations/{organizationId}/customers/import`, which writes the customers of a file.

use padron_domain::{Error, Failure, Scope};
use padron_http::{Admin, Body, Context, Endpoint, Route};
use padron_store::{Action, Store};

use crate::{
    import::{ImportFile, ImportReport, run},
    write::UPDATE_ACTIONS,
};

/// The endpoint that writes the customers of a file.
#[derive(Debug)]
pub struct ImportCustomers;

impl Endpoint for ImportCustomers {
    const ROUTE: Route = Route::post("import-customers", "/organizations/{organizationId}/customers/import");
    const SUMMARY: &'static str = "Writes the customers of a file, CSV or NDJSON, up to 2,000 rows at a time";
    const SCOPE: Option<Scope> = Some(Scope::WriteCustomers);
    const ACCEPTS_KEYS: bool = true;
    const FAILURES: &'static [&'static [Failure]] = &[];
    const ACTIONS: &'static [&'static [Action]] = &[
        Store::IDENTIFIED_CUSTOMERS,
        Store::IMPORT_CUSTOMERS,
        UPDATE_ACTIONS[0],
        UPDATE_ACTIONS[1],
        UPDATE_ACTIONS[2],
        UPDATE_ACTIONS[3],
        UPDATE_ACTIONS[4],
        UPDATE_ACTIONS[5],
        UPDATE_ACTIONS[6],
    ];
    const MEMORY: u16 = 512;
    const TIME_LIMIT: u8 = 25;
    type Access = Admin;
    type Input = ImportFile;
    type Output = Body<ImportReport>;

    async fn handle(cx: &Context<'_>, admin: Admin, file: ImportFile) -> Result<Self::Output, Error> {
        run(cx, &admin, file).await.map(Body)
    }
}
