//! The Lambda function `import-customers`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_customers::timbrix::import_customers::ImportCustomers>()
}
