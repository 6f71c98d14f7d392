//! The endpoint `PUT /oauth/apps/{clientId}`, which changes the settings of an OAuth app.
//!
//! Scopes that the app loses are lost at once by all its tokens. Scopes that it gets are for new grants.

use padron_domain::{
    CheckedOauthAppSettings, Error, EventData, Failure, LINE_PATTERN, OauthApp, OauthAppSettings, Patch,
    Scope, Violation,
};
use padron_dto::read_back;
use padron_http::{
    AdminByCredential, Context, Endpoint, Json, ReadOnlyFields, Route, Versioned, Written, to_sent_back_json,
};
use padron_store::{Action, OauthAppWithGate, Store};
use schemars::JsonSchema;
use serde::Deserialize;
use serde_json::{Map, Value};

use crate::app_response::{NameSchema, OauthAppResponse, RedirectUrisSchema, ScopesSchema, show};

/// The endpoint that changes an OAuth app.
#[derive(Debug)]
pub struct UpdateOauthApp;

/// Changes of an OAuth app. Fields that are left out keep their values. The other fields of an app are accepted with their current values, so
/// that an app can be read, changed and sent back.
#[derive(Debug, Deserialize, JsonSchema)]
#[schemars(transform = read_back::<OauthAppResponse>)]
#[serde(rename_all = "camelCase")]
pub struct OauthAppUpdate {
    /// Name of the app, 1 to 100 characters.
    #[serde(default)]
    #[schemars(with = "NameSchema")]
    name: Patch<String>,
    /// What the app is for, at most 500 characters. `null` removes it.
    #[serde(default)]
    #[schemars(with = "Option<String>", extend("maxLength" = OauthApp::MAX_DESCRIPTION_LENGTH, "pattern" = LINE_PATTERN))]
    description: Patch<String>,
    /// Redirect URIs of the app, at most 10. `null` removes them.
    #[serde(default)]
    #[schemars(with = "Option<RedirectUrisSchema>")]
    redirect_uris: Patch<Vec<String>>,
    /// Scopes that the app can be granted.
    #[serde(default)]
    #[schemars(with = "ScopesSchema")]
    scopes: Patch<Vec<String>>,
    #[serde(flatten)]
    others: Map<String, Value>,
}

impl Endpoint for UpdateOauthApp {
    const ROUTE: Route = Route::put("update-oauth-app", "/oauth/apps/{clientId}");
    const SUMMARY: &'static str =
        "Changes the settings of an OAuth app. Scopes that it loses are lost at once";
    const SCOPE: Option<Scope> = Some(Scope::WriteOauthApps);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::PRECONDITION_FAILED, Failure::SCOPE_EXCEEDED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_OAUTH_APP];
    type Access = AdminByCredential<OauthAppWithGate>;
    type Input = Json<OauthAppUpdate>;
    type Output = Written<Versioned<OauthAppResponse>>;

    async fn handle(
        cx: &Context<'_>,
        admin: AdminByCredential<OauthAppWithGate>,
        Json(update): Json<OauthAppUpdate>,
    ) -> Result<Self::Output, Error> {
        let (admin, OauthAppWithGate { stored, gate }) = admin.with_resource()?;
        let before = stored.app.clone();
        let mut violations = Vec::new();
        let checked = update.check(&before, &mut violations);
        let version_check = cx.require_version(before.version);
        let current = to_sent_back_json(&OauthAppResponse::from(before.clone()))?;
        let read_only =
            ReadOnlyFields { sent: &update.others, pointer: "", current: &current, optional: &[] };
        violations.extend(read_only.violations(&version_check)?);
        if !violations.is_empty() {
            return Err(Error::from_violations(violations));
        }
        version_check?;
        let mut after = update.apply(&before, checked);
        let fields = after.changed_fields(&before);
        if fields.is_empty() {
            return cx.unchanged(show(before)).await;
        }
        if after.redirect_uris != before.redirect_uris || after.scopes != before.scopes {
            // Whoever changes where the answers go can act as the app, and so can whoever takes scopes away and then asks for its secret.
            admin.require_scopes(before.scopes.union(after.scopes))?;
        }
        after.version += 1;
        after.updated_at = before.next_change(cx.now());
        let gate = (after.scopes != before.scopes).then(|| gate.next_version(&after));
        let updated = EventData::OauthAppUpdated { client_id: after.id, fields };
        let event =
            cx.event(admin.principal(), admin.organization().id, updated).at_or_after(after.updated_at);
        let stored = stored.with_app(after.clone(), cx.secrets())?;
        let transaction = cx.store().update_oauth_app(&stored, gate.as_ref(), admin.authority(), &event)?;
        cx.commit(transaction, show(after)).await
    }
}

impl OauthAppUpdate {
    /// Checks the new values.
    fn check(&self, before: &OauthApp, violations: &mut Vec<Violation>) -> CheckedOauthAppSettings {
        for (pointer, is_cleared) in
            [("/name", matches!(self.name, Patch::Clear)), ("/scopes", matches!(self.scopes, Patch::Clear))]
        {
            if is_cleared {
                let detail = "An OAuth app has a name and scopes.".into();
                violations.push(Violation { pointer: pointer.into(), code: "required", detail });
            }
        }
        let settings = OauthAppSettings {
            name: self.name.as_set().map(String::as_str),
            description: self.description.as_set().map(String::as_str),
            redirect_uris: self.redirect_uris.as_set().map(Vec::as_slice),
            scopes: self.scopes.as_set().map(Vec::as_slice),
            client_type: before.client_type,
        };
        settings.check(violations)
    }

    /// Returns the app with the new values.
    fn apply(self, before: &OauthApp, checked: CheckedOauthAppSettings) -> OauthApp {
        let mut after = before.clone();
        after.name = self.name.set().unwrap_or(after.name);
        self.description.apply(&mut after.description);
        after.description = after.description.filter(|text| !text.is_empty());
        if !matches!(self.redirect_uris, Patch::Keep) {
            after.redirect_uris = checked.redirect_uris.unwrap_or_default();
        }
        after.scopes = checked.scopes.unwrap_or(after.scopes);
        after
    }
}
