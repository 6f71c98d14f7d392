//! Synthetic certificates in the form of SAT's, signed by themselves.

use padron_domain::{CertificateKind, Timestamp};
use padron_emulator::SigningKey;
use pkcs8::{
    PrivateKeyInfoRef,
    der::Decode,
    pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Pbkdf2Params, Pbkdf2Prf, Salt},
};
use rcgen::{
    CertificateParams, DistinguishedName, DnType, DnValue, ExtendedKeyUsagePurpose, IsCa, KeyPair,
    KeyUsagePurpose, PKCS_RSA_SHA256, SerialNumber, date_time_ymd, string::TeletexString,
};

/// The password of the demo's private keys, that of SAT's test certificates.
pub const PASSWORD: &str = "12345678a";
/// The RFC of the demo's taxpayer, a company that does not exist, with a correct check digit.
pub const RFC: &str = "EDM260101AB4";

/// What a certificate says.
#[derive(Clone, Copy, Debug)]
pub struct CertificateSpec<'a> {
    /// The kind of certificate.
    pub kind: CertificateKind,
    /// The RFC of the taxpayer, followed by that of the representative for a company.
    pub rfc: &'a str,
    /// The registered name.
    pub name: &'a str,
    /// The serial number.
    pub serial_number: &'a str,
    /// When it becomes valid. Only the day counts.
    pub valid_from: Timestamp,
    /// When it expires. Only the day counts.
    pub expires_at: Timestamp,
    /// Whether the subject names a branch, as that of a CSD does.
    pub has_branch: bool,
    /// The number of rounds of PBKDF2.
    pub rounds: u32,
}

/// The files of a certificate, as a taxpayer gets them.
#[derive(Clone, Debug)]
pub struct CertificateFiles {
    /// The `.cer` file: DER.
    pub certificate: Vec<u8>,
    /// The `.key` file: an encrypted PKCS #8 document in DER.
    pub private_key: Vec<u8>,
}

impl<'a> CertificateSpec<'a> {
    /// Describes a certificate of the demo's taxpayer that is valid for four years.
    pub fn new(kind: CertificateKind, valid_from: Timestamp) -> Self {
        const FOUR_YEARS: std::time::Duration = std::time::Duration::from_secs(4 * 365 * 24 * 60 * 60);
        Self {
            kind,
            rfc: "EDM260101AB4 / XIQB891116QE4",
            name: "EMPRESA DE MUESTRA SA DE CV",
            serial_number: match kind {
                CertificateKind::Csd => "30001000000500009901",
                CertificateKind::Fiel => "30001000000500009902",
            },
            valid_from,
            expires_at: valid_from.plus(FOUR_YEARS),
            has_branch: kind == CertificateKind::Csd,
            rounds: 2048,
        }
    }

    /// Makes the files, with a key that is a PKCS #8 document and is encrypted with a password.
    pub fn make(&self, key: &[u8], password: &str) -> CertificateFiles {
        const VALID: &str = "a certificate that can be made";
        let pair = KeyPair::from_pkcs8_der_and_sign_algo(&key.into(), &PKCS_RSA_SHA256).expect(VALID);
        let mut params = CertificateParams::default();
        params.distinguished_name = self.subject();
        params.serial_number = Some(SerialNumber::from_slice(self.serial_number.as_bytes()));
        let beginning = |(year, month, day)| date_time_ymd(year, month, day);
        params.not_before = beginning(date(self.valid_from));
        params.not_after = beginning(date(self.expires_at));
        params.is_ca = IsCa::ExplicitNoCa;
        params.key_usages = vec![KeyUsagePurpose::DigitalSignature, KeyUsagePurpose::ContentCommitment];
        if self.kind == CertificateKind::Fiel {
            params.key_usages.extend([KeyUsagePurpose::DataEncipherment, KeyUsagePurpose::KeyAgreement]);
            params.extended_key_usages =
                vec![ExtendedKeyUsagePurpose::EmailProtection, ExtendedKeyUsagePurpose::ClientAuth];
        }
        let certificate = params.self_signed(&pair).expect(VALID).der().to_vec();
        CertificateFiles { certificate, private_key: encrypt(key, password, self.rounds) }
    }

    fn subject(&self) -> DistinguishedName {
        // SAT writes T61 strings where there are letters that a printable string does not have.
        let value = |text: &str| match TeletexString::try_from(text) {
            Ok(text) => DnValue::TeletexString(text),
            Err(_) => DnValue::Utf8String(text.to_owned()),
        };
        let mut subject = DistinguishedName::new();
        subject.push(DnType::CommonName, value(self.name));
        subject.push(DnType::CustomDnType(vec![2, 5, 4, 41]), value(self.name));
        subject.push(DnType::OrganizationName, value(self.name));
        subject.push(DnType::CustomDnType(vec![2, 5, 4, 45]), value(self.rfc));
        subject.push(DnType::CustomDnType(vec![2, 5, 4, 5]), value(" / XIQB891116HDFLRS06"));
        if self.has_branch {
            subject.push(DnType::OrganizationalUnitName, value("Matriz"));
        }
        subject
    }
}

/// Encrypts a PKCS #8 document as SAT does: PBES2 with PBKDF2, HMAC-SHA1 and triple DES.
pub fn encrypt(key: &[u8], password: impl AsRef<[u8]>, rounds: u32) -> Vec<u8> {
    const VALID: &str = "a key that can be encrypted";
    // Salt and initialization vector are constant: the demo's keys protect nothing.
    let kdf = Kdf::Pbkdf2(Pbkdf2Params {
        salt: Salt::new([2, 1, 0, 2, 130, 1, 1, 0]).expect(VALID),
        iteration_count: rounds,
        key_length: None,
        prf: Pbkdf2Prf::HmacWithSha1,
    });
    let parameters = Parameters { kdf, encryption: EncryptionScheme::DesEde3Cbc { iv: [7; 8] } };
    let key = PrivateKeyInfoRef::from_der(key).expect(VALID);
    key.encrypt_with_params(parameters, password).expect(VALID).as_bytes().to_vec()
}

/// Returns a new RSA key of 2,048 bits, a PKCS #8 document.
pub fn new_key() -> Vec<u8> {
    SigningKey::new_rsa_document()
}

/// Returns year, month and day of an instant.
fn date(day: Timestamp) -> (i32, u8, u8) {
    let text = day.to_string();
    let number =
        |range| text.get(range).and_then(|digits: &str| digits.parse::<u16>().ok()).unwrap_or_default();
    let small = |number: u16| u8::try_from(number).unwrap_or_default();
    (i32::from(number(0..4)), small(number(5..7)), small(number(8..10)))
}
