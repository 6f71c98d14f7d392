//! Tests of logos: what is taken, what is refused, who reads them, and which files are left in the bucket.

use std::time::Duration;

use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_domain::{Id, LogoFile, UserId};
use padron_local::demo;
use padron_object_store::{ObjectKey, ObjectStore};
use padron_store::sdk_config;
use padron_testkit::{Call, TestApp, TestResponse};
use proptest::prelude::*;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::{
    moto::Moto,
    purge_organizations,
    support::{
        ACME, admin, app, cost, event_types, form, globex_owner, member, owner, stored, with_demo_data, wrong,
    },
};

/// Globex has no logo.
const GLOBEX: &str = "/organizations/660e8400-e29b-41d4-a716-446655440000";
const MULTIPART: &str = "multipart/form-data; boundary=padron";

/// Returns a PNG of this size. The pixels are none: nobody decodes them.
fn png(width: u32, height: u32) -> Vec<u8> {
    let size = [width.to_be_bytes(), height.to_be_bytes()].concat();
    let header = [b"IHDR", &size[..], b"\x08\x06\0\0\0"].concat();
    let checksum = crc32fast::hash(&header).to_be_bytes();
    let rest = b"\0\0\0\x06IDATpixelscrc!\0\0\0\0IEND\xae\x42\x60\x82";
    [b"\x89PNG\r\n\x1a\n\0\0\0\r", &header[..], &checksum, rest].concat()
}

/// Returns a JPEG.
fn jpeg() -> Vec<u8> {
    b"\xff\xd8\xff\xe0\0\x04\0\0\xff\xc0\0\x0b\x08\0\x20\0\x40\x01\x01\x11\0\xff\xda\0\x02pixels\xff\xd9"
        .to_vec()
}

/// Returns a PNG of this many bytes.
fn png_of_length(length: usize) -> Vec<u8> {
    let mut picture = png(8, 8);
    picture.resize(length, 0);
    picture
}

fn upload<'a>(app: &'a TestApp, picture: &[u8]) -> Call<'a> {
    let form = form(&[("name=\"file\"; filename=\"logo.svg\"", picture)]);
    app.call("PUT", &format!("{GLOBEX}/logo"))
        .user(globex_owner())
        .header("content-type", MULTIPART)
        .body(form)
}

async fn uploaded(app: &TestApp, picture: &[u8]) -> Value {
    let response = upload(app, picture).send().await;
    assert_eq!(response.status, 200, "{response:?}");
    response.json()
}

fn delete(app: &TestApp) -> Call<'_> {
    app.call("DELETE", &format!("{GLOBEX}/logo")).user(globex_owner())
}

async fn globex(app: &TestApp) -> TestResponse {
    app.get(GLOBEX).user(globex_owner()).send().await
}

/// Returns the path of the logo of an organization.
fn logo_path(organization: &Value) -> String {
    let url = organization["logo_url"].as_str().unwrap();
    url.strip_prefix(TestApp::URL).unwrap().to_owned()
}

#[tokio::test]
async fn everyone_reads_the_logo_that_was_uploaded() {
    let app = app().await;
    let before = globex(&app).await.json();
    assert_eq!((&before["logo"], &before["logo_url"]), (&Value::Null, &Value::Null));
    let organization = uploaded(&app, &png(800, 500)).await;
    assert_eq!(organization, globex(&app).await.json());
    assert_eq!(organization["logo"], organization["logo_url"]);
    assert_eq!(organization["customization"]["has_logo"], true);
    let steps = organization["pending_steps"].as_array().unwrap();
    assert!(steps.iter().all(|step| step["type"] != "logo"), "{steps:?}");
    let events = app.get(&format!("{GLOBEX}/events")).user(globex_owner()).send().await.json();
    assert_eq!(events[0]["data"]["fields"], json!(["logo", "logo_url"]));

    let path = logo_path(&organization);
    assert!(path.starts_with(&format!("/logos/{}/", demo::GLOBEX)) && path.ends_with(".png"), "{path}");
    app.recorded();
    let read = app.get(&path).send().await;
    assert_eq!((read.status, &read.binary), (200, &png(800, 500)));
    assert_eq!(app.recorded().iter().map(|request| request.units()).sum::<f64>(), 1.0);
    for (name, value) in [
        ("content-type", "image/png"),
        ("cache-control", "public, max-age=31536000, immutable"),
        ("x-content-type-options", "nosniff"),
        ("content-security-policy", "default-src 'none'; sandbox"),
        ("cross-origin-resource-policy", "cross-origin"),
    ] {
        assert_eq!(read.header(name), value, "{name}");
    }
    let head = app.call("HEAD", &path).send().await;
    assert_eq!((head.status, head.binary.len(), head.header("etag")), (200, 0, read.header("etag")));
    let known = app.get(&path).header("if-none-match", read.header("etag")).send().await;
    assert_eq!((known.status, known.binary.len(), known.header("etag")), (304, 0, read.header("etag")));

    // The format is that of the content, not of the file's name. The URL depends on the content alone.
    let jpeg_path = logo_path(&uploaded(&app, &jpeg()).await);
    assert!(jpeg_path.ends_with(".jpg"), "{jpeg_path}");
    assert_eq!(app.get(&jpeg_path).send().await.header("content-type"), "image/jpeg");
    assert_eq!(app.get(&path).send().await.problem(), "404 logo_not_found", "replaced");
    assert_eq!(app.s3.keys().len(), 1);
    assert_eq!(logo_path(&uploaded(&app, &png(800, 500)).await), path);
    assert_eq!(app.get(&path).send().await.binary, png(800, 500));
    assert_eq!(app.s3.keys().len(), 1);
}

#[tokio::test]
async fn nothing_is_written_for_the_same_logo_or_none() {
    let app = app().await;
    let unchanged = delete(&app).send().await;
    assert_eq!((unchanged.status, unchanged.json()), (200, globex(&app).await.json()));
    uploaded(&app, &jpeg()).await;
    let (before, keys) = (globex(&app).await, app.s3.keys());
    let again = upload(&app, &jpeg()).send().await;
    assert_eq!((again.header("etag"), again.json()), (before.header("etag"), before.json()));
    assert_eq!(app.s3.keys(), keys);
    let deleted = delete(&app).send().await;
    assert_eq!(deleted.status, 200);
    let organization = deleted.json();
    assert_eq!((&organization["logo"], &organization["logo_url"]), (&Value::Null, &Value::Null));
    assert_eq!(organization["customization"]["has_logo"], false);
    assert_eq!(organization["pending_steps"].as_array().unwrap().last().unwrap()["type"], "logo");
    assert_eq!(app.get(&logo_path(&before.json())).send().await.problem(), "404 logo_not_found");
    assert_eq!(app.s3.keys(), Vec::<String>::new());
    assert_eq!(delete(&app).send().await.header("etag"), deleted.header("etag"));
    let types = event_types(&app, demo::organization(demo::GLOBEX)).await;
    assert_eq!(types, ["organization.updated"; 2]);
}

#[tokio::test]
async fn an_upload_is_one_transaction_of_the_organization_and_its_event() {
    let app = app().await;
    // Acme Corp has between 1 and 2 KB.
    let path = format!("{ACME}/logo");
    let form = form(&[("name=file", &jpeg()[..])]);
    let upload = app.call("PUT", &path).user(owner()).header("content-type", MULTIPART).body(form);
    let expected = [("BatchGetItem".to_owned(), 2.0), ("TransactWriteItems".to_owned(), 6.0)];
    assert_eq!(cost(&app, upload).await, expected);
    assert_eq!(cost(&app, app.call("DELETE", &path).user(owner())).await, expected);
    assert_eq!(cost(&app, app.call("DELETE", &path).user(owner())).await, expected[..1]);
}

#[tokio::test]
async fn a_refused_picture_changes_nothing() {
    let app = app().await;
    uploaded(&app, &jpeg()).await;
    let (before, keys) = (globex(&app).await.json(), app.s3.keys());
    let svg = b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>".to_vec();
    for (picture, code) in [
        (Vec::new(), "required"),
        (svg, "unsupported_format"),
        (b"GIF89a\x01\0\x01\0".to_vec(), "unsupported_format"),
        (b"RIFF\0\0\0\0WEBPVP8 ".to_vec(), "unsupported_format"),
        (b"\x89PNG\r\n\x1a\n".to_vec(), "damaged_image"),
        (png(8, 8)[..30].to_vec(), "damaged_image"),
        (jpeg()[..20].to_vec(), "damaged_image"),
        (png(0, 8), "damaged_image"),
        (png(4097, 1), "too_many_pixels"),
        (png(1, u32::MAX), "too_many_pixels"),
    ] {
        let refused = upload(&app, &picture).send().await;
        assert_eq!(refused.problem(), "400 invalid_image", "{code}");
        assert_eq!(refused.json()["errors"][0]["pointer"], "/file");
        assert_eq!(refused.json()["errors"][0]["code"], code, "{refused:?}");
    }
    let empty = upload(&app, b"").body(form(&[("name=\"picture\"", &jpeg()[..])])).send().await;
    assert_eq!(empty.problem(), "400 invalid_image", "the part has another name");
    for too_large in [LogoFile::MAX_SIZE + 1, LogoFile::MAX_SIZE + 16 * 1024, 2 * LogoFile::MAX_SIZE] {
        let refused = upload(&app, &png_of_length(too_large)).send().await;
        assert_eq!(refused.problem(), "413 payload_too_large", "{too_large}");
    }
    let stale = upload(&app, &png(8, 8)).header("if-match", "\"1.0\"").send().await;
    assert_eq!(stale.problem(), "412 precondition_failed");
    let stale = delete(&app).header("if-match", "\"1.0\"").send().await;
    assert_eq!(stale.problem(), "412 precondition_failed");
    let json = app.call("PUT", &format!("{GLOBEX}/logo")).user(globex_owner()).json(&json!({})).send().await;
    assert_eq!(json.problem(), "415 unsupported_media_type");
    assert_eq!((globex(&app).await.json(), app.s3.keys()), (before, keys));

    let largest = png_of_length(LogoFile::MAX_SIZE);
    let organization = uploaded(&app, &largest).await;
    assert_eq!(app.get(&logo_path(&organization)).send().await.binary, largest);
    assert_eq!(uploaded(&app, &png(4096, 4096)).await["customization"]["has_logo"], true);
}

#[tokio::test]
async fn the_logo_that_was_set_counts_more_than_the_uploaded_one() {
    let app = app().await;
    // Acme Corp has set one. Its admins upload another.
    let by = |user: UserId, method: &'static str| app.call(method, &format!("{ACME}/logo")).user(user);
    let send = async |user: UserId| {
        let form = form(&[("name=file", &jpeg()[..])]);
        by(user, "PUT").header("content-type", MULTIPART).body(form).send().await
    };
    assert_eq!(send(member()).await.status, 403);
    let organization = send(admin()).await.json();
    assert_eq!(organization["logo"], "https://example.com/logo.png");
    let url = organization["logo_url"].clone();
    let events = app.get(&format!("{ACME}/events")).user(owner()).send().await.json();
    assert_eq!(events[0]["data"]["fields"], json!(["logo_url"]));

    let put = async |body: &Value| app.call("PUT", ACME).user(owner()).json(body).send().await;
    // What was read is sent back as it is.
    let before = app.get(ACME).user(owner()).send().await;
    assert_eq!(put(&before.json()).await.header("etag"), before.header("etag"));
    let without = put(&json!({ "logo": null })).await.json();
    assert_eq!((&without["logo"], &without["logo_url"]), (&url, &url));
    let before = app.get(ACME).user(owner()).send().await;
    assert_eq!(put(&before.json()).await.header("etag"), before.header("etag"));
    assert_eq!(stored(&app, demo::ACME).await.logo, None);
    // The URL of an uploaded logo is none of the caller's own, not even that of an earlier one.
    put(&json!({ "logo": "https://example.com/other.png" })).await;
    let earlier = format!("{}/logos/{}/{}.png", TestApp::URL, demo::ACME, "0".repeat(64));
    let refused = put(&json!({ "logo": earlier })).await;
    assert_eq!(wrong(&refused), [("/logo".into(), "logo_not_found".into())]);
    let mut spellings = vec![url.as_str().unwrap().to_owned()];
    spellings.push(spellings[0].replace("padron.test", "PADRON.test:443").replace("/logos/", "/./logos/"));
    spellings.push(spellings[0].replace(demo::ACME, &demo::ACME.to_uppercase()));
    for spelling in spellings {
        put(&json!({ "logo": "https://example.com/other.png" })).await;
        assert_eq!(put(&json!({ "logo": spelling })).await.json()["logo"], url, "{spelling}");
    }
    // Other URLs below it are the owner's own.
    for other in ["x", "../../evil", &format!("{}.png?v=1", "0".repeat(64))] {
        let own = format!("{}/logos/{}/{other}", TestApp::URL, demo::ACME);
        assert_ne!(put(&json!({ "logo": own })).await.json()["logo"], url, "{other}");
    }
    let other = json!({ "logo_url": "https://example.com/other.png" });
    assert_eq!(put(&other).await.problem(), "400 invalid_request");
    // Deleting the uploaded one leaves the other.
    put(&json!({ "logo": "https://example.com/other.png" })).await;
    let deleted = by(admin(), "DELETE").send().await.json();
    assert_eq!(deleted["logo"], "https://example.com/other.png");
    assert_eq!((&deleted["logo_url"], &deleted["customization"]["has_logo"]), (&Value::Null, &json!(true)));
}

#[tokio::test]
async fn a_logo_is_found_by_its_own_url_only() {
    let app = app().await;
    let path = logo_path(&uploaded(&app, &jpeg()).await);
    let name = path.rsplit_once('/').unwrap().1;
    let of = |organization: &str, name: &str| format!("/logos/{organization}/{name}");
    for (path, problem) in [
        (of(demo::ACME, name), "404 logo_not_found"),
        (of("00000000-0000-4000-8000-000000000000", name), "404 logo_not_found"),
        (of(demo::GLOBEX, &name.replace(".jpg", ".png")), "404 logo_not_found"),
        (of(demo::GLOBEX, &format!("{}.png", "0".repeat(64))), "404 logo_not_found"),
        (of(demo::GLOBEX, "logo.png"), "400 invalid_request"),
        (of(demo::GLOBEX, &format!("{}.svg", "0".repeat(64))), "400 invalid_request"),
        (of(demo::GLOBEX, &format!("{name}.png")), "400 invalid_request"),
        (of("globex", name), "400 invalid_request"),
        (format!("{path}?size=large"), "400 invalid_request"),
    ] {
        assert_eq!(app.get(&path).send().await.problem(), problem, "{path}");
    }
    assert_eq!(app.get(&path.to_uppercase().replace("/LOGOS/", "/logos/")).send().await.status, 200);
}

#[tokio::test]
async fn concurrent_uploads_leave_one_logo_and_its_file() {
    let app = app().await;
    for round in 0..3 {
        let pictures: Vec<Vec<u8>> = (1..=6).map(|side| png(side, 1 + round)).collect();
        let uploads = pictures.iter().map(|picture| upload(&app, picture).send());
        let (uploads, deleted) = tokio::join!(futures_util::future::join_all(uploads), delete(&app).send());
        for response in uploads.iter().chain([&deleted]) {
            assert!(matches!(response.status, 200 | 409), "{response:?}");
        }
        let organization = globex(&app).await.json();
        // A logo and its file, or neither.
        let found = organization["logo_url"].is_string();
        assert_eq!(app.s3.keys().len(), usize::from(found), "{organization}");
        if found {
            let read = app.get(&logo_path(&organization)).send().await;
            assert!(pictures.contains(&read.binary), "{read:?}");
        }
    }
}

#[tokio::test]
async fn a_logo_does_not_depend_on_files_that_could_not_be_deleted() {
    let app = app().await;
    let first = uploaded(&app, &jpeg()).await;
    let before = globex(&app).await.json();
    app.s3.set_unavailable(true);
    assert_eq!(upload(&app, &png(8, 8)).send().await.problem(), "503 service_unavailable");
    assert_eq!(app.get(&logo_path(&first)).send().await.problem(), "503 service_unavailable");
    assert_eq!(globex(&app).await.json(), before);
    assert_eq!(delete(&app).send().await.status, 200);
    assert!(app.logged().last().unwrap().contains("the file of a logo was not deleted: S3: SlowDown"));
    app.s3.set_unavailable(false);
    assert_eq!(app.s3.keys().len(), 1);
    assert_eq!(app.get(&logo_path(&first)).send().await.problem(), "404 logo_not_found");

    // A file that is not there is no logo.
    let second = uploaded(&app, &png(8, 8)).await;
    let objects = ObjectStore::connect(&app.s3_connection(), padron_emulator::S3::BUCKET);
    objects
        .delete_all(demo::organization(demo::GLOBEX), Instant::now() + Duration::from_secs(5))
        .await
        .unwrap();
    assert_eq!(app.get(&logo_path(&second)).send().await.problem(), "404 logo_not_found");
    // The same picture restores it.
    assert_eq!(uploaded(&app, &png(8, 8)).await, second);
    assert_eq!(app.get(&logo_path(&second)).send().await.binary, png(8, 8));
}

#[tokio::test]
async fn the_purge_deletes_all_files_of_an_organization() {
    let app = app().await;
    let path = logo_path(&uploaded(&app, &jpeg()).await);
    app.s3.set_unavailable(true);
    assert_eq!(delete(&app).send().await.status, 200);
    app.s3.set_unavailable(false);
    let path_of_other = logo_path(&uploaded(&app, &png(8, 8)).await);
    let form = form(&[("name=file", &jpeg()[..])]);
    let of_acme = app.call("PUT", &format!("{ACME}/logo")).user(owner()).header("content-type", MULTIPART);
    let of_acme = logo_path(&of_acme.body(form).send().await.json());
    assert_eq!(app.s3.keys().len(), 3);

    // A deleted organization has no logo, until it is restored.
    assert_eq!(app.call("DELETE", GLOBEX).user(globex_owner()).send().await.status, 204);
    assert_eq!(app.get(&path_of_other).send().await.problem(), "404 logo_not_found");
    let restored = app.call("POST", &format!("{GLOBEX}/restore")).user(globex_owner()).send().await;
    assert_eq!(logo_path(&restored.json()), path_of_other);
    assert_eq!(app.get(&path_of_other).send().await.binary, png(8, 8));
    assert_eq!(app.call("DELETE", GLOBEX).user(globex_owner()).send().await.status, 204);
    app.clock.advance(Duration::from_secs(31 * 24 * 60 * 60));

    // While S3 fails, the organization stays, so that the next run finds it.
    app.s3.set_unavailable(true);
    let run = || purge_organizations::run(&app, Duration::from_secs(60));
    assert_eq!(run().await.unwrap(), json!({ "purged": 0, "unfinished": true }));
    assert!(stored(&app, demo::GLOBEX).await.purging);
    app.s3.set_unavailable(false);
    assert_eq!(run().await.unwrap(), json!({ "purged": 1, "unfinished": false }));
    assert_eq!(app.s3.keys().len(), 1);
    for path in [path, path_of_other] {
        assert_eq!(app.get(&path).send().await.problem(), "404 logo_not_found");
    }
    assert_eq!(app.get(&of_acme).send().await.binary, jpeg());
}

#[tokio::test]
async fn another_implementation_of_s3_keeps_the_files() {
    let moto = Moto::start().await;
    let client = aws_sdk_s3::Client::from_conf(
        aws_sdk_s3::config::Builder::from(&sdk_config(&moto.connection)).force_path_style(true).build(),
    );
    client.create_bucket().bucket("logos").send().await.unwrap();
    let objects = ObjectStore::connect(&moto.connection, "logos");
    let deadline = || Instant::now() + Duration::from_secs(10);
    let (one, other) = (demo::organization(demo::ACME), demo::organization(demo::GLOBEX));
    let key = |organization, number: u128| ObjectKey::<LogoFile> {
        organization,
        object: Id::new(uuid::Uuid::from_u128(number)),
    };
    let content = png_of_length(LogoFile::MAX_SIZE);
    objects.put(&key(one, 1), content.clone(), deadline()).await.unwrap();
    objects.put(&key(other, 1), jpeg(), deadline()).await.unwrap();
    let get = async |key: &ObjectKey<LogoFile>, limit| objects.get(key, limit, deadline()).await;
    assert_eq!(get(&key(one, 1), LogoFile::MAX_SIZE).await.unwrap(), Some(content));
    assert_eq!(get(&key(one, 2), LogoFile::MAX_SIZE).await.unwrap(), None);
    let too_long = get(&key(one, 1), LogoFile::MAX_SIZE - 1).await.unwrap_err();
    assert_eq!(too_long.cause(), Some("an object of S3 is longer than it may be"));
    objects.delete(&key(one, 1), deadline()).await.unwrap();
    objects.delete(&key(one, 1), deadline()).await.unwrap();
    assert_eq!(get(&key(one, 1), LogoFile::MAX_SIZE).await.unwrap(), None);
    // More than one page.
    for number in 0..101 {
        objects.put(&key(one, number), jpeg(), deadline()).await.unwrap();
    }
    objects.delete_all(one, deadline()).await.unwrap();
    objects.delete_all(one, deadline()).await.unwrap();
    for number in [0, 50, 100] {
        assert_eq!(get(&key(one, number), LogoFile::MAX_SIZE).await.unwrap(), None);
    }
    assert_eq!(get(&key(other, 1), LogoFile::MAX_SIZE).await.unwrap(), Some(jpeg()));
    let late = objects.get(&key(other, 1), LogoFile::MAX_SIZE, Instant::now()).await.unwrap_err();
    assert_eq!(late.cause(), Some("S3 did not answer in time"));
    let missing = ObjectStore::connect(&moto.connection, "another-bucket");
    let error = missing.put(&key(one, 1), jpeg(), deadline()).await.unwrap_err();
    assert_eq!(error.cause(), Some("S3: NoSuchBucket"));

    // The API on it.
    let endpoint = moto.connection.endpoint.clone().unwrap();
    let app = TestApp::of(padron_api::endpoints()).variable("AWS_ENDPOINT_URL_S3", endpoint).build().await;
    let app = with_demo_data(app).await;
    let path = logo_path(&uploaded(&app, &png(64, 64)).await);
    assert_eq!(app.get(&path).send().await.binary, png(64, 64));
    uploaded(&app, &png(32, 32)).await;
    assert_eq!(delete(&app).send().await.status, 200);
    let listed = client.list_objects_v2().bucket("logos").prefix(format!("{other}/")).send().await.unwrap();
    assert_eq!(listed.contents().len(), 1, "the one from above");
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(2_000))]

    #[test]
    fn any_bytes_are_a_picture_or_refused(
        mut picture in prop_oneof![Just(png(8, 8)), Just(jpeg())],
        changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 0..6),
        cut in any::<prop::sample::Index>(),
        cuts in any::<bool>(),
    ) {
        for (place, byte) in changes {
            let place = place.index(picture.len());
            picture[place] = byte;
        }
        if cuts {
            picture.truncate(cut.index(picture.len()));
        }
        let is_picture = LogoFile::check(&picture).is_ok();
        prop_assert!(!is_picture || picture.starts_with(b"\x89PNG") || picture.starts_with(b"\xff\xd8\xff"));
    }
}

#[tokio::test]
async fn a_form_arrives_as_base64_from_the_gateway() {
    let app = app().await;
    let (endpoint, mut event) = upload(&app, &jpeg()).event();
    let body = form(&[("name=\"file\"", &jpeg()[..])]);
    event["body"] = BASE64_STANDARD.encode(body).into();
    event["isBase64Encoded"] = true.into();
    let response = app.response(endpoint, &event.to_string()).await;
    assert_eq!(response.status, 200, "{response:?}");
    assert_eq!(app.get(&logo_path(&response.json())).send().await.binary, jpeg());
}
