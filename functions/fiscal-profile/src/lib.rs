//! The fiscal profile of organizations in Mexico, and the SAT catalogues that it refers to.

use padron_http::Registration;

mod certificates;
pub mod delete_certificate;
pub mod delete_fiel;
pub mod delete_logo;
pub mod get_logo;
pub mod list_cfdi_uses;
pub mod list_tax_systems;
mod logo;
mod update;
pub mod update_customization;
pub mod update_legal;
pub mod update_receipts;
pub mod update_self_invoice;
pub mod upload_certificate;
pub mod upload_fiel;
pub mod upload_logo;

/// The endpoints of this package.
pub const ENDPOINTS: &[Registration] = &[
    Registration::of::<update_legal::UpdateLegal>(),
    Registration::of::<upload_certificate::UploadCertificate>(),
    Registration::of::<delete_certificate::DeleteCertificate>(),
    Registration::of::<upload_fiel::UploadFiel>(),
    Registration::of::<delete_fiel::DeleteFiel>(),
    Registration::of::<update_customization::UpdateCustomization>(),
    Registration::of::<upload_logo::UploadLogo>(),
    Registration::of::<delete_logo::DeleteLogo>(),
    Registration::of::<get_logo::GetLogo>(),
    Registration::of::<update_receipts::UpdateReceipts>(),
    Registration::of::<update_self_invoice::UpdateSelfInvoice>(),
    Registration::of::<list_tax_systems::ListTaxSystems>(),
    Registration::of::<list_cfdi_uses::ListCfdiUses>(),
];
