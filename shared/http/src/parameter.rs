//! Parameters in paths and headers, described where they are read.

use padron_domain::{
    ApiKey, DeliveryId, Id, Invitation, OauthClientId, OauthGrantId, Organization, Profile, UserId, Webhook,
};
use serde_json::{Value, json};

/// A value that stands in a path, such as `{organizationId}`.
pub trait PathParameter: Sized {
    /// The name between the braces.
    const NAME: &'static str;
    /// The description in the API description.
    const DESCRIPTION: &'static str;
    /// What a value looks like, for the caller who sends something else.
    const EXPECTED: &'static str;
    /// The code of the violation when a value does not parse.
    const VIOLATION: &'static str = "invalid_format";

    /// Returns the JSON schema of a value.
    fn schema() -> Value;

    /// Parses a value.
    fn parse(text: &str) -> Option<Self>;
}

/// A path parameter in the API description.
#[derive(Clone, Copy, Debug)]
pub struct PathParameterDescription {
    pub(crate) name: &'static str,
    pub(crate) description: &'static str,
    pub(crate) schema: fn() -> Value,
}

impl PathParameterDescription {
    /// Describes a path parameter.
    pub const fn of<P: PathParameter>() -> Self {
        Self { name: P::NAME, description: P::DESCRIPTION, schema: P::schema }
    }
}

/// A request header, or a parameter of a query or of a form, in the API description.
#[derive(Clone, Copy, Debug)]
pub struct ParameterDescription {
    /// The name, as it is documented.
    pub name: &'static str,
    /// What it says.
    pub description: &'static str,
    /// Whether each request is to have it.
    pub is_required: bool,
    /// Returns the JSON schema of a value.
    pub schema: fn() -> Value,
}

impl ParameterDescription {
    /// Describes a text that requests may have.
    pub const fn optional(name: &'static str, description: &'static str) -> Self {
        Self { name, description, is_required: false, schema: text_schema }
    }

    /// Describes a text that each request is to have.
    pub const fn required(name: &'static str, description: &'static str) -> Self {
        Self { is_required: true, ..Self::optional(name, description) }
    }

    /// Gives the values another JSON schema.
    #[must_use]
    pub const fn with_schema(self, schema: fn() -> Value) -> Self {
        Self { schema, ..self }
    }
}

/// Returns the JSON schema of a text.
fn text_schema() -> Value {
    json!({ "type": "string" })
}

/// Returns the JSON schema of a UUID.
pub fn uuid_schema() -> Value {
    json!({ "type": "string", "format": "uuid" })
}

/// An entity whose id stands in paths.
pub trait NamedInPath {
    /// The name of the path parameter.
    const NAME: &'static str;
    /// The description of the path parameter.
    const DESCRIPTION: &'static str;
    /// The form of an id, for the caller who sends something else.
    const EXPECTED: &'static str;
}

impl NamedInPath for Organization {
    const NAME: &'static str = "organizationId";
    const DESCRIPTION: &'static str = "Id of the organization";
    const EXPECTED: &'static str = "The organization's id is a UUID.";
}

impl NamedInPath for Invitation {
    const NAME: &'static str = "invitationId";
    const DESCRIPTION: &'static str = "Id of the invitation";
    const EXPECTED: &'static str = "An invitation's id is a UUID.";
}

impl NamedInPath for ApiKey {
    const NAME: &'static str = "keyId";
    const DESCRIPTION: &'static str = "Id of the API key";
    const EXPECTED: &'static str = "An API key's id is a UUID.";
}

impl NamedInPath for Webhook {
    const NAME: &'static str = "webhookId";
    const DESCRIPTION: &'static str = "Id of the webhook";
    const EXPECTED: &'static str = "A webhook's id is a UUID.";
}

impl NamedInPath for Profile {
    const NAME: &'static str = "userId";
    const DESCRIPTION: &'static str = "Id of the user";
    const EXPECTED: &'static str = "A user's id is a UUID.";
}

impl<T: NamedInPath> PathParameter for Id<T> {
    const NAME: &'static str = T::NAME;
    const DESCRIPTION: &'static str = T::DESCRIPTION;
    const EXPECTED: &'static str = T::EXPECTED;

    fn schema() -> Value {
        uuid_schema()
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl PathParameter for DeliveryId {
    const NAME: &'static str = "deliveryId";
    const DESCRIPTION: &'static str = "Id of the delivery";
    const EXPECTED: &'static str = "A delivery's id is the UUID of an event, a dot and a number.";

    fn schema() -> Value {
        json!({ "type": "string", "pattern": "^[0-9A-Fa-f]{8}(-[0-9A-Fa-f]{4}){3}-[0-9A-Fa-f]{12}\\.[0-9]{1,9}$" })
    }

    fn parse(text: &str) -> Option<Self> {
        text.parse().ok()
    }
}

impl PathParameter for OauthClientId {
    const NAME: &'static str = "clientId";
    const DESCRIPTION: &'static str = "Id of the OAuth app: its `client_id`";
    const EXPECTED: &'static str = "An OAuth app's id is app_ and 32 hexadecimal digits.";

    fn schema() -> Value {
        json!({ "type": "string", "pattern": Self::PATTERN })
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

impl PathParameter for OauthGrantId {
    const NAME: &'static str = "tokenId";
    const DESCRIPTION: &'static str = "Id of the token, as the list of the app's tokens has it";
    const EXPECTED: &'static str = "A token's id is tok_ and 64 hexadecimal digits.";

    fn schema() -> Value {
        json!({ "type": "string", "pattern": Self::PATTERN })
    }

    fn parse(text: &str) -> Option<Self> {
        Self::parse(text)
    }
}

/// The user id of a member, as it stands in `{memberId}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct MemberId(pub UserId);

impl PathParameter for MemberId {
    const NAME: &'static str = "memberId";
    const DESCRIPTION: &'static str = "Id of the member: that of the user";
    const EXPECTED: &'static str = "A member's id is that of the user, a UUID.";

    fn schema() -> Value {
        uuid_schema()
    }

    fn parse(text: &str) -> Option<Self> {
        UserId::parse(text).map(Self)
    }
}
