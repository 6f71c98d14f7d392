//! The endpoint `POST /organizations/{organizationId}/customers/import`, which writes the customers of a file.

use padron_domain::{Error, Failure, Scope};
use padron_http::{Admin, Body, Context, Endpoint, Route, concat};
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
    const ACTIONS: &'static [&'static [Action]] =
        &concat::<_, 9>(&[&[Store::IDENTIFIED_CUSTOMERS, Store::IMPORT_CUSTOMERS], UPDATE_ACTIONS]);
    const MEMORY: u16 = 512;
    const TIME_LIMIT: u8 = 25;
    type Access = Admin;
    type Input = ImportFile;
    type Output = Body<ImportReport>;

    async fn handle(cx: &Context<'_>, admin: Admin, file: ImportFile) -> Result<Self::Output, Error> {
        run(cx, &admin, file).await.map(Body)
    }
}
