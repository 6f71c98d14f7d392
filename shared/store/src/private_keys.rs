//! The private keys of organizations' certificates, which are stored encrypted.

use aws_sdk_dynamodb::{primitives::Blob, types::AttributeValue};
use padron_domain::{CertificateKind, Error, Event, Organization, OrganizationId};
use serde::{Deserialize, Serialize};

use crate::{
    Action,
    expression::Expression,
    item::{Entity, Item},
    key::Key,
    table::Store,
    transaction::Transaction,
};

/// The attribute with the encrypted data key.
const DATA_KEY: &str = "dataKey";
/// The attribute with the private key, encrypted with the data key.
const CIPHERTEXT: &str = "ciphertext";
/// The attribute with the certificate.
const CERTIFICATE: &str = "certificate";

/// A private key as it is stored, with its certificate. Only AWS KMS can decrypt the data key with which it is encrypted.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct StoredPrivateKey {
    /// The organization.
    pub organization: OrganizationId,
    /// The kind of the certificate.
    pub kind: CertificateKind,
    /// The serial number of the certificate.
    pub serial_number: String,
    /// The encrypted data key.
    #[serde(skip)]
    pub data_key: Vec<u8>,
    /// The private key, a PKCS #8 document, encrypted with the data key.
    #[serde(skip)]
    pub ciphertext: Vec<u8>,
    /// The certificate in DER, which an invoice contains.
    #[serde(skip)]
    pub certificate: Vec<u8>,
}

impl Entity for StoredPrivateKey {
    const NAME: &'static str = "private-key";
    const ATTRIBUTES: Option<&[&str]> = Some(&[]);

    fn key(&self) -> Key {
        Key::private_key(self.organization, self.kind)
    }

    fn other_attributes(&self) -> Vec<(&'static str, AttributeValue)> {
        vec![
            (DATA_KEY, AttributeValue::B(Blob::new(self.data_key.clone()))),
            (CIPHERTEXT, AttributeValue::B(Blob::new(self.ciphertext.clone()))),
            (CERTIFICATE, AttributeValue::B(Blob::new(self.certificate.clone()))),
        ]
    }

    fn read_other_attributes(&mut self, mut item: Item) {
        let Self { data_key, ciphertext, certificate, .. } = self;
        for (name, field) in [(DATA_KEY, data_key), (CIPHERTEXT, ciphertext), (CERTIFICATE, certificate)] {
            if let Some(AttributeValue::B(bytes)) = item.remove(name) {
                *field = bytes.into_inner();
            }
        }
    }
}

impl Store {
    /// The IAM actions of [`Store::set_certificate`].
    pub const SET_CERTIFICATE: &'static [Action] = &[Action::PUT];
    /// The IAM actions of [`Store::delete_certificate`].
    pub const DELETE_CERTIFICATE: &'static [Action] = &[Action::PUT, Action::DELETE];

    /// Replaces an organization by its next version, with another certificate, and the private key, in one transaction.
    ///
    /// Of two concurrent uploads one fails, because the organization must have its previous version. The private key needs no condition of
    /// its own.
    pub fn set_certificate(
        &self,
        organization: &Organization,
        private_key: &StoredPrivateKey,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.update_organization(organization, event)?;
        transaction.replace(private_key, Expression::default())?;
        Ok(transaction)
    }

    /// Replaces an organization by its next version, without the certificate, and deletes the private key.
    pub fn delete_certificate(
        &self,
        organization: &Organization,
        kind: CertificateKind,
        event: &Event,
    ) -> Result<Transaction<'_>, Error> {
        let mut transaction = self.update_organization(organization, event)?;
        transaction.remove(&Key::private_key(organization.id, kind), Expression::default())?;
        Ok(transaction)
    }
}
