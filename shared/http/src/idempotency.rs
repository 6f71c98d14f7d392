//! Requests with an idempotency key: carried out once, answered alike however often they are sent
//! (draft-ietf-httpapi-idempotency-key-header).

use padron_auth::Credential;
use padron_domain::{Error, Failure, FailureClass, OrganizationId, Role};
use padron_store::{IdempotencyId, IdempotencyRecord, Items, Purpose};
use serde_json::{Value, json};

use crate::{context::Context, parameter::ParameterDescription, response::Response};

/// The idempotency key belongs to another request.
pub const IDEMPOTENCY_KEY_REUSED: Failure = Failure::new(
    FailureClass::Unprocessable,
    "idempotency_key_reused",
    "The idempotency key was used for a request with another body",
)
.with_hint("Use a new key for a new request, and the same body for the same request.");

const HEADER: &str = "idempotency-key";
const MAX_KEY_LENGTH: usize = 255;

/// The request header that identifies a request which may be sent again.
pub(crate) const HEADER_DESCRIPTION: ParameterDescription = ParameterDescription::optional("Idempotency-Key", "Identifies the request. A repetition within 24 hours returns the recorded response and has no further effect").with_schema(key_schema);

/// Returns the JSON schema of the header: a text, bare or in quotation marks.
fn key_schema() -> Value {
    let (most, inner) = (MAX_KEY_LENGTH, MAX_KEY_LENGTH - 2);
    let pattern = format!(r#"^("[ -~]{{1,{most}}}"|[!#-~]([ -~]{{0,{inner}}}[!-~])?)$"#);
    json!({ "type": "string", "minLength": 1, "maxLength": most + 2, "pattern": pattern })
}

/// Returns what the request is identified by when it is sent again; `None` if it has no key or is no `POST`. Other methods are
/// idempotent by themselves.
///
/// `organization` is the organization that the request is about, which not every path names. A key is refused where answers are not
/// recorded, because the client relies on one.
pub(crate) fn idempotency_id(
    cx: &Context<'_>,
    credential: &Credential,
    organization: Option<OrganizationId>,
) -> Result<Option<IdempotencyId>, Error> {
    let header = cx.request.header(HEADER).filter(|_| cx.endpoint.takes_idempotency_keys);
    let Some(header) = header else { return Ok(None) };
    if !cx.endpoint.records_answers && !cx.endpoint.recognizes_repetitions {
        let detail = "This route does not record responses. Leave the header out.";
        return Err(Error::invalid("/headers/Idempotency-Key", "not_supported", detail));
    }
    let key = parse_key(&header).ok_or_else(|| {
        Error::invalid(
            "/headers/Idempotency-Key",
            "invalid_format",
            "1 to 255 printable ASCII characters, such as a UUID.",
        )
    })?;
    let organization = organization.map(|organization| organization.to_string()).unwrap_or_default();
    let scope = format!("{organization}{}", cx.request.path());
    Ok(Some(IdempotencyId::new(&credential.principal_text(), cx.endpoint.function, &scope, key)))
}

/// Returns the recorded response, if there is one. It is read for this alone.
pub(crate) async fn read_and_replay(cx: &Context<'_>, id: &IdempotencyId) -> Result<Option<Response>, Error> {
    let mut items = cx.store().idempotency_record(id).await?;
    replay(cx, id, &mut items)
}

/// Returns the recorded response among `items`, if there is one.
///
/// Fails if the recorded response is of a request with another body. The answers of routes for admins are refused to those who are not
/// admins any more: they may hold what only admins see, such as the token of an invitation.
pub(crate) fn replay(
    cx: &Context<'_>,
    id: &IdempotencyId,
    items: &mut Items,
) -> Result<Option<Response>, Error> {
    if cx.endpoint.least_role == Some(Role::Admin) && cx.role() < Some(Role::Admin) {
        return Err(Failure::INSUFFICIENT_ROLE.into());
    }
    let Some(record) = items.idempotency_record(id, cx.now())? else { return Ok(None) };
    if !cx.secrets().is_fingerprint(record.fingerprint(), &(cx.endpoint.fingerprint_input)(cx.request)) {
        return Err(IDEMPOTENCY_KEY_REUSED.into());
    }
    let response = cx.secrets().open(Purpose::Response, id.as_bytes(), record.response());
    let response = response.and_then(|response| Response::from_record(&response));
    let response = response.ok_or_else(|| Error::internal("a recorded response cannot be read"))?;
    let response = match (cx.endpoint.redact, cx.role()) {
        (Some(redact), Some(role)) => response.change_body(|body| redact(body, role))?,
        (Some(_), None) => return Err(Error::internal("a recorded response is to be redacted for no role")),
        (None, _) => response,
    };
    Ok(Some(response.header("idempotent-replayed", "true".into())))
}

/// Returns the record of a response, to be written with what it answers.
pub(crate) fn record(
    cx: &Context<'_>,
    id: &IdempotencyId,
    response: &Response,
) -> Result<IdempotencyRecord, Error> {
    let fingerprint = cx.secrets().fingerprint(&(cx.endpoint.fingerprint_input)(cx.request));
    let response = cx.secrets().seal(Purpose::Response, id.as_bytes(), &response.to_record()?)?;
    Ok(IdempotencyRecord::new(id.clone(), fingerprint, response, cx.now()))
}

/// Parses the header: a quoted string of RFC 9651, as in the draft, or a bare one, as most clients send it.
fn parse_key(header: &str) -> Option<&str> {
    let header = header.trim();
    let key = match header.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => header,
    };
    let is_printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    ((1..=MAX_KEY_LENGTH).contains(&key.len()) && is_printable).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_in_quotes_and_bare() {
        for header in ["8e03978e-40d5", "\"8e03978e-40d5\"", " 8e03978e-40d5 "] {
            assert_eq!(parse_key(header), Some("8e03978e-40d5"));
        }
        assert_eq!(parse_key(&"k".repeat(255)).map(str::len), Some(255));
        for header in ["", " ", "\"\"", "\"open", "\"", "ñ", "tab\there", &"k".repeat(256)] {
            assert_eq!(parse_key(header), None, "{header:?}");
        }
    }
}
