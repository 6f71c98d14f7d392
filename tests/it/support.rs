//! Helpers that many tests use.

use std::{collections::HashMap, path::PathBuf, sync::OnceLock, time::Duration};

use aws_sdk_dynamodb::types::AttributeValue;
use base64::{Engine as _, prelude::BASE64_STANDARD};
use padron_auth::{ClientSecret, OauthToken, PresentedKey};
use padron_domain::CertificateKind;
use padron_domain::{
    Actor, ApiKey, ApiKeyId, Authority, ClientType, Customer, Delivery, Event, EventData, EventFilter,
    Membership, OauthApp, OauthClientId, OauthGrant, OauthGrantId, Organization, OrganizationId, Role, Scope,
    UserId, Webhook, WebhookId, WebhookRegistry, WebhookSecret,
};
use padron_http::Registration;
use padron_local::demo::{
    self,
    certificate::{CertificateFiles, CertificateSpec, PASSWORD},
};
use padron_store::{
    EventRange, OauthAppWithGate, OwnedApiKeys, Secrets, StoredApiKey, StoredWebhook, WebhookSecretMaterial,
};
use padron_testkit::{Call, SavedTables, TestApp, TestResponse};
use serde_json::Value;
use uuid::Uuid;

use crate::{oauth_flow, wiring::sample_event};

/// Starts the whole API with the demo data.
pub(crate) async fn app() -> TestApp {
    with_demo_data(TestApp::start(padron_api::endpoints()).await).await
}

/// Starts the whole API with the demo data, which issues access tokens for OAuth apps.
pub(crate) async fn issuing_app() -> TestApp {
    let app = TestApp::of(padron_api::endpoints()).issues_tokens().build().await;
    let app = with_demo_data(app).await;
    app.install_signing_keys().await;
    app
}

/// Starts the whole API with the demo data, which delivers events to webhooks on this machine.
pub(crate) async fn delivering_app() -> TestApp {
    let app = TestApp::of(padron_api::endpoints()).delivers(padron_api::background()).build().await;
    let app = with_demo_data(app).await;
    app.open_stream().await;
    app
}

/// Loads the demo data into an app.
pub(crate) async fn with_demo_data(app: TestApp) -> TestApp {
    static DEMO: SavedTables = SavedTables::new();
    app.fill(&DEMO, async |store| demo::load(&store).await.unwrap()).await;
    app
}

/// Returns the size of a test case: `full` for `make test-full`, `quick` for `make test`.
pub(crate) fn sized<T>(full: T, quick: T) -> T {
    if std::env::var_os("PADRON_TEST_FULL").is_some() { full } else { quick }
}

pub(crate) fn owner() -> UserId {
    demo::user(demo::OWNER)
}

pub(crate) fn admin() -> UserId {
    demo::user(demo::ADMIN)
}

pub(crate) fn member() -> UserId {
    demo::user(demo::MEMBER)
}

pub(crate) fn stranger() -> UserId {
    demo::user(demo::STRANGER)
}

pub(crate) fn globex_owner() -> UserId {
    demo::user(demo::GLOBEX_OWNER)
}

/// Returns a token of the user with this email as a verified claim.
pub(crate) fn token_with_email(app: &TestApp, user: UserId, email: &str) -> String {
    let mut claims = app.claims(user);
    claims["email"] = email.into();
    claims["email_verified"] = true.into();
    app.tokens.issuer.token(&claims)
}

/// Returns a token for an endpoint's sample request: of the owner of Acme Corp, or of the invited user.
pub(crate) fn sample_token(app: &TestApp, function: &str) -> String {
    match function {
        "accept-invitation" | "decline-invitation" => token_with_email(app, stranger(), demo::INVITED),
        _ => app.token(owner()),
    }
}

/// Returns an API key of Acme Corp with all scopes that a key can have, in this role, which is not yet written.
pub(crate) fn api_key(app: &TestApp, role: Role) -> ApiKey {
    let id = ApiKeyId::parse(demo::API_KEY).unwrap();
    let organization = demo::organization(demo::ACME);
    ApiKey {
        name: "Production server".into(),
        scopes: Scope::ALL.into_iter().filter(|scope| ApiKey::is_grantable(*scope)).collect(),
        role,
        rate_limit: None,
        ..ApiKey::new(id, organization, owner(), &sample_key(), app.clock.now())
    }
}

/// Writes an API key without using the API, and returns its text.
pub(crate) async fn install_key(app: &TestApp, key: &ApiKey) -> String {
    let presented = PresentedKey::with_secret(key.organization, key.id, [7; 24]);
    let secrets = Secrets::new(TestApp::ROOT_SECRET.as_bytes(), None).unwrap();
    let stored = StoredApiKey::new(key.clone(), presented.secret_hash().as_ref(), &secrets).unwrap();
    let store = app.store();
    let mut registry = store.api_key_registry(key.organization).await.unwrap().next_version();
    // A test may have more keys than an organization can.
    _ = registry.add(key, app.clock.now());
    let actor = store.membership(key.organization, key.created_by).await.unwrap().unwrap();
    let created = EventData::ApiKeyCreated { key_id: key.id, scopes: key.scopes, role: key.role };
    let event = Event::new(key.organization, Actor::Operator, app.clock.now(), created);
    let actor = Authority::Membership(actor);
    store.create_api_key(&stored, &registry, &actor, &event).unwrap().commit().await.unwrap();
    presented.text("pdr")
}

/// Writes the webhook that the sample requests name. Its host does not exist (RFC 6761 §6.4).
pub(crate) async fn install_webhook(app: &TestApp) {
    let organization = demo::organization(demo::ACME);
    let secrets = Secrets::new(TestApp::ROOT_SECRET.as_bytes(), None).unwrap();
    let material = WebhookSecretMaterial { generation: 1, secret: [1; 32], seed: [2; 32] };
    let webhook = Webhook {
        id: WebhookId::parse(demo::WEBHOOK).unwrap(),
        organization,
        version: 1,
        url: "https://hooks.acme.invalid/padron".into(),
        events: EventFilter::new(&["*".to_owned()]).unwrap(),
        fields: Vec::new(),
        description: None,
        concurrency: 4,
        is_active: true,
        disabled_reason: None,
        deactivated_at: None,
        created_at: app.clock.now(),
        updated_at: app.clock.now(),
        secrets: vec![WebhookSecret { generation: 1, public_key: "none".into(), ends_at: None }],
    };
    let stored = StoredWebhook::new(webhook.clone(), &[material], &secrets).unwrap();
    let mut registry = WebhookRegistry::empty(organization).next_version();
    registry.add(&webhook).unwrap();
    let store = app.store();
    let actor = Authority::Membership(store.membership(organization, owner()).await.unwrap().unwrap());
    let data = EventData::WebhookCreated { webhook_id: webhook.id };
    let event = Event::new(organization, Actor::Operator, app.clock.now(), data);
    store.create_webhook(&stored, &registry, &actor, &event).unwrap().commit().await.unwrap();
}

/// Returns the secret of the OAuth app that [`install_oauth_app`] writes.
pub(crate) fn client_secret() -> &'static ClientSecret {
    static SECRET: OnceLock<ClientSecret> = OnceLock::new();
    SECRET.get_or_init(|| ClientSecret::generate().unwrap())
}

/// Returns the id of the OAuth app in the sample requests.
pub(crate) fn client_id() -> OauthClientId {
    OauthClientId::parse(demo::OAUTH_APP).unwrap()
}

/// Returns the OAuth app in the sample requests, an app of Acme Corp with all scopes, which is not yet written.
pub(crate) fn oauth_app(app: &TestApp) -> OauthApp {
    OauthApp {
        id: client_id(),
        organization: Some(demo::organization(demo::ACME)),
        version: 1,
        name: "Acme CRM".into(),
        description: None,
        redirect_uris: vec!["https://crm.acme.example/callback".into()],
        scopes: Scope::ALL.into_iter().collect(),
        client_type: ClientType::Confidential,
        is_untyped: false,
        created_by: Actor::User(owner()),
        created_at: app.clock.now(),
        updated_at: app.clock.now(),
        previous_secret_ends_at: None,
        document: None,
        expires_at: None,
    }
}

/// Returns another OAuth app, of the public type, which is not yet written.
pub(crate) fn public_app(app: &TestApp) -> OauthApp {
    let id = OauthClientId::new(user(1).uuid());
    OauthApp { id, client_type: ClientType::Public, ..oauth_app(app) }
}

/// Writes an OAuth app without using the API. Its secret is [`client_secret`].
pub(crate) async fn install_oauth_app(app: &TestApp, oauth_app: &OauthApp) {
    let secrets = Secrets::new(TestApp::ROOT_SECRET.as_bytes(), None).unwrap();
    let hashes = match oauth_app.client_type {
        ClientType::Confidential => vec![client_secret().hash()],
        ClientType::Public => Vec::new(),
    };
    let client = OauthAppWithGate::new(oauth_app.clone(), &hashes, &secrets).unwrap();
    let store = app.store();
    let organization = oauth_app.organization.unwrap();
    let user = if organization == demo::organization(demo::ACME) { owner() } else { globex_owner() };
    let mut registry = store.oauth_app_registry(organization).await.unwrap().next_version();
    // A test may have more apps than an organization can.
    _ = registry.add(oauth_app.id);
    let actor = Authority::Membership(store.membership(organization, user).await.unwrap().unwrap());
    let data = EventData::OauthAppCreated { client_id: oauth_app.id, scopes: oauth_app.scopes };
    let event = Event::new(organization, Actor::Operator, app.clock.now(), data);
    store.create_oauth_app(&client, &registry, &actor, &event).unwrap().commit().await.unwrap();
}

/// Writes what the app in the sample requests was granted: by a user, or for itself.
pub(crate) async fn install_oauth_grant(app: &TestApp, user: Option<UserId>) -> OauthGrant {
    let OauthGrantId { client, grant } = OauthGrantId::parse(demo::OAUTH_GRANT).unwrap();
    let grant = OauthGrant {
        client,
        grant,
        version: 1,
        organization: demo::organization(demo::ACME),
        user,
        scopes: Scope::ALL.into_iter().collect(),
        created_at: app.clock.now(),
        last_used_at: app.clock.now(),
        expires_at: app.clock.now().plus(Duration::from_secs(3600)),
        audience: TestApp::URL.into(),
        refresh: None,
    };
    app.store().create_oauth_grant(&grant).await.unwrap();
    grant
}

/// Returns an access token of the app in the sample requests with all scopes, for itself, which is not yet signed.
pub(crate) fn oauth_token(app: &TestApp) -> OauthToken {
    let OauthGrantId { client, grant } = OauthGrantId::parse(demo::OAUTH_GRANT).unwrap();
    OauthToken {
        id: Uuid::from_u128(1),
        client,
        client_url: None,
        grant,
        user: None,
        organization: demo::organization(demo::ACME),
        scopes: Scope::ALL.into_iter().collect(),
        audience: TestApp::URL.into(),
        issued_at: app.clock.now().seconds(),
        expires_at: app.clock.now().seconds() + OauthToken::LIFETIME,
    }
}

/// Writes an event with this document, without using the API.
pub(crate) async fn write_event(app: &TestApp, event: &Event, document: String) {
    let (client, table) = app.raw_table();
    let put = client
        .put_item()
        .table_name(table)
        .item("PK", AttributeValue::S(format!("EVENTS#{}", event.organization)))
        .item("SK", AttributeValue::S(event.id.to_string()))
        .item("entity", AttributeValue::S("event".into()))
        .item("doc", AttributeValue::S(document));
    put.send().await.unwrap();
}

/// Writes the delivery that the sample requests name, and its event.
pub(crate) async fn install_delivery(app: &TestApp) {
    let event = demo::event();
    write_event(app, &event, serde_json::to_string(&event).unwrap()).await;
    let delivery = Delivery::new(&event, 0, WebhookId::parse(demo::WEBHOOK).unwrap(), 4, app.clock.now());
    let due_at = app.clock.now().plus(Duration::from_secs(120));
    assert!(app.store().create_delivery(&delivery, due_at).await.unwrap());
}

/// Returns the text of the API key that [`install_key`] writes for [`api_key`].
pub(crate) fn sample_key() -> String {
    let id = ApiKeyId::parse(demo::API_KEY).unwrap();
    PresentedKey::with_secret(demo::organization(demo::ACME), id, [7; 24]).text("pdr")
}

/// Starts an app in which the endpoint's sample request succeeds once.
pub(crate) async fn app_for_sample(endpoint: &Registration) -> TestApp {
    let is_of_oauth = endpoint.route.path.starts_with("/oauth");
    let app = if is_of_oauth { issuing_app().await } else { app().await };
    if is_of_oauth && endpoint.route.path != "/oauth/apps" {
        install_oauth_app(&app, &oauth_app(&app)).await;
        install_oauth_grant(&app, None).await;
        if needs_flow(endpoint) {
            let placeholders = oauth_flow::placeholders(&app, endpoint.route.function).await;
            app.placeholders.lock().unwrap().extend(placeholders);
        }
    }
    if endpoint.route.function == "revoke-my-grant" {
        install_oauth_app(&app, &oauth_app(&app)).await;
        install_oauth_grant(&app, Some(owner())).await;
    }
    let is_about_key = endpoint.route.parameters().any(|name| name == "keyId")
        || endpoint.requires_key
        || endpoint.route.function == "report-api-key";
    if is_about_key {
        install_key(&app, &api_key(&app, Role::Member)).await;
    }
    if endpoint.route.parameters().any(|name| name == "webhookId") {
        install_webhook(&app).await;
    }
    if endpoint.route.parameters().any(|name| name == "deliveryId") {
        install_delivery(&app).await;
    }
    if matches!(endpoint.route.function, "get-logo" | "delete-logo") {
        let upload =
            padron_api::endpoints().find(|endpoint| endpoint.route.function == "upload-logo").unwrap();
        let request = sample_request(&app, upload);
        assert_eq!(app.response(upload, &request.to_string()).await.status, 200);
    }
    if endpoint.route.function == "restore-organization" {
        assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
    }
    app
}

/// Returns whether an endpoint is a part of the authorization code flow, and its sample request has what the steps before have given.
pub(crate) fn needs_flow(endpoint: &Registration) -> bool {
    let steps = ["exchange", "refresh", "callback", "consent", "decide", "sign-out"];
    endpoint.route.function.strip_prefix("oauth-").is_some_and(|step| steps.contains(&step))
}

/// Returns the endpoint's sample request from its usual caller.
pub(crate) fn sample_request(app: &TestApp, endpoint: &Registration) -> Value {
    let mut event = sample_event(endpoint);
    if endpoint.requires_key {
        event["headers"]["x-api-key"] = sample_key().into();
    } else if !endpoint.is_public {
        event["headers"]["authorization"] =
            format!("Bearer {}", sample_token(app, endpoint.route.function)).into();
    }
    fill_in_oauth(app, &mut event);
    if endpoint.route.function == "report-api-key" {
        event["body"] = serde_json::json!({ "key": sample_key() }).to_string().into();
    }
    if endpoint.headers.iter().any(|header| header.name == "token") {
        event["headers"]["token"] = app.token(owner()).into();
    }
    event
}

/// Replaces the placeholders for the secret and a token of an OAuth app, and what a browser brings along, in a sample request.
pub(crate) fn fill_in_oauth(app: &TestApp, event: &mut Value) {
    let mut text = event.to_string();
    if text.contains("<your_") {
        text = text.replace("<your_client_secret>", client_secret().text());
        for (placeholder, kind) in
            [("<your_certificate_form>", CertificateKind::Csd), ("<your_fiel_form>", CertificateKind::Fiel)]
        {
            if text.contains(placeholder) {
                // The RFC of Acme Corp.
                let rfc = "EKU9003173C9 / XIQB891116QE4";
                let files = certificate_files(&CertificateSpec {
                    rfc,
                    ..CertificateSpec::new(kind, app.clock.now())
                });
                let form = certificate_form(&files.certificate, &files.private_key, PASSWORD);
                text = text.replace(placeholder, &BASE64_STANDARD.encode(form));
            }
        }
        text = text.replace("<your_oauth_token>", &app.sign(&oauth_token(app)));
        for (placeholder, value) in app.placeholders.lock().unwrap().iter() {
            text = text.replace(placeholder, value);
        }
        *event = serde_json::from_str(&text).unwrap();
    }
}

/// Returns the key of the synthetic certificates, a PKCS #8 document.
pub(crate) fn rsa_key() -> &'static [u8] {
    static KEY: OnceLock<Vec<u8>> = OnceLock::new();
    KEY.get_or_init(demo::certificate::new_key)
}

/// Returns the files of a certificate with that key.
pub(crate) fn certificate_files(spec: &CertificateSpec<'_>) -> CertificateFiles {
    spec.make(rsa_key(), PASSWORD)
}

/// Returns a form with a certificate, its private key and its password. The boundary is `padron`.
pub(crate) fn certificate_form(certificate: &[u8], private_key: &[u8], password: &str) -> Vec<u8> {
    form(&[
        ("name=\"certificate\"; filename=\"csd.cer\"", certificate),
        ("name=\"privateKey\"; filename=\"csd.key\"", private_key),
        ("name=\"password\"", password.as_bytes()),
    ])
}

/// Returns a form with these parts, each with what its header `Content-Disposition` says. The boundary is `padron`.
pub(crate) fn form(parts: &[(&str, &[u8])]) -> Vec<u8> {
    let mut form = Vec::new();
    for (disposition, content) in parts {
        form.extend(format!("--padron\r\nContent-Disposition: form-data; {disposition}\r\n\r\n").bytes());
        form.extend(*content);
        form.extend(b"\r\n");
    }
    form.extend(b"--padron--\r\n");
    form
}

/// Returns a user without a role in the demo. The same number gives the same user.
pub(crate) fn user(number: u128) -> UserId {
    UserId::new(Uuid::from_u128(0x7000_0000_0000_4000_8000_0000_0000_0000 + number))
}

/// Adds a member to an organization, as accepting an invitation does.
pub(crate) async fn join(app: &TestApp, organization: &str, user: UserId, role: Role) {
    let member = Membership {
        organization: demo::organization(organization),
        user,
        version: Membership::first_version(),
        role,
        email: None,
        name: None,
        joined_at: app.clock.now(),
        changed_at: None,
    };
    let added = EventData::MemberAdded { member_id: user, role, invitation_id: None };
    let event = Event::new(member.organization, Actor::Operator, app.clock.now(), added);
    app.store().add_member(&member, &event).unwrap().commit().await.unwrap();
}

/// Returns the API keys that a member of Acme Corp owns.
pub(crate) async fn keys_of(app: &TestApp, user: UserId) -> OwnedApiKeys {
    let store = app.store();
    let registry = store.api_key_registry(demo::organization(demo::ACME)).await.unwrap();
    store.owned_api_keys(registry, user, app.clock.now()).await.unwrap()
}

/// Returns the types of an organization's newest 100 events, newest first.
pub(crate) async fn event_types(app: &TestApp, organization: OrganizationId) -> Vec<String> {
    let page = app.store().events(organization, EventRange::default(), 100, None).await.unwrap();
    page.items.iter().map(|event| event.data.event_type().to_owned()).collect()
}

/// Returns the stored organization, whether it is deleted or not.
pub(crate) async fn stored(app: &TestApp, organization: &str) -> Organization {
    let access = app.store().organization_access(demo::organization(organization), owner(), []).await;
    access.unwrap().organization.unwrap()
}

/// Deletes a customer without using the API.
pub(crate) async fn delete_customer(store: &padron_store::Store, customer: &Customer) {
    let Customer { organization, number, updated_at, .. } = *customer;
    let what = EventData::CustomerDeleted { customer_id: customer.id.clone(), number };
    let event = Event::new(organization, Actor::Operator, updated_at, what);
    store.delete_customer(customer, &event).unwrap().commit().await.unwrap();
}

/// Returns the path of a member of Acme Corp.
pub(crate) fn member_path(user: UserId) -> String {
    format!("{ACME}/members/{user}")
}

/// Sends a request and returns the operations it sent to DynamoDB, each with its capacity units.
pub(crate) async fn cost(app: &TestApp, call: Call<'_>) -> Vec<(String, f64)> {
    app.recorded();
    let response = call.send().await;
    assert!((200..300).contains(&response.status), "{response:?}");
    app.recorded().iter().map(|request| (request.operation.clone(), request.units())).collect()
}

/// The path of Acme Corp, the demo organization.
pub(crate) const ACME: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000";
/// The path of an organization that does not exist.
pub(crate) const NOWHERE: &str = "/organizations/00000000-0000-4000-8000-000000000000";

/// Returns the root folder of the repository.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}

/// A pseudorandom generator (SplitMix64) that gives the same numbers in every run.
#[derive(Debug)]
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: u64) -> Self {
        Self(seed)
    }

    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    /// Returns a number from 0 to `end - 1`.
    pub(crate) fn below(&mut self, end: usize) -> usize {
        usize::try_from(self.next() % u64::try_from(end).unwrap()).unwrap()
    }

    pub(crate) fn one_in(&mut self, times: usize) -> bool {
        self.below(times) == 0
    }

    pub(crate) fn pick<T: Copy>(&mut self, all: &[T]) -> T {
        all[self.below(all.len())]
    }
}

/// Returns every item of the table, as text.
pub(crate) async fn everything(app: &TestApp) -> Vec<String> {
    items(app).await.iter().map(|item| format!("{item:?}")).collect()
}

/// Returns every item of the table.
pub(crate) async fn items(app: &TestApp) -> Vec<HashMap<String, AttributeValue>> {
    let (client, table) = app.raw_table();
    let (mut items, mut after) = (Vec::new(), None);
    loop {
        let page = client.scan().table_name(table).set_exclusive_start_key(after).send().await.unwrap();
        items.extend(page.items.unwrap_or_default());
        after = page.last_evaluated_key;
        if after.is_none() {
            return items;
        }
    }
}

/// Returns the pointers and codes of the violations in a 400 response.
pub(crate) fn wrong(response: &TestResponse) -> Vec<(String, String)> {
    assert_eq!(response.problem(), "400 invalid_request", "{response:?}");
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let errors = response.json()["errors"].as_array().unwrap().clone();
    errors.iter().map(|error| (text(&error["pointer"]), text(&error["code"]))).collect()
}

/// Returns expected pointers and codes in the type that [`wrong`] returns.
pub(crate) fn pairs(expected: &[(&str, &str)]) -> Vec<(String, String)> {
    expected.iter().map(|(pointer, code)| ((*pointer).to_owned(), (*code).to_owned())).collect()
}

/// Returns the stored membership of a user in Acme Corp.
pub(crate) async fn membership(app: &TestApp, user: UserId) -> Membership {
    let access = app.store().organization_access(demo::organization(demo::ACME), user, []).await.unwrap();
    access.membership.unwrap()
}

/// Overwrites the role and the document of a membership without using the API.
pub(crate) async fn write_membership(app: &TestApp, member: &Membership) {
    let (client, table) = app.raw_table();
    let text = |value: String| AttributeValue::S(value);
    let update = client
        .update_item()
        .table_name(table)
        .key("PK", text(format!("ORG#{}", member.organization)))
        .key("SK", text(format!("MEMBER#{}", member.user)))
        .update_expression("SET #role = :role, #doc = :doc")
        .expression_attribute_names("#role", "role")
        .expression_attribute_names("#doc", "doc")
        .expression_attribute_values(":role", text(member.role.name().to_owned()))
        .expression_attribute_values(":doc", text(serde_json::to_string(member).unwrap()));
    update.send().await.unwrap();
}
