//! The fiscal profile of an organization in Mexico: what an invoice says of its issuer.

mod certificates;
mod changes;
mod logo;
mod profile;
mod readiness;

pub use certificates::{CertificateKind, check_certificate_validity};
pub use changes::{
    AddressChanges, CustomizationChanges, LegalChanges, MAX_FOLIO, PdfExtraChanges, ProfileChanges,
    ProfileWarning, ReceiptsChanges, SelfInvoiceChanges,
};
pub use logo::{ImageFormat, LogoFile};
pub use profile::{Address, Certificate, Customization, Legal, PdfExtra, Periodicity, Receipts, SelfInvoice};
pub use readiness::PendingStep;
