//! Forms (`application/x-www-form-urlencoded`), which OAuth clients send (RFC 6749 appendix B).

use std::marker::PhantomData;

use padron_domain::{Error, Failure};
use padron_http::{
    Input, PAYLOAD_TOO_LARGE, ParameterDescription, Request, UNSUPPORTED_MEDIA_TYPE,
    openapi::{Operation, Schemas},
};

/// The media type of forms.
const MEDIA_TYPE: &str = "application/x-www-form-urlencoded";
/// The maximum size of a form, in bytes.
pub(crate) const MAX_FORM_SIZE: usize = 16 * 1024;

/// The maximum number of parameters of a form.
const MAX_PARAMETERS: usize = 50;

/// A form. Parameters without a value count as absent, and unknown ones are ignored (RFC 6749 §3.2).
pub struct Form(Vec<(String, String)>);

/// Omits the values, among which are secrets and tokens.
impl std::fmt::Debug for Form {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_list().entries(self.0.iter().map(|(name, _)| name)).finish()
    }
}

impl Form {
    /// Returns the value of a parameter. Fails if it is absent.
    pub(crate) fn require(&self, name: &str) -> Result<&str, Error> {
        let missing = || Error::invalid("", "missing_parameter", format!("The parameter {name} is missing."));
        self.get(name).ok_or_else(missing)
    }

    /// Returns the value of a parameter; `None` if it is absent.
    pub(crate) fn get(&self, name: &str) -> Option<&str> {
        self.0.iter().find(|(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

/// The parameters of the forms of an endpoint.
pub trait FormParameters {
    /// The parameters. Whether one is required is not checked when the form is read.
    const PARAMETERS: &'static [ParameterDescription];
}

/// A form with these parameters, which the handler reads.
pub struct FormOf<P> {
    pub(crate) form: Form,
    parameters: PhantomData<fn() -> P>,
}

impl<P> std::fmt::Debug for FormOf<P> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.form.fmt(f)
    }
}

impl<P: FormParameters> Input for FormOf<P> {
    const FAILURES: &'static [Failure] = Form::FAILURES;

    fn decode(request: &Request<'_>) -> Result<Self, Error> {
        Form::decode(request).map(|form| Self { form, parameters: PhantomData })
    }

    fn describe(operation: &mut Operation, _: &mut Schemas) {
        operation.form(P::PARAMETERS);
    }
}

impl Form {
    /// The failures of reading a form.
    pub(crate) const FAILURES: &'static [Failure] =
        &[UNSUPPORTED_MEDIA_TYPE, PAYLOAD_TOO_LARGE, Failure::INVALID_REQUEST];

    /// Reads the form of a request.
    pub(crate) fn decode(request: &Request<'_>) -> Result<Self, Error> {
        if request.media_type() != MEDIA_TYPE {
            let detail = "Send the body as application/x-www-form-urlencoded.";
            return Err(Error::from(UNSUPPORTED_MEDIA_TYPE).with_violation(
                "",
                "unsupported_media_type",
                detail,
            ));
        }
        let mut parameters: Vec<(String, String)> = Vec::new();
        for (name, value) in form_urlencoded::parse(&request.body(MAX_FORM_SIZE)?) {
            if parameters.iter().any(|(known, _)| *known == name) {
                return Err(Error::invalid("", "duplicate_parameter", "A parameter is repeated."));
            }
            if parameters.len() == MAX_PARAMETERS {
                return Err(Error::invalid("", "too_many", "A form has at most 50 parameters."));
            }
            parameters.push((name.into_owned(), value.into_owned()));
        }
        parameters.retain(|(_, value)| !value.is_empty());
        Ok(Self(parameters))
    }
}
