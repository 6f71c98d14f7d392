//! Requests that may be sent again, and are carried out once.

use padron_auth::Principal;
use padron_domain::{Error, Failure, OrganizationId, Role};
use padron_store::{Found, Key, Purpose, Recorded, RequestId};

use crate::{access::Rule, app::Context, reply::Reply};

/// The header that names a request (draft-ietf-httpapi-idempotency-key-header).
pub(crate) const IDEMPOTENCY_KEY: &str = "idempotency-key";
const LONGEST_KEY: usize = 255;

/// What a request with an idempotency key stands for.
#[derive(Debug)]
pub(crate) struct Claim {
    request: RequestId,
}

impl Claim {
    /// The claim of this request; `None` if it brings no key, or is no `POST`: others are done once however often they are sent.
    /// A key is refused where no answer is kept, because its client relies on one. `organization`: where it is to be done, for not
    /// every path tells.
    pub(crate) fn of(
        cx: &Context<'_>,
        principal: &Principal,
        organization: Option<OrganizationId>,
    ) -> Result<Option<Self>, Error> {
        let header = cx.request.header(IDEMPOTENCY_KEY).filter(|_| cx.endpoint.takes_idempotency_keys);
        let Some(header) = header else { return Ok(None) };
        if !cx.endpoint.keeps_answers {
            let detail =
                "This route keeps no answers, so a key would promise what it does not do. Leave it out.";
            return Err(Error::invalid("/headers/Idempotency-Key", "not_supported", detail));
        }
        let key = key(&header).ok_or_else(|| {
            Error::invalid(
                "/headers/Idempotency-Key",
                "invalid_format",
                "1 to 255 printable ASCII characters, such as a UUID.",
            )
        })?;
        let place = organization.map(|organization| organization.to_string()).unwrap_or_default();
        let place = format!("{place}{}", cx.request.path());
        let request = RequestId::new(principal.user().id, cx.endpoint.route.function, &place, key);
        Ok(Some(Self { request }))
    }

    /// Under which the answer is kept.
    pub(crate) fn key(&self) -> Key {
        Key::recorded(&self.request)
    }

    /// The same as [`Claim::replay`], looked for by itself.
    pub(crate) async fn replay_if_kept(&self, cx: &Context<'_>) -> Result<Option<Reply>, Error> {
        let mut found = cx.store().recorded(&self.request).await?;
        self.replay(cx, &mut found)
    }

    /// The answer that was given, if this is the same request again; refused if it is another one, and to those who are admins no
    /// more: what is kept of an admin's route may hold what only admins see, such as the token of an invitation.
    pub(crate) fn replay(&self, cx: &Context<'_>, found: &mut Found) -> Result<Option<Reply>, Error> {
        if cx.endpoint.rule == Rule::Member(Role::Admin) && cx.role() < Some(Role::Admin) {
            return Err(Failure::InsufficientRole.into());
        }
        let Some(recorded) = found.recorded(&self.request, cx.now())? else { return Ok(None) };
        if !cx.secrets().is_fingerprint(recorded.fingerprint(), &(cx.endpoint.fingerprint_input)(cx.request))
        {
            return Err(Failure::IdempotencyKeyReused.into());
        }
        let answer = cx.secrets().open(Purpose::Answer, self.context(), recorded.answer());
        let reply = answer.and_then(|answer| Reply::from_kept(&answer));
        let reply = reply.ok_or_else(|| Error::internal("a kept answer cannot be read"))?;
        let reply = match (cx.endpoint.redact, cx.role()) {
            (Some(redact), Some(role)) => reply.change_body(|body| redact(body, role))?,
            (Some(_), None) => return Err(Error::internal("a kept answer is to be redacted for no role")),
            (None, _) => reply,
        };
        Ok(Some(reply.header("idempotent-replayed", "true".into())))
    }

    /// The answer, to be kept.
    pub(crate) fn record(&self, cx: &Context<'_>, reply: &Reply) -> Result<Recorded, Error> {
        let fingerprint = cx.secrets().fingerprint(&(cx.endpoint.fingerprint_input)(cx.request));
        let answer = cx.secrets().seal(Purpose::Answer, self.context(), &reply.to_kept()?)?;
        Ok(Recorded::new(self.request.clone(), fingerprint, answer, cx.now()))
    }

    fn context(&self) -> &[u8] {
        self.request.as_str().as_bytes()
    }
}

/// The key in a header: a string of RFC 9651, as the draft has it, or bare, as most clients send it.
fn key(header: &str) -> Option<&str> {
    let header = header.trim();
    let key = match header.strip_prefix('"') {
        Some(quoted) => quoted.strip_suffix('"')?,
        None => header,
    };
    let is_printable = key.bytes().all(|byte| (b' '..=b'~').contains(&byte));
    ((1..=LONGEST_KEY).contains(&key.len()) && is_printable).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_key_is_the_same_in_quotes_and_bare() {
        for header in ["8e03978e-40d5", "\"8e03978e-40d5\"", " 8e03978e-40d5 "] {
            assert_eq!(key(header), Some("8e03978e-40d5"));
        }
        assert_eq!(key(&"k".repeat(255)).map(str::len), Some(255));
        for header in ["", " ", "\"\"", "\"open", "\"", "ñ", "tab\there", &"k".repeat(256)] {
            assert_eq!(key(header), None, "{header:?}");
        }
    }
}
