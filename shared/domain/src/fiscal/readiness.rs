//! When a fiscal profile is complete.

use super::Legal;
use crate::{
    Organization, Timestamp,
    sat::{Rfc, TaxSystem},
};

/// A step that an organization has not completed yet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PendingStep {
    /// Complete the legal data.
    Legal,
    /// Upload a certificate that is valid now.
    Certificate,
    /// Add a logo.
    Logo,
}

impl PendingStep {
    /// Returns whether the step prevents the organization from issuing invoices.
    pub fn is_blocking(self) -> bool {
        match self {
            Self::Legal | Self::Certificate => true,
            Self::Logo => false,
        }
    }
}

impl Legal {
    /// Returns whether taxpayers with this RFC can have this tax system. Returns true if one of the two is missing.
    pub fn has_fitting_tax_system(&self) -> bool {
        let system = self.tax_system.as_deref().and_then(TaxSystem::find);
        let person = self.rfc.as_deref().and_then(|rfc| Rfc::parse(rfc).ok()).map(Rfc::person);
        system.zip(person).is_none_or(|(system, person)| system.applies.to(person))
    }

    /// Returns whether there is everything that an invoice needs, except the RFC, which comes with the certificate.
    pub fn is_complete(&self) -> bool {
        let Self { legal_name, tax_system, address, .. } = self;
        let has_all = [legal_name, tax_system, &address.zip].into_iter().all(Option::is_some);
        has_all && self.has_fitting_tax_system()
    }
}

impl Organization {
    /// Returns the steps that are not completed at `now`.
    ///
    /// The steps are computed and never stored, because a certificate expires without a write.
    pub fn pending_steps(&self, now: Timestamp) -> Vec<PendingStep> {
        let certificate = self.certificate.as_ref().is_some_and(|certificate| now < certificate.expires_at);
        [
            (PendingStep::Legal, self.legal.is_complete()),
            (PendingStep::Certificate, certificate),
            (PendingStep::Logo, self.has_logo()),
        ]
        .into_iter()
        .filter(|(_, done)| !done)
        .map(|(step, _)| step)
        .collect()
    }

    /// Returns whether the organization can issue invoices at `now`.
    pub fn is_production_ready(&self, now: Timestamp) -> bool {
        !self.pending_steps(now).into_iter().any(PendingStep::is_blocking)
    }
}
