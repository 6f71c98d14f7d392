//! Tests of certificates (CSD, FIEL): what is taken, what is refused, and that the private keys stay secret.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_domain::{CertificateKind, UserId};
use padron_key_vault::{EncryptionContext, KeyVault, SealedSecret};
use padron_local::demo::{
    self,
    certificate::{CertificateFiles, CertificateSpec, PASSWORD, encrypt, new_key},
};
use padron_testkit::{TestApp, TestResponse};
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{
    ACME, admin, certificate_files, certificate_form, cost, event_types, form, globex_owner, issuing_app,
    member, owner, rsa_key, stored, wrong,
};

/// Globex has no certificate and no RFC.
const GLOBEX: &str = "/organizations/660e8400-e29b-41d4-a716-446655440000";
const MULTIPART: &str = "multipart/form-data; boundary=padron";

fn spec(app: &TestApp, kind: CertificateKind) -> CertificateSpec<'static> {
    CertificateSpec::new(kind, app.clock.now())
}

async fn send(app: &TestApp, by: UserId, path: &str, form: Vec<u8>) -> TestResponse {
    app.call("PUT", path).user(by).header("content-type", MULTIPART).body(form).send().await
}

/// Uploads files to Globex.
async fn upload(app: &TestApp, part: &str, files: &CertificateFiles) -> TestResponse {
    let form = certificate_form(&files.certificate, &files.private_key, PASSWORD);
    send(app, globex_owner(), &format!("{GLOBEX}/{part}"), form).await
}

async fn globex(app: &TestApp) -> TestResponse {
    app.get(GLOBEX).user(globex_owner()).send().await
}

fn warnings(response: &TestResponse) -> Vec<String> {
    let warnings = response.json()["warnings"].take();
    warnings.as_array().unwrap().iter().map(|one| one["code"].as_str().unwrap().to_owned()).collect()
}

/// Returns the stored private key of Globex; `None` if there is none.
async fn secret(app: &TestApp, slot: &str) -> Option<std::collections::HashMap<String, AttributeValue>> {
    let (table, name) = app.raw_table();
    let text = |text: String| AttributeValue::S(text);
    let key = format!("ORG#{}", demo::GLOBEX);
    let get =
        table.get_item().table_name(name).key("PK", text(key)).key("SK", text(format!("SECRET#{slot}")));
    get.send().await.unwrap().item
}

/// Opens a stored private key as the private key of a kind of certificate of an organization; `None` if it was sealed for another one.
async fn opened(
    app: &TestApp,
    item: &std::collections::HashMap<String, AttributeValue>,
    purpose: &'static str,
    id: &str,
) -> Option<Vec<u8>> {
    let vault = KeyVault::connect(&app.kms_connection(), padron_emulator::Kms::KEY_ID);
    let sealed = SealedSecret { data_key: bytes(item, "dataKey"), ciphertext: bytes(item, "ciphertext") };
    let deadline = Instant::now() + Duration::from_secs(10);
    let opened = vault.open(&sealed, EncryptionContext { purpose, id }, deadline).await;
    opened.ok().map(|key| key.to_vec())
}

fn bytes(item: &std::collections::HashMap<String, AttributeValue>, name: &str) -> Vec<u8> {
    item[name].as_b().unwrap().clone().into_inner()
}

#[tokio::test]
async fn an_organization_gets_ready_to_invoice() {
    let app = issuing_app().await;
    let files = certificate_files(&spec(&app, CertificateKind::Csd));
    let uploaded = upload(&app, "certificates", &files).await;
    assert_eq!(uploaded.status, 200, "{uploaded:?}");
    assert_eq!(bytes(&secret(&app, "csd").await.unwrap(), "certificate"), files.certificate);
    let expires_at = "2030-01-14T00:00:00.000Z";
    assert_eq!(
        uploaded.json(),
        json!({
            "certificateSerialNumber": "30001000000500009901", "certificateExpiresAt": expires_at,
            "certificateUpdatedAt": "2026-01-15T12:00:00.000Z", "rfc": demo::certificate::RFC, "warnings": [],
        })
    );
    let read = globex(&app).await;
    assert_eq!(uploaded.header("etag"), read.header("etag"));
    let organization = read.json();
    assert_eq!(organization["legal"]["rfc"], demo::certificate::RFC);
    assert_eq!(
        organization["certificate"],
        json!({
            "has_certificate": true, "updated_at": "2026-01-15T12:00:00.000Z", "expires_at": expires_at,
            "serial_number": "30001000000500009901",
        })
    );
    let events = app.get(&format!("{GLOBEX}/events")).user(globex_owner()).send().await.json();
    assert_eq!(
        (&events[0]["type"], &events[0]["data"]["fields"]),
        (&json!("organization.updated"), &json!(["certificate", "legal.rfc"]))
    );
    // The legal data, which must fit the certificate.
    let legal = async |body: Value| {
        app.call("PUT", &format!("{GLOBEX}/legal")).user(globex_owner()).json(&body).send().await
    };
    let fisica = legal(json!({ "tax_system": "612" })).await;
    assert_eq!(wrong(&fisica), [("/tax_system".into(), "tax_system_not_allowed_for_tax_id".into())]);
    let other =
        legal(json!({ "legal_name": "Otra Empresa", "tax_system": "601", "address": { "zip": "06000" } }))
            .await;
    assert_eq!(warnings(&other), ["legal_name_mismatch"]);
    for same in [
        "Empresa de Muestra",
        "EMPRESA DE MUESTRA, S.A. de C.V.",
        "empresa  dé muestra",
        "Empresa de Muestra S.C.",
    ] {
        let same = legal(json!({ "legal_name": same })).await;
        assert_eq!(warnings(&same), Vec::<String>::new(), "{same:?}");
    }
    let ready = globex(&app).await;
    let organization = ready.json();
    assert_eq!(
        (&organization["is_production_ready"], &organization["pending_steps"][0]["type"]),
        (&json!(true), &json!("logo"))
    );
    assert_eq!(organization["pending_steps"].as_array().unwrap().len(), 1);
    // When the certificate expires, nothing is written, and yet the organization is another one.
    app.clock.advance(Duration::from_secs(1460 * 24 * 60 * 60));
    let expired = globex(&app).await;
    assert_eq!(expired.json()["is_production_ready"], false);
    assert_ne!(expired.header("etag"), ready.header("etag"));
    assert_eq!(expired.json()["updated_at"], organization["updated_at"]);
    let unchanged =
        app.get(GLOBEX).user(globex_owner()).header("if-none-match", ready.header("etag")).send().await;
    assert_eq!(unchanged.status, 200);
}

#[tokio::test]
async fn a_certificate_can_make_the_tax_system_invalid() {
    let app = issuing_app().await;
    let body = json!({ "legal_name": "Muestra", "tax_system": "612", "address": { "zip": "06000" } });
    app.call("PUT", &format!("{GLOBEX}/legal")).user(globex_owner()).json(&body).send().await;
    let uploaded = upload(&app, "certificates", &certificate_files(&spec(&app, CertificateKind::Csd))).await;
    assert_eq!(
        (uploaded.status, warnings(&uploaded)),
        (200, vec!["legal_name_mismatch".into(), "tax_system_not_allowed_for_tax_id".into()])
    );
    let organization = globex(&app).await.json();
    assert_eq!(organization["pending_steps"][0]["type"], "legal", "it blocks until it fits");
    let fitting = json!({ "tax_system": "601" });
    let fitting =
        app.call("PUT", &format!("{GLOBEX}/legal")).user(globex_owner()).json(&fitting).send().await;
    assert_eq!(fitting.json()["is_production_ready"], true);
}

#[tokio::test]
async fn a_private_key_is_stored_for_its_organization_and_kind_only() {
    let app = issuing_app().await;
    let csd = certificate_files(&spec(&app, CertificateKind::Csd));
    let fiel = certificate_files(&spec(&app, CertificateKind::Fiel));
    assert_eq!(upload(&app, "certificates", &csd).await.status, 200);
    let uploaded = upload(&app, "fiel", &fiel).await;
    assert_eq!(uploaded.json()["certificateSerialNumber"], "30001000000500009902", "{uploaded:?}");
    let organization = globex(&app).await.json();
    assert_eq!(
        (&organization["fiel"]["has_fiel"], &organization["fiel"]["serial_number"]),
        (&json!(true), &json!("30001000000500009902"))
    );
    for (kind, other_kind) in [("csd", "fiel"), ("fiel", "csd")] {
        let item = secret(&app, kind).await.unwrap();
        assert_eq!(opened(&app, &item, kind, demo::GLOBEX).await.unwrap(), rsa_key());
        for (purpose, id) in
            [(kind, demo::ACME), ("csd", demo::ACME), ("oauth", demo::GLOBEX), (other_kind, demo::GLOBEX)]
        {
            assert!(opened(&app, &item, purpose, id).await.is_none(), "{purpose} {id}");
        }
    }
    // Nothing of what was sent is anywhere else.
    let mut seen = app.logged().join("\n");
    for path in [GLOBEX.to_owned(), format!("{GLOBEX}/events"), format!("{GLOBEX}/export")] {
        let response = app.get(&path).user(globex_owner()).send().await;
        assert_eq!(response.status, 200, "{path}: {response:?}");
        seen.push_str(&response.text);
    }
    let (table, name) = app.raw_table();
    let items = table.scan().table_name(name).send().await.unwrap().items.unwrap();
    seen.push_str(&format!("{items:?}"));
    assert!(!seen.contains(PASSWORD));
    // Slices that begin and end at a multiple of three bytes: their base64 is part of the base64 of the whole.
    for (whole, slice) in [(rsa_key(), 99..132), (&csd.private_key, 201..261)] {
        let (secret, numbers) =
            (BASE64_STANDARD.encode(&whole[slice.clone()]), format!("{:?}", &whole[slice]));
        let numbers = numbers.trim_matches(['[', ']']);
        assert!(BASE64_STANDARD.encode(whole).contains(&secret) && format!("{whole:?}").contains(numbers));
        assert!(!seen.contains(&secret) && !seen.contains(numbers), "{secret}");
    }
    // Purging the organization takes the keys along.
    assert_eq!(app.call("DELETE", GLOBEX).user(globex_owner()).send().await.status, 204);
    app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));
    let job = padron_api::background().find(|job| job.function == "purge-organizations").unwrap();
    let cx = app.background(job, Duration::from_secs(60));
    app.run_in(&cx, job, &json!({})).await.unwrap();
    assert!(secret(&app, "csd").await.is_none() && secret(&app, "fiel").await.is_none());
}

#[tokio::test]
async fn files_in_all_formats_of_sat_are_accepted() {
    let app = issuing_app().await;
    let pem = |label: &str, der: &[u8]| {
        let text = BASE64_STANDARD.encode(der);
        let lines: Vec<&str> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        format!("-----BEGIN {label}-----\n{}\n-----END {label}-----\n", lines.join("\n")).into_bytes()
    };
    let csd = spec(&app, CertificateKind::Csd);
    let plain = certificate_files(&csd);
    // A T61 string with a letter of ISO 8859-1. The signature is not checked: whoever has the key has the certificate.
    let with_enye = |mut files: CertificateFiles| {
        let letters = files.certificate.windows(4).enumerate().filter(|(_, letters)| *letters == b"EqE2");
        let at: Vec<usize> = letters.map(|(at, _)| at + 1).collect();
        at.iter().for_each(|at| files.certificate[*at] = 0xd1);
        assert!(!at.is_empty());
        files
    };
    let enye = CertificateSpec { rfc: "EqE260101AB9 / XIQB891116QE4", ..csd };
    let cases = [
        ("DER", plain.clone(), demo::certificate::RFC),
        (
            "PEM",
            CertificateFiles {
                certificate: pem("CERTIFICATE", &plain.certificate),
                private_key: pem("ENCRYPTED PRIVATE KEY", &plain.private_key),
            },
            demo::certificate::RFC,
        ),
        (
            "base64",
            CertificateFiles {
                certificate: BASE64_STANDARD.encode(&plain.certificate).into_bytes(),
                private_key: format!("\u{feff} {}\r\n", BASE64_STANDARD.encode(&plain.private_key))
                    .into_bytes(),
            },
            demo::certificate::RFC,
        ),
        ("a person", certificate_files(&CertificateSpec { rfc: "CACX7605101P8", ..csd }), "CACX7605101P8"),
        ("Ñ in Latin-1", with_enye(certificate_files(&enye)), "EÑE260101AB9"),
        // A CSD of SAT without a branch exists.
        (
            "no branch",
            certificate_files(&CertificateSpec { has_branch: false, ..csd }),
            demo::certificate::RFC,
        ),
    ];
    for (what, files, rfc) in cases {
        let app = issuing_app().await;
        let uploaded = upload(&app, "certificates", &files).await;
        assert_eq!((uploaded.status, &uploaded.json()["rfc"]), (200, &json!(rfc)), "{what}: {uploaded:?}");
    }
    let fiel = CertificateSpec { has_branch: true, ..spec(&app, CertificateKind::Fiel) };
    assert_eq!(upload(&app, "certificates", &certificate_files(&fiel)).await.problem(), "400 csd_required");
}

#[tokio::test]
async fn each_refusal_has_its_code_and_changes_nothing() {
    let app = issuing_app().await;
    let (csd, fiel) = (spec(&app, CertificateKind::Csd), spec(&app, CertificateKind::Fiel));
    let (good, other_key) = (certificate_files(&csd), new_key());
    let before = stored(&app, demo::GLOBEX).await;
    let events = event_types(&app, demo::organization(demo::GLOBEX)).await;
    let now = app.clock.now();
    let day = Duration::from_secs(24 * 60 * 60);
    let with = |certificate: &[u8], private_key: &[u8], password: &str| {
        certificate_form(certificate, private_key, password)
    };
    let key = &good.private_key;
    let serial = |serial_number| certificate_files(&CertificateSpec { serial_number, ..csd }).certificate;
    let rfc = |rfc| certificate_files(&CertificateSpec { rfc, ..csd }).certificate;
    let cases: Vec<(&str, Vec<u8>, &str)> = vec![
        ("certificates", form(&[]), "certificate_file_required"),
        ("certificates", form(&[("name=\"certificate\"", &[])]), "certificate_file_required"),
        ("certificates", form(&[("name=\"certificate\"", &good.certificate)]), "private_key_file_required"),
        ("certificates", with(b"hello", key, PASSWORD), "certificate_files_invalid"),
        ("certificates", with(key, key, PASSWORD), "certificate_files_invalid"),
        ("certificates", with(&good.certificate[..500], key, PASSWORD), "certificate_files_invalid"),
        ("certificates", with(&serial("3000100000050000990x"), key, PASSWORD), "certificate_files_invalid"),
        ("certificates", with(&serial("123"), key, PASSWORD), "certificate_files_invalid"),
        ("certificates", with(&rfc("EKU900399"), key, PASSWORD), "certificate_files_invalid"),
        ("certificates", with(&good.certificate, b"hello", PASSWORD), "certificate_files_invalid"),
        ("certificates", with(&good.certificate, rsa_key(), PASSWORD), "certificate_files_invalid"),
        ("certificates", with(&good.certificate, &key[..1000], PASSWORD), "certificate_files_invalid"),
        ("certificates", with(&certificate_files(&fiel).certificate, key, PASSWORD), "csd_required"),
        ("fiel", with(&good.certificate, key, PASSWORD), "fiel_required"),
        (
            "certificates",
            with(
                &certificate_files(&CertificateSpec {
                    valid_from: now.minus(2 * day),
                    expires_at: now,
                    ..csd
                })
                .certificate,
                key,
                PASSWORD,
            ),
            "certificate_expired",
        ),
        (
            "certificates",
            with(
                &certificate_files(&CertificateSpec { valid_from: now.plus(day), ..csd }).certificate,
                key,
                PASSWORD,
            ),
            "certificate_not_yet_valid",
        ),
        ("certificates", with(&good.certificate, key, "12345678b"), "private_key_password_incorrect"),
        ("certificates", with(&good.certificate, key, ""), "private_key_password_incorrect"),
        (
            "certificates",
            with(&good.certificate, &encrypt(&other_key, PASSWORD, 2048), PASSWORD),
            "private_key_certificate_mismatch",
        ),
    ];
    let mut of_files = Vec::new();
    for (index, (part, form, code)) in cases.into_iter().enumerate() {
        let response = send(&app, globex_owner(), &format!("{GLOBEX}/{part}"), form).await;
        assert_eq!(response.problem(), format!("400 {code}"), "{index}: {response:?}");
        if code == "certificate_files_invalid" {
            of_files.push(response.json()["errors"][0]["pointer"].as_str().unwrap().to_owned());
        }
        assert!(!response.text.contains(PASSWORD), "{response:?}");
    }
    let of_fiel = certificate_files(&fiel);
    let (certificate, key) = (&of_fiel.certificate, &of_fiel.private_key);
    let expired = CertificateSpec { valid_from: now.minus(2 * day), expires_at: now, ..fiel };
    let future = CertificateSpec { valid_from: now.plus(day), ..fiel };
    for (form, code) in [
        (form(&[]), "certificate_file_required"),
        (form(&[("name=\"cer\"", certificate)]), "private_key_file_required"),
        (with(b"hello", key, PASSWORD), "certificate_files_invalid"),
        (with(&certificate_files(&expired).certificate, key, PASSWORD), "certificate_expired"),
        (with(&certificate_files(&future).certificate, key, PASSWORD), "certificate_not_yet_valid"),
        (with(certificate, key, "12345678b"), "private_key_password_incorrect"),
        (
            with(certificate, &encrypt(&other_key, PASSWORD, 2048), PASSWORD),
            "private_key_certificate_mismatch",
        ),
    ] {
        let response = send(&app, globex_owner(), &format!("{GLOBEX}/fiel"), form).await;
        assert_eq!(response.problem(), format!("400 {code}"), "{response:?}");
    }
    assert_eq!(of_files, [["/certificate"; 6].as_slice(), &["/privateKey"; 3]].concat());
    assert_eq!(stored(&app, demo::GLOBEX).await, before);
    assert_eq!(event_types(&app, demo::organization(demo::GLOBEX)).await, events);
    assert!(secret(&app, "csd").await.is_none() && secret(&app, "fiel").await.is_none());
    // One taxpayer: the RFC stays, whatever becomes of the certificate.
    assert_eq!(upload(&app, "fiel", &certificate_files(&fiel)).await.status, 200);
    let others = CertificateSpec { rfc: "CACX7605101P8", ..csd };
    assert_eq!(
        upload(&app, "certificates", &certificate_files(&others)).await.problem(),
        "400 certificate_fiel_rfc_mismatch"
    );
    assert_eq!(upload(&app, "certificates", &good).await.status, 200);
    assert_eq!(
        upload(&app, "certificates", &certificate_files(&others)).await.problem(),
        "400 certificate_previous_rfc_mismatch"
    );
    let others = CertificateSpec { rfc: "CACX7605101P8", ..fiel };
    assert_eq!(upload(&app, "fiel", &certificate_files(&others)).await.problem(), "400 fiel_rfc_mismatch");
    let delete = app.call("DELETE", &format!("{GLOBEX}/certificates")).user(globex_owner()).send().await;
    assert_eq!(delete.status, 200, "{delete:?}");
    let others = CertificateSpec { rfc: "CACX7605101P8", ..csd };
    assert_eq!(
        upload(&app, "certificates", &certificate_files(&others)).await.problem(),
        "400 certificate_previous_rfc_mismatch"
    );
    // Only the owner.
    for who in [admin(), member()] {
        let path = format!("{ACME}/certificates");
        let response = send(&app, who, &path, certificate_form(&good.certificate, key, PASSWORD)).await;
        assert_eq!(response.problem(), "403 insufficient_role");
        assert_eq!(app.call("DELETE", &path).user(who).send().await.problem(), "403 insufficient_role");
    }
}

#[tokio::test]
async fn a_certificate_is_replaced_and_deleted_with_its_key() {
    let app = issuing_app().await;
    assert_eq!(
        upload(&app, "certificates", &certificate_files(&spec(&app, CertificateKind::Csd))).await.status,
        200
    );
    app.clock.advance(Duration::from_secs(60));
    let next = CertificateSpec { serial_number: "30001000000500009903", ..spec(&app, CertificateKind::Csd) };
    assert_eq!(upload(&app, "certificates", &certificate_files(&next)).await.status, 200);
    assert_eq!(
        secret(&app, "csd").await.unwrap()["doc"].as_s().unwrap().matches("30001000000500009903").count(),
        1
    );
    app.clock.advance(Duration::from_secs(60));
    let path = format!("{GLOBEX}/certificates");
    let old = app.call("DELETE", &path).user(globex_owner()).header("if-match", "\"1.x\"").send().await;
    assert_eq!(old.problem(), "412 precondition_failed");
    let deleted = app.call("DELETE", &path).user(globex_owner()).send().await;
    assert_eq!(deleted.status, 200, "{deleted:?}");
    assert_eq!(
        deleted.json()["certificate"],
        json!({ "has_certificate": false, "updated_at": "2026-01-15T12:02:00.000Z" })
    );
    assert_eq!(deleted.json()["legal"]["rfc"], demo::certificate::RFC);
    assert_eq!(deleted.header("etag"), globex(&app).await.header("etag"));
    assert!(secret(&app, "csd").await.is_none());
    let types = event_types(&app, demo::organization(demo::GLOBEX)).await;
    // There is nothing to delete any more, and nothing is recorded.
    let again = app.call("DELETE", &path).user(globex_owner()).send().await;
    assert_eq!((again.status, again.header("etag")), (200, deleted.header("etag")));
    assert_eq!(event_types(&app, demo::organization(demo::GLOBEX)).await, types);
    let fiel = app.call("DELETE", &format!("{ACME}/fiel")).user(owner()).send().await;
    assert_eq!((fiel.status, &fiel.json()["fiel"]["has_fiel"]), (200, &json!(false)), "{fiel:?}");
}

#[tokio::test]
async fn without_the_key_or_the_version_nothing_is_stored() {
    let app = issuing_app().await;
    let before = stored(&app, demo::GLOBEX).await;
    let files =
        [CertificateKind::Csd, CertificateKind::Fiel].map(|kind| certificate_files(&spec(&app, kind)));
    for (part, files) in ["certificates", "fiel"].iter().zip(&files) {
        let path = format!("{GLOBEX}/{part}");
        let form = certificate_form(&files.certificate, &files.private_key, PASSWORD);
        let stale = app.call("PUT", &path).user(globex_owner()).header("if-match", "\"9.x\"");
        let stale = stale.header("content-type", MULTIPART).body(form).send().await;
        assert_eq!(stale.problem(), "412 precondition_failed");
        let stale = app.call("DELETE", &path).user(globex_owner()).header("if-match", "\"9.x\"").send().await;
        assert_eq!(stale.problem(), "412 precondition_failed");
    }
    app.disable_kms_key();
    for (part, files) in ["certificates", "fiel"].iter().zip(&files) {
        assert_eq!(upload(&app, part, files).await.problem(), "503 service_unavailable");
    }
    assert_eq!(stored(&app, demo::GLOBEX).await, before);
    assert!(secret(&app, "csd").await.is_none() && secret(&app, "fiel").await.is_none());
}

#[tokio::test]
async fn an_upload_is_one_transaction() {
    let app = issuing_app().await;
    let files = certificate_files(&spec(&app, CertificateKind::Csd));
    let form = certificate_form(&files.certificate, &files.private_key, PASSWORD);
    let call = app.call("PUT", &format!("{GLOBEX}/certificates")).user(globex_owner());
    let call = call.header("content-type", MULTIPART).body(form);
    // The organization is below 1 KB, and the private key and its certificate have between 2 and 3 KB.
    let uploaded = [("BatchGetItem".to_owned(), 2.0), ("TransactWriteItems".to_owned(), 10.0)];
    assert_eq!(cost(&app, call).await, uploaded);
    let call = app.call("DELETE", &format!("{GLOBEX}/certificates")).user(globex_owner());
    let deleted = [("BatchGetItem".to_owned(), 2.0), ("TransactWriteItems".to_owned(), 10.0)];
    assert_eq!(cost(&app, call).await, deleted);
}

#[tokio::test]
async fn two_uploads_at_once_leave_one_complete_pair() {
    let app = issuing_app().await;
    let keys = [rsa_key().to_vec(), new_key()];
    for round in 0..4 {
        let serials = [format!("300010000005000{round}0001"), format!("300010000005000{round}0002")];
        let spec = |serial_number| CertificateSpec { serial_number, ..spec(&app, CertificateKind::Csd) };
        let files = [0, 1].map(|one| spec(&serials[one]).make(&keys[one], PASSWORD));
        let (one, other) =
            tokio::join!(upload(&app, "certificates", &files[0]), upload(&app, "certificates", &files[1]));
        let statuses = [one.status, other.status];
        assert!(statuses.contains(&200) && statuses.iter().all(|status| matches!(status, 200 | 409)));
        let serial = globex(&app).await.json()["certificate"]["serial_number"].take();
        let winner = serials.iter().position(|one| serial == **one).unwrap();
        let item = secret(&app, "csd").await.unwrap();
        assert_eq!(bytes(&item, "certificate"), files[winner].certificate);
        assert_eq!(opened(&app, &item, "csd", demo::GLOBEX).await.unwrap(), keys[winner]);
    }
}

#[tokio::test]
async fn forms_of_all_clients_are_read() {
    let app = issuing_app().await;
    let files = certificate_files(&spec(&app, CertificateKind::Csd));
    let path = format!("{GLOBEX}/certificates");
    let send = async |content_type: &str, body: Vec<u8>| {
        app.call("PUT", &path)
            .user(globex_owner())
            .header("content-type", content_type)
            .body(body)
            .send()
            .await
    };
    let (certificate, key, password) = (&*files.certificate, &*files.private_key, PASSWORD.as_bytes());
    // Unquoted names, encoded file names, a quoted boundary, the names of Facturapi, and a media type for each part.
    let unquoted = form(&[
        ("name=certificate; filename=csd.cer", certificate),
        ("name=privateKey", key),
        ("name=password", password),
    ]);
    let encoded = form(&[
        ("name=\"certificate\"; filename*=UTF-8''c%C3%B1.cer", certificate),
        (
            "name=\"privateKey\"; filename=\"certificate\"\r\nContent-Type: application/pkcs8\r\nContent-Length: 3",
            key,
        ),
        ("name=\"password\"\r\nContent-Type: text/plain; charset=utf-8", password),
    ]);
    let facturapi = form(&[
        ("name=\"key\"", key),
        ("name=\"cer\"", certificate),
        ("name=\"password\"", password),
        ("name=\"other\"", b"x"),
    ]);
    for (content_type, body) in [
        (MULTIPART, unquoted),
        ("multipart/form-data; boundary=\"padron\"", encoded),
        ("Multipart/Form-Data; charset=utf-8; boundary=padron", facturapi),
    ] {
        let response = send(content_type, body).await;
        assert_eq!(response.status, 200, "{response:?}");
    }
    let good = certificate_form(certificate, key, PASSWORD);
    let twice = form(&[("name=\"certificate\"", certificate), ("name=\"cer\"", certificate)]);
    let unknown_twice = form(&[
        ("name=\"other\"", b"x"),
        ("name=\"other\"", b"x"),
        ("name=\"certificate\"", certificate),
        ("name=\"privateKey\"", key),
        ("name=\"password\"", password),
    ]);
    assert_eq!(send(MULTIPART, unknown_twice).await.status, 200);
    let many: Vec<(String, &[u8])> =
        (0..11).map(|number| (format!("name=\"part{number}\""), &b"x"[..])).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, content)| (&**name, *content)).collect();
    for (content_type, body, problem) in [
        ("application/json", b"{}".to_vec(), "415 unsupported_media_type"),
        ("multipart/form-data", good.clone(), "415 unsupported_media_type"),
        ("multipart/mixed; boundary=padron", good.clone(), "415 unsupported_media_type"),
        ("multipart/form-data; boundary=other", good.clone(), "400 invalid_request"),
        (MULTIPART, good[..good.len() - 30].to_vec(), "400 invalid_request"),
        (MULTIPART, Vec::new(), "400 invalid_request"),
        (MULTIPART, twice, "400 invalid_request"),
        (MULTIPART, form(&many), "400 invalid_request"),
        (MULTIPART, form(&[("name=\"certificate\"", &vec![b'a'; 100 * 1024])]), "413 payload_too_large"),
    ] {
        let response = send(content_type, body).await;
        assert_eq!(response.problem(), problem, "{content_type}: {response:?}");
    }
}
