//! Endpoints, jobs and consumers as Lambda functions.

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
    background::{BackgroundRegistration, Consumer, Job},
    endpoint::{Endpoint, Registration},
    log::Log,
    settings::Settings,
};

/// The return type of a function's `main`.
pub type Exit = ExitCode;

/// The maximum time of connecting to the database at start. Lambda allows ten seconds for the start, with a whole processor. A connection
/// that takes longer is left to the first request.
const MAX_WARM_UP_TIME: Duration = Duration::from_secs(1);

/// Serves an endpoint until Lambda ends the environment.
pub fn serve<E: Endpoint>() -> Exit {
    serve_function(&Registration::to_serve::<E>())
}

/// Runs a job whenever Lambda invokes the function.
pub fn serve_job<J: Job>() -> Exit {
    serve_background(BackgroundRegistration::of_job::<J>())
}

/// Handles the records that Lambda invokes the function with.
pub fn serve_consumer<C: Consumer>() -> Exit {
    serve_background(BackgroundRegistration::of_consumer::<C>())
}

// This function is not generic, so that the code around a handler is compiled once instead of once per endpoint.
fn serve_function(endpoint: &Registration) -> Exit {
    let (settings, runtime) = match prepare(endpoint.route.function) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let warm_up = settings.warm_up && !endpoint.actions().is_empty();
    let app = App::new(settings, Clock::System, Log::Stdout);
    let served = runtime.block_on(async {
        if warm_up {
            app.warm_up(MAX_WARM_UP_TIME).await;
        }
        let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
            let deadline = deadline(&event.context, endpoint.time_limit);
            let response =
                app.respond(endpoint, event.payload.get(), &event.context.request_id, deadline).await;
            Ok::<_, Infallible>(response)
        });
        Runtime::new(handler).run().await
    });
    ended(endpoint.route.function, served)
}

/// Runs a background function until Lambda ends the environment.
fn serve_background(function: BackgroundRegistration) -> Exit {
    let (settings, runtime) = match prepare(function.function) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let app = App::new(settings, Clock::System, Log::Stdout);
    let served = runtime.block_on(async {
        let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
            let deadline = deadline(&event.context, function.time_limit);
            let response = app.run(&function, event.payload.get(), deadline).await;
            response.map_err(|_| "the run failed; the log says why")
        });
        Runtime::new(handler).run().await
    });
    ended(function.function, served)
}

/// Reads the settings and starts the asynchronous runtime. On failure, writes the reason to the log.
fn prepare(function: &str) -> Result<(Settings, tokio::runtime::Runtime), Exit> {
    log_panics(function.to_owned());
    if std::env::var_os("AWS_LAMBDA_RUNTIME_API").is_none() {
        return Err(fail(
            function,
            &format!("`{function}` is a Lambda function. To try it on this machine, use `make run`."),
        ));
    }
    let settings = Settings::from_env().map_err(|error| fail(function, &error.to_string()))?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    Ok((settings, runtime.map_err(|_| fail(function, "The runtime could not be started."))?))
}

/// Returns the exit code of a function whose Lambda runtime has ended.
fn ended(function: &str, served: Result<(), lambda_runtime::Error>) -> Exit {
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(function, &format!("The Lambda runtime stopped: {error}")),
    }
}

/// Returns Lambda's deadline, or the one after `longest` if that is earlier. `cargo lambda watch` sends a deadline in the past; then only
/// `longest` counts.
fn deadline(context: &Context, longest: Duration) -> Instant {
    #[expect(clippy::disallowed_methods, reason = "compared with Lambda's clock, not the application's")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_millis(context.deadline).checked_sub(now).unwrap_or(longest);
    Instant::now() + left.min(longest)
}

/// A log line that belongs to no request.
#[derive(Serialize)]
struct Line<'a> {
    level: &'static str,
    message: &'a str,
    function: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

/// Writes the reason to the log, and returns the exit code of a failure.
fn fail(function: &str, message: &str) -> Exit {
    Log::Stdout.write(&Line { level: "fatal", message, function, location: None });
    ExitCode::FAILURE
}

/// Logs the location of every panic. Its message is not logged, because it can contain the data that was being processed.
fn log_panics(function: String) {
    std::panic::set_hook(Box::new(move |panic| {
        let location = panic.location().map(ToString::to_string);
        Log::Stdout.write(&Line { level: "error", message: "panic", function: &function, location });
    }));
}
