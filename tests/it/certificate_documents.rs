//! Tests of reading certificates and private keys: whatever is sent, there is an answer, in bounded time and memory.

use std::sync::LazyLock;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_certificates::{Certificate, CertificateError, MAX_DOCUMENT_SIZE, PrivateKey, PrivateKeyError};
use padron_domain::{CertificateKind, Timestamp};
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

/// Returns the files of the demo's CSD.
fn files() -> &'static CertificateFiles {
    static FILES: LazyLock<CertificateFiles> =
        LazyLock::new(|| certificate_files(&spec(CertificateKind::Csd)));
    &FILES
}

/// Returns the demo's CSD.
fn certificate() -> &'static Certificate {
    static CERTIFICATE: LazyLock<Certificate> =
        LazyLock::new(|| Certificate::read(&files().certificate).unwrap());
    &CERTIFICATE
}

/// Opens a private key of the demo's CSD with the demo's password.
fn open(document: &[u8]) -> Result<PrivateKey, PrivateKeyError> {
    PrivateKey::open(document, PASSWORD.as_bytes(), certificate())
}

/// Returns a document in which the only place with these bytes has others.
fn replaced(document: &[u8], from: &[u8], to: &[u8]) -> Vec<u8> {
    let mut found = document.windows(from.len()).enumerate().filter(|(_, bytes)| *bytes == from);
    let (at, _) = found.next().expect("a place");
    assert!(found.next().is_none(), "only one place");
    [&document[..at], to, &document[at + from.len()..]].concat()
}

#[test]
fn a_wrong_password_is_one_whatever_it_decrypts_to() {
    // One round makes each attempt fast. About one wrong password of 256 yields valid padding.
    let private_key = encrypt(rsa_key(), PASSWORD, 1);
    for number in 0..1500 {
        let opened = PrivateKey::open(&private_key, format!("wrong{number}").as_bytes(), certificate());
        assert_eq!(opened.unwrap_err(), PrivateKeyError::WrongPassword, "wrong{number}");
    }
    let opened = open(&private_key).unwrap();
    assert_eq!(opened.as_pkcs8(), rsa_key());
    assert_eq!(format!("{opened:?}"), "PrivateKey(…)");
}

#[test]
fn keys_with_too_many_rounds_are_refused() {
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
    for key in [pbkdf2(10_001), pbkdf2(1 << 31), pbkdf2(u32::MAX), key_of(Kdf::Scrypt(scrypt))] {
        assert_eq!(open(&key).unwrap_err(), PrivateKeyError::NotAKey);
    }
    assert_eq!(open(&pbkdf2(10_000)).unwrap_err(), PrivateKeyError::WrongPassword);
    for document in [&b""[..], &[0x30], &[0x30, 0x84, 0xff, 0xff, 0xff, 0xff, 0x30]] {
        assert_eq!(open(document).unwrap_err(), PrivateKeyError::NotAKey);
    }
    let long = [&files().private_key[..], &vec![0; MAX_DOCUMENT_SIZE]].concat();
    assert_eq!(open(&long).unwrap_err(), PrivateKeyError::TooLong);
    assert_eq!(Certificate::read(&long).unwrap_err(), CertificateError::TooLong);
}

#[test]
fn an_initialization_vector_of_another_length_is_refused() {
    // The vector of triple DES, after its object identifier. The lengths around it are adapted.
    let key = &files().private_key;
    let at = key.windows(10).position(|bytes| bytes == [4, 8, 7, 7, 7, 7, 7, 7, 7, 7]).unwrap();
    for length in [0_u8, 1, 4, 7, 9, 12, 16] {
        let mut other = [&key[..at], &[4, length], &vec![7; length.into()], &key[at + 10..]].concat();
        let by = i32::from(length) - 8;
        // Of the sequences that contain the vector, the inner ones have a length of one byte, and the document has one of two.
        let around: Vec<usize> =
            (0..at).filter(|start| other[*start] == 0x30 && other[start + 1] < 0x80).collect();
        for start in around {
            let end = start + 2 + usize::from(other[start + 1]);
            if end >= at + 10 {
                other[start + 1] = u8::try_from(i32::from(other[start + 1]) + by).unwrap();
            }
        }
        let total = i32::from(u16::from_be_bytes([other[2], other[3]])) + by;
        other[2..4].copy_from_slice(&u16::try_from(total).unwrap().to_be_bytes());
        assert_eq!(open(&other).unwrap_err(), PrivateKeyError::NotAKey, "{length}");
    }
    assert!(open(key).is_ok());
}

#[test]
fn swapped_files_are_detected() {
    let CertificateFiles { certificate, private_key } = files();
    assert_eq!(Certificate::read(private_key).unwrap_err(), CertificateError::IsPrivateKey);
    assert_eq!(open(certificate).unwrap_err(), PrivateKeyError::IsCertificate);
    assert_eq!(open(rsa_key()).unwrap_err(), PrivateKeyError::NotEncrypted);
}

#[test]
fn a_damaged_private_key_is_refused() {
    // The exponents of both factors are at the end of the document, before the coefficient. A look at the key does not tell that they are wrong.
    for from_end in [300, 200] {
        let mut damaged = rsa_key().to_vec();
        let place = damaged.len() - from_end;
        damaged[place] ^= 2;
        assert!(ring::rsa::KeyPair::from_pkcs8(&damaged).is_ok(), "{from_end}");
        let opened = open(&encrypt(&damaged, PASSWORD, 1));
        assert_eq!(opened.unwrap_err(), PrivateKeyError::Unusable, "{from_end}");
    }
}

#[test]
fn texts_of_all_programs_are_read() {
    let CertificateFiles { certificate, private_key } = files();
    let base64 = |document: &[u8]| BASE64_STANDARD.encode(document);
    let lines = |document: &[u8], length: usize| {
        let text = base64(document);
        let lines = text.as_bytes().chunks(length).map(|line| String::from_utf8(line.to_vec()).unwrap());
        lines.collect::<Vec<_>>().join(" \r\n")
    };
    let pem = |label: &str, text: &str| format!("-----BEGIN {label}-----\n{text}\n-----END {label}-----\n");
    let key = pem("ENCRYPTED PRIVATE KEY", &lines(private_key, 64));
    for text in [
        pem("CERTIFICATE", &lines(certificate, 64)),
        pem("CERTIFICATE", &lines(certificate, 76)),
        pem("CERTIFICATE", &base64(certificate)),
        format!("Bag Attributes\n    localKeyID: 01\n{}", pem("CERTIFICATE", &lines(certificate, 64))),
        format!("{key}{}", pem("CERTIFICATE", &lines(certificate, 64))),
        lines(certificate, 76),
        base64(certificate).trim_end_matches('=').to_owned(),
    ] {
        assert_eq!(Certificate::read(text.as_bytes()).as_ref(), Ok(self::certificate()), "{text}");
    }
    assert!(Certificate::read(&[&certificate[..], b"\r\n"].concat()).is_ok());
    for text in [key.clone(), format!("{}{key}", pem("CERTIFICATE", &lines(certificate, 64)))] {
        assert!(open(text.as_bytes()).is_ok(), "{text}");
    }
    // Which of two certificates is meant is not clear.
    let two = pem("CERTIFICATE", &base64(certificate)).repeat(2);
    assert_eq!(Certificate::read(two.as_bytes()).unwrap_err(), CertificateError::NotACertificate);
    let swapped = pem("PRIVATE KEY", &base64(rsa_key()));
    assert_eq!(open(swapped.as_bytes()).unwrap_err(), PrivateKeyError::NotEncrypted);
}

#[test]
fn a_password_with_accents_opens_a_key_in_the_encoding_of_any_program() {
    let (latin1, composed, decomposed) = (&b"\xf1and\xfa"[..], "ñandú", "n\u{303}andu\u{301}");
    for of_key in [latin1, composed.as_bytes()] {
        let key = encrypt(rsa_key(), of_key, 1);
        for sent in [latin1, composed.as_bytes(), decomposed.as_bytes()] {
            assert!(PrivateKey::open(&key, sent, certificate()).is_ok(), "{of_key:?} {sent:?}");
        }
        let wrong = PrivateKey::open(&key, b"nandu", certificate());
        assert_eq!(wrong.unwrap_err(), PrivateKeyError::WrongPassword);
    }
}

#[test]
fn invalid_certificates_are_refused_with_the_reason() {
    let good = &files().certificate;
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
        &[b'A'; 1000],
    ] {
        assert_eq!(Certificate::read(document).unwrap_err(), CertificateError::NotACertificate);
    }
    let read = |spec: CertificateSpec<'_>| Certificate::read(&certificate_files(&spec).certificate);
    let csd = spec(CertificateKind::Csd);
    assert_eq!(
        read(CertificateSpec { serial_number: "1", ..csd }).unwrap_err(),
        CertificateError::InvalidSerialNumber
    );
    for rfc in ["", "EDM269901AB4", "EDM260101", "/ XIQB891116QE4", "XAXX010101000", "XEXX010101000"] {
        assert_eq!(read(CertificateSpec { rfc, ..csd }).unwrap_err(), CertificateError::InvalidRfc, "{rfc}");
    }
    // Neither digital signatures nor non-repudiation: a key that signs certificates.
    let ca = replaced(good, &[3, 2, 6, 0xc0], &[3, 2, 1, 6]);
    assert_eq!(Certificate::read(&ca).unwrap_err(), CertificateError::NotForSigning);
    let never = CertificateSpec { expires_at: Timestamp::LATEST, ..csd };
    let never = replaced(&certificate_files(&never).certificate, b"99991230", b"99991231");
    assert_eq!(Certificate::read(&never).unwrap().expires_at, Timestamp::LATEST);
    let long = "EMPRESA\r\n\u{1b}[31m".to_owned() + &"Ñ".repeat(1000);
    let long = read(CertificateSpec { name: &long, ..csd }).unwrap().name.unwrap();
    assert_eq!((long.chars().count(), long.chars().any(char::is_control)), (300, false), "{long}");
    let found = read(csd).unwrap();
    assert_eq!(
        (found.kind, found.name.as_deref()),
        (CertificateKind::Csd, Some("EMPRESA DE MUESTRA SA DE CV"))
    );
    assert_eq!(read(spec(CertificateKind::Fiel)).unwrap().kind, CertificateKind::Fiel);
    let details: std::collections::HashSet<_> = CertificateError::ALL.map(CertificateError::detail).into();
    assert_eq!(details.len(), CertificateError::ALL.len());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn whatever_is_sent_is_answered(bytes in prop::collection::vec(any::<u8>(), 0..400)) {
        prop_assert!(Certificate::read(&bytes).is_err());
        prop_assert!(open(&bytes).is_err());
    }

    #[test]
    fn a_damaged_document_is_answered(
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..8),
        cut in any::<prop::sample::Index>(),
        is_cut in any::<bool>(),
    ) {
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
        // It is read or refused. A key that is read has the length of the undamaged one: `ring` does not use the private exponent.
        _ = Certificate::read(&damaged(files().certificate.clone()));
        if let Ok(key) = open(&damaged(encrypt(rsa_key(), PASSWORD, 2))) {
            prop_assert_eq!(key.as_pkcs8().len(), rsa_key().len());
        }
    }
}
