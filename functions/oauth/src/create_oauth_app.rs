//! The endpoint `POST /oauth/apps`, which creates an OAuth app.

use padron_auth::ClientSecret;
use padron_domain::{
    ClientType, Error, EventData, Failure, LINE_PATTERN, MAX_URL_LENGTH, OauthApp, OauthAppSettings,
    OauthClientId, Scope, Violation,
};
use padron_http::{
    AdminByCredential, Context, Created, Endpoint, Json, Route, Versioned, WithAppRegistry, Written,
};
use padron_store::{Action, OauthAppWithGate, Store};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app_response::{IssuedOauthApp, NameSchema, RedirectUrisSchema, ScopesSchema};

/// The endpoint that creates an OAuth app.
#[derive(Debug)]
pub struct CreateOauthApp;

/// A new OAuth app.
#[derive(Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct NewOauthApp {
    /// Name of the app, 1 to 100 characters. The consent page shows it.
    #[schemars(with = "NameSchema")]
    name: String,
    /// What the app is for, at most 500 characters.
    #[schemars(extend("maxLength" = OauthApp::MAX_DESCRIPTION_LENGTH, "pattern" = LINE_PATTERN))]
    description: Option<String>,
    /// Redirect URI of the app, if it has one only.
    #[schemars(extend("format" = "uri", "maxLength" = MAX_URL_LENGTH))]
    redirect_uri: Option<String>,
    /// Redirect URIs of the app, at most 10: https URLs, http URLs on this machine, and for public clients private-use URI schemes.
    #[schemars(with = "Option<RedirectUrisSchema>")]
    redirect_uris: Option<Vec<String>>,
    /// Scopes that the app can be granted.
    #[schemars(with = "ScopesSchema")]
    scopes: Vec<String>,
    /// Type of the client: `confidential` (the default) if it keeps a secret, `public` if it cannot, such as an app on a phone.
    r#type: Option<ClientTypeBody>,
}

/// The type of a client.
#[derive(Clone, Copy, Debug, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
pub enum ClientTypeBody {
    /// The app keeps a secret.
    Confidential,
    /// The app cannot keep a secret.
    Public,
}

impl From<ClientTypeBody> for ClientType {
    fn from(client_type: ClientTypeBody) -> Self {
        match client_type {
            ClientTypeBody::Confidential => Self::Confidential,
            ClientTypeBody::Public => Self::Public,
        }
    }
}

impl Endpoint for CreateOauthApp {
    const ROUTE: Route = Route::post("create-oauth-app", "/oauth/apps");
    const SUMMARY: &'static str =
        "Creates an OAuth app. Only this response contains its secret, which the client keeps";
    const SCOPE: Option<Scope> = Some(Scope::WriteOauthApps);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] = &[&[Failure::APP_LIMIT_REACHED, Failure::SCOPE_EXCEEDED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::CREATE_OAUTH_APP];
    type Access = AdminByCredential<WithAppRegistry<()>>;
    type Input = Json<NewOauthApp>;
    type Output = Written<Created<Versioned<IssuedOauthApp>>>;

    async fn handle(
        cx: &Context<'_>,
        admin: AdminByCredential<WithAppRegistry<()>>,
        Json(new): Json<NewOauthApp>,
    ) -> Result<Self::Output, Error> {
        let (admin, WithAppRegistry { registry, .. }) = admin.with_resource()?;
        let NewOauthApp { name, description, redirect_uri, redirect_uris, scopes, r#type } = new;
        let mut violations = Vec::new();
        if redirect_uri.is_some() && redirect_uris.is_some() {
            let detail = "Send either `redirectUri` or `redirectUris`.".into();
            violations.push(Violation { pointer: "/redirectUri".into(), code: "ambiguous", detail });
        }
        let redirect_uris = redirect_uris.or(redirect_uri.map(|uri| vec![uri]));
        let client_type = r#type.map_or(ClientType::Confidential, Into::into);
        let settings = OauthAppSettings {
            name: Some(&name),
            description: description.as_deref(),
            redirect_uris: redirect_uris.as_deref(),
            scopes: Some(&scopes),
            client_type,
        };
        let checked = settings.check(&mut violations);
        if !violations.is_empty() {
            return Err(Error::from_violations(violations));
        }
        let scopes = checked.scopes.unwrap_or_default();
        admin.require_scopes(scopes)?;
        let organization = admin.organization().id;
        let app = OauthApp {
            id: OauthClientId::at(cx.now()),
            organization: Some(organization),
            version: 1,
            name,
            description: description.filter(|text| !text.is_empty()),
            redirect_uris: checked.redirect_uris.unwrap_or_default(),
            scopes,
            client_type,
            is_untyped: r#type.is_none(),
            created_by: admin.principal().actor(),
            created_at: cx.now(),
            updated_at: cx.now(),
            previous_secret_ends_at: None,
            document: None,
            expires_at: None,
        };
        let mut registry = registry.next_version();
        registry.add(app.id)?;
        let secret = match client_type {
            ClientType::Confidential => Some(ClientSecret::generate()?),
            ClientType::Public => None,
        };
        let hashes: Vec<_> = secret.iter().map(ClientSecret::hash).collect();
        let created = EventData::OauthAppCreated { client_id: app.id, scopes };
        let event = cx.event(admin.principal(), organization, created);
        let client = OauthAppWithGate::new(app.clone(), &hashes, cx.secrets())?;
        let transaction = cx.store().create_oauth_app(&client, &registry, admin.authority(), &event)?;
        let location = format!("/oauth/apps/{}", app.id);
        let client_secret = secret.map(|secret| secret.text().to_owned());
        let body = IssuedOauthApp { app: app.into(), client_secret };
        cx.commit(transaction, Created { location, versioned: Versioned { version: 1, body } }).await
    }
}
