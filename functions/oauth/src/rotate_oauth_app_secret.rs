//! The endpoint `POST /oauth/apps/{clientId}/secret`, which gives an OAuth app a new secret.
//!
//! The old secret works as well for a while, so that the app can change to the new one without a gap.

use std::time::Duration;

use padron_auth::ClientSecret;
use padron_domain::{ClientType, Error, EventData, Failure, OauthApp, Scope};
use padron_http::{AdminByCredential, Context, Endpoint, OptionalJson, Route, Versioned, Written};
use padron_store::{Action, Store, StoredOauthApp};
use schemars::JsonSchema;
use serde::Deserialize;

use crate::app_response::IssuedOauthApp;

/// The endpoint that gives an OAuth app a new secret.
#[derive(Debug)]
pub struct RotateOauthAppSecret;

/// A rotation of an app's secret.
#[derive(Debug, Default, Deserialize, JsonSchema)]
#[schemars(rename = "OauthSecretRotation")]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct OauthSecretRotation {
    /// For how many seconds the old secret works as well: 0 to 604,800 (seven days). The default is a day.
    #[schemars(extend("minimum" = 0, "maximum" = OauthApp::MAX_OVERLAP.as_secs(), "default" = OauthApp::DEFAULT_OVERLAP.as_secs()))]
    overlap_seconds: Option<u64>,
}

impl Endpoint for RotateOauthAppSecret {
    const ROUTE: Route = Route::post("rotate-oauth-app-secret", "/oauth/apps/{clientId}/secret");
    const SUMMARY: &'static str = "Gives an OAuth app a new secret, which only this response contains";
    const SCOPE: Option<Scope> = Some(Scope::WriteOauthApps);
    const ACCEPTS_KEYS: bool = false;
    const FAILURES: &'static [&'static [Failure]] =
        &[&[Failure::PUBLIC_CLIENT, Failure::PRECONDITION_FAILED, Failure::SCOPE_EXCEEDED]];
    const ACTIONS: &'static [&'static [Action]] = &[Store::UPDATE_OAUTH_APP];
    type Access = AdminByCredential<StoredOauthApp>;
    type Input = OptionalJson<OauthSecretRotation>;
    type Output = Written<Versioned<IssuedOauthApp>>;

    async fn handle(
        cx: &Context<'_>,
        admin: AdminByCredential<StoredOauthApp>,
        OptionalJson(rotation): OptionalJson<OauthSecretRotation>,
    ) -> Result<Self::Output, Error> {
        let overlap = rotation.overlap_seconds.map_or(OauthApp::DEFAULT_OVERLAP, Duration::from_secs);
        if overlap > OauthApp::MAX_OVERLAP {
            return Err(Error::invalid("/overlapSeconds", "out_of_range", "0 to 604,800 seconds."));
        }
        let (admin, stored) = admin.with_resource()?;
        let before = stored.app.clone();
        cx.require_version(before.version)?;
        if before.client_type == ClientType::Public {
            return Err(Failure::PUBLIC_CLIENT.into());
        }
        // Whoever rotates the secret can act as the app.
        admin.require_scopes(before.scopes)?;
        let secret = ClientSecret::generate()?;
        let mut hashes = vec![secret.hash()];
        // A secret that cannot be read ends with the rotation. The one before it ends in any case.
        let current = stored.secret_hashes(cx.secrets(), cx.now()).unwrap_or_default();
        hashes.extend(current.into_iter().take(1).filter(|_| !overlap.is_zero()));
        let mut after = before.clone();
        after.version += 1;
        after.updated_at = before.next_change(cx.now());
        after.previous_secret_ends_at = (hashes.len() > 1).then(|| cx.now().plus(overlap));
        let rotated = EventData::OauthAppSecretRotated { client_id: after.id };
        let event =
            cx.event(admin.principal(), admin.organization().id, rotated).at_or_after(after.updated_at);
        let stored = StoredOauthApp::new(after.clone(), &hashes, cx.secrets())?;
        let transaction = cx.store().update_oauth_app(&stored, None, admin.authority(), &event)?;
        let version = after.version;
        let client_secret = Some(secret.text().to_owned());
        let body = IssuedOauthApp { app: after.into(), client_secret };
        cx.commit(transaction, Versioned { version, body }).await
    }
}
