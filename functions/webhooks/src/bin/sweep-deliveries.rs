//! The Lambda function `sweep-deliveries`.
fn main() -> padron_http::Exit {
    padron_http::serve_job::<padron_webhooks::sweep_deliveries::SweepDeliveries>()
}
