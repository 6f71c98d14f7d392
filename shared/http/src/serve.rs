//! An endpoint as a Lambda function.

use std::{
    convert::Infallible,
    process::ExitCode,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use lambda_runtime::{Context, LambdaEvent, Runtime, service_fn};
use padron_domain::Clock;
use padron_store::Store;
use serde::Serialize;
use serde_json::value::RawValue;
use tokio::time::Instant;

use crate::{
    app::App,
    endpoint::{Endpoint, Registration},
    job::{Job, JobContext, JobRegistration},
    log::Log,
    settings::Settings,
};

/// What a function's `main` returns.
pub type Exit = ExitCode;

/// The time a request may take: below the function's timeout in `template.yaml`, which is below API Gateway's 30 seconds.
const MAX_REQUEST_TIME: Duration = Duration::from_secs(9);

/// The time a run of a job may take: below the timeout of its function in `template.yaml`.
const MAX_RUN_TIME: Duration = Duration::from_secs(240);

/// Lambda gives a start ten seconds, with a whole processor; what does not come up in this time is left to the first request.
const MAX_WARM_UP_TIME: Duration = Duration::from_secs(1);

/// Serves an endpoint until Lambda ends the environment.
pub fn serve<E: Endpoint>() -> Exit {
    serve_function(&Registration::to_serve::<E>())
}

/// Runs a job whenever it is called.
pub fn serve_job<J: Job>() -> Exit {
    run_job(JobRegistration::of::<J>())
}

// Not generic: the shell is compiled once, not per endpoint.
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
            let deadline = deadline(&event.context, MAX_REQUEST_TIME);
            let response =
                app.answer(endpoint, event.payload.get(), &event.context.request_id, deadline).await;
            Ok::<_, Infallible>(response)
        });
        Runtime::new(handler).run().await
    });
    ended(endpoint.route.function, served)
}

fn run_job(job: JobRegistration) -> Exit {
    let (settings, runtime) = match prepare(job.function) {
        Ok(prepared) => prepared,
        Err(exit) => return exit,
    };
    let store = Store::new(&settings.connection);
    let served = runtime.block_on(async {
        let handler = service_fn(async |event: LambdaEvent<Box<RawValue>>| {
            let deadline = deadline(&event.context, MAX_RUN_TIME);
            let cx = JobContext::new(&store, Clock::System.now(), deadline).at_pace(settings.job_pace);
            let outcome = (job.run)(&cx).await;
            let (level, cause) = match &outcome {
                Ok(_) => ("info", None),
                Err(error) => ("error", error.cause()),
            };
            let report = outcome.as_ref().ok();
            Log::Stdout.write(&JobLine { level, message: "job", function: job.function, report, cause });
            outcome.map_err(|_| "the run failed; the log says why")
        });
        Runtime::new(handler).run().await
    });
    ended(job.function, served)
}

#[derive(Serialize)]
struct JobLine<'a> {
    level: &'static str,
    message: &'static str,
    function: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    report: Option<&'a serde_json::Value>,
    #[serde(skip_serializing_if = "Option::is_none")]
    cause: Option<&'a str>,
}

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

fn ended(function: &str, served: Result<(), lambda_runtime::Error>) -> Exit {
    match served {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(function, &format!("The Lambda runtime stopped: {error}")),
    }
}

/// Lambda's deadline, or ours where that is sooner. `cargo lambda watch` names one in the past: there ours holds.
fn deadline(context: &Context, longest: Duration) -> Instant {
    #[expect(clippy::disallowed_methods, reason = "compared with Lambda's clock, not the application's")]
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let left = Duration::from_millis(context.deadline).checked_sub(now).unwrap_or(longest);
    Instant::now() + left.min(longest)
}

#[derive(Serialize)]
struct Line<'a> {
    level: &'static str,
    message: &'a str,
    function: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    location: Option<String>,
}

fn fail(function: &str, message: &str) -> Exit {
    Log::Stdout.write(&Line { level: "fatal", message, function, location: None });
    ExitCode::FAILURE
}

/// Says where, not what: the message of a panic can hold whatever was being worked on.
fn log_panics(function: String) {
    std::panic::set_hook(Box::new(move |panic| {
        let location = panic.location().map(ToString::to_string);
        Log::Stdout.write(&Line { level: "error", message: "panic", function: &function, location });
    }));
}
