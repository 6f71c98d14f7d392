//! The URLs of webhooks, and the client that sends requests to them.

use padron_domain::{Error, Violation};
use padron_http::Environment;
use padron_outbound::{Client, Failure, Target, TargetProblem, Targets};

/// Returns the client of this environment, which is created at its first use.
pub(crate) fn client(environment: &Environment) -> Result<Client, Error> {
    let new =
        || Client::new(targets(environment)).map_err(|_| Error::internal("the system has no trust store"));
    environment.get_or_create(new)
}

/// Returns which URLs webhooks may have.
fn targets(environment: &Environment) -> Targets {
    Targets::of(environment.options().allows_local_targets)
}

/// Parses the URL of a webhook.
pub(crate) fn parse(environment: &Environment, url: &str) -> Result<Target, Violation> {
    Target::parse(url, targets(environment)).map_err(violation)
}

/// Returns the violation of a URL whose host has an address that is not public; `None` if it has none.
///
/// A host that cannot be resolved now is accepted: its record may follow. It is resolved again for each request.
pub(crate) async fn address_violation(
    environment: &Environment,
    target: &Target,
) -> Result<Option<Violation>, Error> {
    let is_public = !matches!(client(environment)?.addresses(target).await, Err(Failure::NotPublic));
    Ok((!is_public).then(|| violation(TargetProblem::NotPublic)))
}

fn violation(problem: TargetProblem) -> Violation {
    Violation { pointer: "/url".into(), code: problem.code(), detail: problem.detail().into() }
}
