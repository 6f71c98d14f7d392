//! The Lambda function `report-api-key`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_api_keys::report_api_key::ReportApiKey>()
}
