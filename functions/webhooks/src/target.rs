//! The URLs of webhooks, and the client that sends requests to them.

use std::sync::OnceLock;

use padron_domain::{Error, Violation};
use padron_http::Context;
use padron_outbound::{Client, Failure, Target, TargetProblem, Targets};

/// Returns the client of this environment, which is created at its first use.
pub(crate) fn client(cx: &Context<'_>) -> Result<&'static Client, Error> {
    static PUBLIC: OnceLock<Client> = OnceLock::new();
    static LOCAL: OnceLock<Client> = OnceLock::new();
    let targets = targets(cx);
    let client = match targets {
        Targets::Public => &PUBLIC,
        Targets::Local => &LOCAL,
    };
    if let Some(client) = client.get() {
        return Ok(client);
    }
    let new = Client::new(targets).map_err(|_| Error::internal("the system has no trust store"))?;
    Ok(client.get_or_init(|| new))
}

/// Returns which URLs webhooks may have.
fn targets(cx: &Context<'_>) -> Targets {
    if cx.options().has_local_webhooks { Targets::Local } else { Targets::Public }
}

/// Parses the URL of a webhook.
pub(crate) fn parse(cx: &Context<'_>, url: &str) -> Result<Target, Violation> {
    Target::parse(url, targets(cx)).map_err(violation)
}

/// Returns the violation of a URL whose host has an address that is not public; `None` if it has none.
///
/// A host that cannot be resolved now is accepted: its record may follow. It is resolved again for each request.
pub(crate) async fn address_violation(cx: &Context<'_>, target: &Target) -> Result<Option<Violation>, Error> {
    let is_public = !matches!(client(cx)?.addresses(target).await, Err(Failure::NotPublic));
    Ok((!is_public).then(|| violation(TargetProblem::NotPublic)))
}

fn violation(problem: TargetProblem) -> Violation {
    Violation { pointer: "/url".into(), code: problem.code(), detail: problem.detail().into() }
}
