//! An endpoint as a Lambda function.

use std::{
    convert::Infallible,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lambda_runtime::{Context, LambdaEvent, Runtime, service_fn};
use padron_domain::Clock;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::{
    app::App,
    endpoint::{Endpoint, Registration},
    log::Log,
    settings::Settings,
};

/// What a function's `main` returns.
pub type Exit = ExitCode;

/// The time a request may take: below the function's timeout in `template.yaml`, which is below API Gateway's 30 seconds.
const LONGEST_REQUEST: Duration = Duration::from_secs(9);

/// Lambda gives a start ten seconds, with a whole processor; what does not come up in this time is left to the first request.
const LONGEST_WARM_UP: Duration = Duration::from_secs(1);

/// Serves an endpoint until Lambda ends the environment.
pub fn serve<E: Endpoint>() -> Exit {
    serve_function(&Registration::of::<E>())
}

// Not generic: the shell is compiled once, not per endpoint.
fn serve_function(endpoint: &Registration) -> Exit {
    log_panics();
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return fail(&format!(
            "`{}` is a Lambda function. To try it on this machine, use `make run`.",
            endpoint.route.function
        ));
    }
    let settings = match Settings::from_env() {
        Ok(settings) => settings,
        Err(error) => return fail(&error.to_string()),
    };
    let runtime = match tokio::runtime::Builder::new_current_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(_) => return fail("The runtime could not be started."),
    };
    let warm_up = settings.warm_up && !endpoint.actions().is_empty();
    let app = App::new(settings, Clock::System, Log::Stdout);
    let served = runtime.block_on(async {
        if warm_up {
            app.warm_up(LONGEST_WARM_UP).await;
        }
        let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
            let deadline = deadline(&event.context);
            let response =
                app.answer(endpoint, event.payload.get(), &event.context.request_id, deadline).await;
            Ok::<_, Infallible>(response)
        });
        Runtime::new(handler).run().await
    });
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&format!("The Lambda runtime stopped: {error}")),
    }
}

/// Lambda's deadline, or ours where that is sooner. `cargo lambda watch` names one in the past: there ours holds.
fn deadline(context: &Context) -> Instant {
    #[expect(clippy::disallowed_methods, reason = "compared with Lambda's clock, not the application's")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_millis(context.deadline).checked_sub(now).unwrap_or(LONGEST_REQUEST);
    Instant::now() + left.min(LONGEST_REQUEST)
}

#[derive(Serialize)]
struct Line<'a> {
    level: &'static str,
    message: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

fn fail(message: &str) -> Exit {
    Log::Stdout.write(&Line { level: "fatal", message, location: None });
    ExitCode::FAILURE
}

/// Says where, not what: the message of a panic can hold whatever was being worked on.
fn log_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let location = panic.location().map(ToString::to_string);
        Log::Stdout.write(&Line { level: "error", message: "panic", location });
    }));
}
