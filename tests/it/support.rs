//! What many tests begin with.

use std::path::PathBuf;

use padron_domain::UserId;
use padron_local::demo;
use padron_testkit::TestApp;

/// The whole API, with the demo data.
pub(crate) async fn app() -> TestApp {
    with_demo_data(TestApp::start(padron_api::endpoints()).await).await
}

/// The same app, with the demo data.
pub(crate) async fn with_demo_data(app: TestApp) -> TestApp {
    demo::load(&app.store()).await.unwrap();
    app
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

/// Path of Acme Corp, the demo's organization.
pub(crate) const ACME: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000";
/// Path of an organization that is not there.
pub(crate) const NOWHERE: &str = "/organizations/00000000-0000-4000-8000-000000000000";

/// The repository's folder.
pub(crate) fn root() -> PathBuf {
    PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/.."))
}
