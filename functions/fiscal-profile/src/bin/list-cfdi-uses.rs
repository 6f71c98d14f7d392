//! The Lambda function `list-cfdi-uses`.
fn main() -> padron_http::Exit {
    padron_http::serve::<padron_fiscal_profile::list_cfdi_uses::ListCfdiUses>()
}
