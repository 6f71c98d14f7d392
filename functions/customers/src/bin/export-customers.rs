//! The Lambda function `export-customers`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::export_customers::ExportCustomers>()
}
