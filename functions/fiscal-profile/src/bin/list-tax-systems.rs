//! The Lambda function `list-tax-systems`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::list_tax_systems::ListTaxSystems>()
}
