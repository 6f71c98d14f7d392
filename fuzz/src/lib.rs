//! What the fuzz targets share: the whole API with the demo data, in one process.

use std::sync::OnceLock;

use padron_domain::UserId;
use padron_local::demo;
use padron_testkit::TestApp;
use tokio::runtime::{Builder, Runtime};

/// The path of the demo's organization.
pub const ACME: &str = "/organizations/550e8400-e29b-41d4-a716-446655440000";

/// Returns the owner of the demo's organization.
pub fn owner() -> UserId {
    UserId::parse(demo::OWNER).expect("a UUID")
}

/// Runs an asynchronous target on the app that all inputs share.
pub fn on_app<T>(work: impl AsyncFnOnce(&'static TestApp) -> T) -> T {
    static SHARED: OnceLock<(Runtime, TestApp)> = OnceLock::new();
    let (runtime, app) = SHARED.get_or_init(|| {
        let runtime = Builder::new_multi_thread().worker_threads(2).enable_all().build().expect("a runtime");
        let app = runtime.block_on(async {
            let app = TestApp::start(padron_api::endpoints()).await;
            demo::load(&app.store()).await.expect("the demo data");
            app
        });
        (runtime, app)
    });
    runtime.block_on(work(app))
}
