//! Tests of reading certificates and private keys: whatever is sent, there is an answer, in bounded time and memory.

use padron_certificates::{
    Certificate, CertificateError, CertificateKind, MAX_DOCUMENT_SIZE, PrivateKey, PrivateKeyError,
};
use padron_domain::Timestamp;
use padron_local::demo::certificate::{CertificateFiles, CertificateSpec, PASSWORD, encrypt};
use pkcs8::{
    EncryptedPrivateKeyInfoRef,
    der::{Encode, asn1::OctetStringRef},
    pkcs5::pbes2::{EncryptionScheme, Kdf, Parameters, Pbkdf2Params, Pbkdf2Prf, Salt, ScryptParams},
};
use proptest::prelude::*;

use crate::support::{certificate_files, rsa_key};

fn spec(kind: CertificateKind) -> CertificateSpec<'static> {
    CertificateSpec::new(kind, Timestamp::parse("2026-01-15T12:00:00Z").unwrap())
}

fn files() -> CertificateFiles {
    certificate_files(&spec(CertificateKind::Csd))
}

#[test]
fn a_wrong_password_is_one_whatever_it_decrypts_to() {
    // With one round, many passwords are tried soon. Of 256, one leaves bytes behind whose padding is right.
    let files = files();
    let certificate = Certificate::read(&files.certificate).unwrap();
    let private_key = encrypt(rsa_key(), PASSWORD, 1);
    for number in 0..3000 {
        let opened = PrivateKey::open(&private_key, &format!("wrong{number}"), &certificate);
        assert_eq!(opened.unwrap_err(), PrivateKeyError::Password, "wrong{number}");
    }
    let opened = PrivateKey::open(&private_key, PASSWORD, &certificate).unwrap();
    assert_eq!(opened.as_pkcs8(), rsa_key());
    assert_eq!(format!("{opened:?}"), "PrivateKey(…)");
}

#[test]
fn opening_a_key_takes_no_more_than_a_key_of_sat_does() {
    let certificate = Certificate::read(&files().certificate).unwrap();
    // A key that says how it is encrypted, and was not: the test need not take the rounds.
    let key_of = |kdf: Kdf| {
        let parameters = Parameters { kdf, encryption: EncryptionScheme::DesEde3Cbc { iv: [7; 8] } };
        let encrypted_data = OctetStringRef::new(&[0; 64]).unwrap();
        let key = EncryptedPrivateKeyInfoRef { encryption_algorithm: parameters.into(), encrypted_data };
        key.to_der().unwrap()
    };
    let salt = || Salt::new([1; 8]).unwrap();
    let pbkdf2 = |iteration_count| {
        let prf = Pbkdf2Prf::HmacWithSha1;
        key_of(Kdf::Pbkdf2(Pbkdf2Params { salt: salt(), iteration_count, key_length: None, prf }))
    };
    let scrypt = ScryptParams {
        salt: salt(),
        cost_parameter: 1 << 20,
        block_size: 8,
        parallelization: 1,
        key_length: None,
    };
    for key in [pbkdf2(100_001), pbkdf2(1 << 31), pbkdf2(u32::MAX), key_of(Kdf::Scrypt(scrypt))] {
        assert_eq!(PrivateKey::open(&key, PASSWORD, &certificate).unwrap_err(), PrivateKeyError::NotAKey);
    }
    let most = PrivateKey::open(&pbkdf2(100_000), PASSWORD, &certificate);
    assert_eq!(most.unwrap_err(), PrivateKeyError::Password);
    // A key that is not encrypted, and a certificate in its place.
    for document in
        [rsa_key(), &files().certificate, b"", &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30]]
    {
        let opened = PrivateKey::open(document, PASSWORD, &certificate);
        assert_eq!(opened.unwrap_err(), PrivateKeyError::NotAKey);
    }
    let long = [&files().private_key[..], &vec![0; MAX_DOCUMENT_SIZE]].concat();
    assert_eq!(PrivateKey::open(&long, PASSWORD, &certificate).unwrap_err(), PrivateKeyError::NotAKey);
}

#[test]
fn what_is_no_certificate_says_why() {
    let good = files().certificate;
    for document in [
        &b""[..],
        b"hello",
        b"-----BEGIN CERTIFICATE-----",
        b"-----BEGIN CERTIFICATE-----\nMIIB\n-----END CERTIFICATE-----",
        "ñ".as_bytes(),
        &[0xff; 100],
        &[0x30, 0x84, 0x7f, 0xff, 0xff, 0xff],
        &[0x30, 0x80, 0, 0],
        &good[..good.len() - 1],
        &[&good[..], b"x"].concat(),
        &vec![b'A'; MAX_DOCUMENT_SIZE + 1],
    ] {
        assert_eq!(Certificate::read(document).unwrap_err(), CertificateError::NotACertificate);
    }
    let read = |spec: CertificateSpec<'_>| Certificate::read(&certificate_files(&spec).certificate);
    let csd = spec(CertificateKind::Csd);
    assert_eq!(
        read(CertificateSpec { serial_number: "1", ..csd }).unwrap_err(),
        CertificateError::SerialNumber
    );
    for rfc in ["", "EDM269901AB4", "EDM260101", "/ XIQB891116QE4"] {
        assert_eq!(read(CertificateSpec { rfc, ..csd }).unwrap_err(), CertificateError::Rfc, "{rfc}");
    }
    let found = read(csd).unwrap();
    assert_eq!((found.kind, &*found.name), (CertificateKind::Csd, "EMPRESA DE MUESTRA SA DE CV"));
    assert_eq!(read(spec(CertificateKind::Fiel)).unwrap().kind, CertificateKind::Fiel);
    let details: std::collections::HashSet<_> = CertificateError::ALL.map(CertificateError::detail).into();
    assert_eq!(details.len(), CertificateError::ALL.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_sent_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        let certificate = Certificate::read(&files().certificate).unwrap();
        prop_assert!(Certificate::read(&bytes).is_err());
        prop_assert!(PrivateKey::open(&bytes, PASSWORD, &certificate).is_err());
    }

    #[test]
    fn a_damaged_document_is_answered(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
        let certificate = Certificate::read(&files().certificate).unwrap();
        let damaged = |mut document: Vec<u8>| {
            for (index, byte) in &changes {
                let at = index.index(document.len());
                document[at] = *byte;
            }
            if is_cut {
                document.truncate(cut.index(document.len()));
            }
            document
        };
        // It is read or refused. A key that is read is that of the certificate.
        _ = Certificate::read(&damaged(files().certificate));
        if let Ok(key) = PrivateKey::open(&damaged(encrypt(rsa_key(), PASSWORD, 2)), PASSWORD, &certificate) {
            prop_assert_eq!(key.as_pkcs8().len(), rsa_key().len());
        }
    }
}
