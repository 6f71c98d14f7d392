//! One operation of the API description (OpenAPI 3.1), and the schemas that operations share.

use std::collections::{BTreeMap, BTreeSet};

use padron_domain::{Failure, Scope};
use schemars::{
    JsonSchema, Schema, SchemaGenerator, generate::SchemaSettings, transform::transform_subschemas,
};
use serde_json::{Map, Value, json};

use crate::{
    entity_tag,
    parameter::{ParameterDescription, PathParameterDescription},
    problem::{self, ErrorFormat, OauthProblem, Problem, status},
    route::{Method, Route},
    size::add_size_limits,
};

/// The schemas that operations refer to. Requests and responses have separate schemas: a field that is optional in a request is
/// always there in a response.
#[derive(Debug)]
pub struct Schemas {
    requests: SchemaGenerator,
    bounded_requests: SchemaGenerator,
    responses: SchemaGenerator,
    problems: Map<String, Value>,
}

impl Schemas {
    /// Creates an empty collection.
    pub(crate) fn new() -> Self {
        let settings = || {
            SchemaSettings::draft2020_12().with(|settings| {
                settings.definitions_path = "/components/schemas".into();
                settings.meta_schema = None;
            })
        };
        Self {
            requests: settings().into_generator(),
            bounded_requests: settings().with_transform(add_size_limits).into_generator(),
            responses: settings().for_serialize().with_transform(of_response).into_generator(),
            problems: Map::new(),
        }
    }

    /// Returns the name of a failure's example, and a reference to it.
    fn problem_example(&mut self, failure: &Failure) -> (String, Value) {
        let name = failure.code();
        self.problems
            .entry(name)
            .or_insert_with(|| json!({ "summary": failure.message(), "value": Problem::example(*failure) }));
        (name.into(), json!({ "$ref": format!("#/components/examples/{name}") }))
    }

    /// Returns a reference to the schema of a response.
    pub fn response<T: JsonSchema>(&mut self) -> Value {
        self.responses.subschema_for::<T>().to_value()
    }

    /// Returns a reference to the schema of a request.
    pub fn request<T: JsonSchema>(&mut self) -> Value {
        self.requests.subschema_for::<T>().to_value()
    }

    /// Returns a reference to the schema of a request whose texts and lists have the limits of a
    /// [`SizeLimited`](crate::SizeLimited) body.
    pub fn bounded_request<T: JsonSchema>(&mut self) -> Value {
        self.bounded_requests.subschema_for::<T>().to_value()
    }

    /// Returns all schemas by name.
    ///
    /// A type that is part of requests and of responses has two schemas if they differ. The one of requests is called `…Fields` then, and
    /// references to it are among [`Definitions::renamed`].
    pub(crate) fn into_definitions(mut self) -> Definitions {
        let mut all = self.responses.take_definitions(true);
        let mut requests = self.requests.take_definitions(true);
        requests.extend(self.bounded_requests.take_definitions(true));
        let differs =
            |(name, schema): &(&String, &Value)| all.get(*name).is_some_and(|known| known != *schema);
        let renamed: BTreeSet<String> =
            requests.iter().filter(differs).map(|(name, _)| name.clone()).collect();
        for (name, mut schema) in requests {
            rename_references(&mut schema, &renamed);
            all.insert(if renamed.contains(&name) { format!("{name}Fields") } else { name }, schema);
        }
        Definitions { schemas: all, renamed, problems: self.problems }
    }
}

/// All schemas of a description.
#[derive(Debug)]
pub(crate) struct Definitions {
    /// The schemas by name.
    pub(crate) schemas: Map<String, Value>,
    /// The names of the types whose schema in requests is called `…Fields`.
    pub(crate) renamed: BTreeSet<String>,
    /// An example of each failure, by code.
    pub(crate) problems: Map<String, Value>,
}

/// Renames the references in a schema of a request.
pub(crate) fn rename_references(schema: &mut Value, renamed: &BTreeSet<String>) {
    match schema {
        Value::Object(members) => {
            if let Some(Value::String(reference)) = members.get_mut("$ref")
                && reference.rsplit('/').next().is_some_and(|name| renamed.contains(name))
            {
                reference.push_str("Fields");
            }
            members.values_mut().for_each(|member| rename_references(member, renamed));
        }
        Value::Array(items) => items.iter_mut().for_each(|item| rename_references(item, renamed)),
        _ => {}
    }
}

/// Removes from a schema of a response what matters only in requests: defaults, for a response always has its fields, and that unknown
/// fields are refused, for a later version may add some.
fn of_response(schema: &mut Schema) {
    schema.remove("default");
    if schema.get("additionalProperties") == Some(&Value::Bool(false)) {
        schema.remove("additionalProperties");
    }
    transform_subschemas(&mut of_response, schema);
}

/// The description of one operation.
#[derive(Debug)]
pub struct Operation {
    route: Route,
    value: Map<String, Value>,
    responses: BTreeMap<String, Value>,
    is_rate_limited: bool,
    fails_with_pages: bool,
}

/// The failures of an operation that have the same status.
struct FailuresOfStatus<'f> {
    status: u16,
    failures: Vec<&'f Failure>,
}

impl<'f> FailuresOfStatus<'f> {
    /// Groups failures by status. Of several failures with one code, which differ in their messages, all are kept.
    fn group(failures: &'f [Failure]) -> Vec<Self> {
        let mut groups: BTreeMap<u16, Vec<&Failure>> = BTreeMap::new();
        for failure in failures {
            let group = groups.entry(status(*failure)).or_default();
            let is_known =
                |known: &&Failure| (known.code(), known.message()) == (failure.code(), failure.message());
            if !group.iter().any(is_known) {
                group.push(failure);
            }
        }
        groups.into_iter().map(|(status, failures)| Self { status, failures }).collect()
    }

    /// Returns the description: a line for each failure, with its code and its message.
    fn description(&self) -> String {
        let line = |failure: &&Failure| format!("`{}`: {}", failure.code(), failure.message());
        self.failures.iter().map(line).collect::<Vec<_>>().join("\n")
    }

    /// Returns the body in each of the media types of a format.
    fn content(&self, format: ErrorFormat, schemas: &mut Schemas) -> Map<String, Value> {
        let mut content = Map::new();
        if format != ErrorFormat::Oauth {
            let codes: BTreeSet<&str> = self.failures.iter().map(|failure| failure.code()).collect();
            let mut schema = narrow(&schemas.response::<Problem>(), "code", &codes);
            for field in ["status", "statusCode"] {
                schema["allOf"][1]["properties"][field] = json!({ "const": self.status });
            }
            let examples: Map<String, Value> =
                self.failures.iter().map(|failure| schemas.problem_example(failure)).collect();
            content.insert(problem::MEDIA_TYPE.into(), json!({ "schema": schema, "examples": examples }));
        }
        if format != ErrorFormat::Problem {
            let errors = self.failures.iter().map(|failure| problem::oauth_error(**failure)).collect();
            let schema = narrow(&schemas.response::<OauthProblem>(), "error", &errors);
            let example = self.failures.first().map(|failure| OauthProblem::example(**failure));
            content.insert("application/json".into(), json!({ "schema": schema, "example": example }));
        }
        content
    }
}

/// Returns a schema whose field has one of these values.
fn narrow(schema: &Value, field: &str, values: &BTreeSet<&str>) -> Value {
    json!({ "allOf": [schema, { "properties": { field: { "enum": values } } }] })
}

impl Operation {
    /// Starts the description of the operation behind a route.
    pub(crate) fn new(route: Route, summary: &str, description: &str) -> Self {
        let mut operation = Self {
            route,
            value: Map::new(),
            responses: BTreeMap::new(),
            is_rate_limited: false,
            fails_with_pages: false,
        };
        operation.set("operationId", json!(route.function));
        operation.set("summary", json!(summary));
        operation.set("description", json!(description));
        operation.set("tags", json!([tag(route)]));
        operation.set("parameters", json!([]));
        operation
    }

    /// Says that the operation needs no credential.
    pub(crate) fn is_public(&mut self) {
        self.set("security", json!([]));
    }

    /// Lists the credentials that the operation accepts, and the scope that each needs. Access tokens of the operator's issuer have no
    /// scopes, and need none.
    pub(crate) fn security(&mut self, accepts_tokens: bool, accepts_keys: bool, scope: Option<Scope>) {
        let scopes: Vec<&str> = scope.map(Scope::name).into_iter().collect();
        let token = accepts_tokens.then(|| json!({ "bearer": scopes }));
        let app = (accepts_tokens && scope.is_some()).then(|| json!({ "oauth2": scopes }));
        let key = accepts_keys.then(|| json!({ "apiKey": scopes }));
        self.set("security", token.into_iter().chain(app).chain(key).collect());
    }

    /// Adds the headers that say what is left of a limit of requests.
    pub(crate) fn is_rate_limited(&mut self) {
        self.is_rate_limited = true;
    }

    fn set(&mut self, name: &str, value: Value) {
        self.value.insert(name.into(), value);
    }

    /// Adds a parameter of the query or a request header: `place` is `query` or `header`.
    pub fn parameter(&mut self, place: &str, name: &str, description: &str, required: bool, schema: &Value) {
        if let Some(parameters) = self.value.get_mut("parameters").and_then(Value::as_array_mut) {
            parameters.push(json!({
                "name": name, "in": place, "required": required, "description": description, "schema": schema,
            }));
        }
    }

    /// Adds the parameters of the path, in its order.
    pub(crate) fn path_parameters(&mut self, descriptions: &[PathParameterDescription]) {
        let route = self.route;
        for name in route.parameters() {
            let described = descriptions.iter().find(|parameter| parameter.name == name);
            if let Some(PathParameterDescription { description, schema, .. }) = described {
                self.parameter("path", name, description, true, &schema());
            }
        }
    }

    /// Adds a request header.
    pub fn header(&mut self, header: &ParameterDescription) {
        self.described_parameter("header", header);
    }

    /// Adds a parameter of the query.
    pub fn query_parameter(&mut self, parameter: &ParameterDescription) {
        self.described_parameter("query", parameter);
    }

    fn described_parameter(&mut self, place: &str, parameter: &ParameterDescription) {
        let ParameterDescription { name, description, is_required, schema } = *parameter;
        self.parameter(place, name, description, is_required, &schema());
    }

    /// Adds a header to the successful responses.
    pub fn response_header(&mut self, name: &str, description: &str) {
        for response in self.responses.values_mut() {
            response["headers"][name] = json!({ "description": description, "schema": { "type": "string" } });
        }
    }

    /// Adds a JSON body to the request.
    pub fn body(&mut self, schema: &Value) {
        self.set(
            "requestBody",
            json!({ "required": true, "content": { "application/json": { "schema": schema } } }),
        );
    }

    /// Adds a form with these parameters to the request, beside a JSON body if there is one. Unknown parameters are ignored.
    pub fn form(&mut self, parameters: &[ParameterDescription]) {
        let mut properties = Map::new();
        for ParameterDescription { name, description, schema, .. } in parameters {
            let mut schema = schema();
            schema["description"] = json!(description);
            properties.insert((*name).into(), schema);
        }
        let required: Vec<&str> = parameters
            .iter()
            .filter(|parameter| parameter.is_required)
            .map(|parameter| parameter.name)
            .collect();
        let text = json!({ "type": "string" });
        let mut schema = json!({ "type": "object", "properties": properties, "additionalProperties": text });
        if !required.is_empty() {
            schema["required"] = json!(required);
        }
        let body =
            self.value.entry("requestBody").or_insert_with(|| json!({ "required": true, "content": {} }));
        body["content"]["application/x-www-form-urlencoded"] = json!({ "schema": schema });
    }

    /// Adds a form with files to the request.
    pub fn multipart(&mut self, schema: &Value) {
        let body = json!({ "required": true, "content": { "multipart/form-data": { "schema": schema } } });
        self.value.insert("requestBody".into(), body);
    }

    /// Adds a request body that is a text of one of these media types.
    pub fn text_body(&mut self, media_types: &[&str]) {
        let content: Map<String, Value> = media_types
            .iter()
            .map(|media_type| ((*media_type).to_owned(), json!({ "schema": { "type": "string" } })))
            .collect();
        self.value.insert("requestBody".into(), json!({ "required": true, "content": content }));
    }

    /// Allows a request without a body.
    pub(crate) fn body_is_optional(&mut self) {
        if let Some(body) = self.value.get_mut("requestBody") {
            body["required"] = json!(false);
        }
    }

    /// Adds a successful response, with a JSON body if there is a schema.
    pub fn succeeds(&mut self, status: &str, schema: Option<&Value>) {
        let mut response = json!({ "description": "Success" });
        if let Some(schema) = schema {
            response["content"] = json!({ "application/json": { "schema": schema } });
        }
        self.responses.insert(status.into(), response);
    }

    /// Gives the response of status 200 another status.
    pub(crate) fn succeeds_as(&mut self, status: &str) {
        if let Some(response) = self.responses.remove("200") {
            self.responses.insert(status.into(), response);
        }
    }

    /// Says that failures are shown as pages, where the reader is a person.
    pub fn fails_with_pages(&mut self) {
        self.fails_with_pages = true;
    }

    /// Makes the response of a status a text of that media type.
    pub fn content(&mut self, status: &str, media_type: &str) {
        if let Some(response) = self.responses.get_mut(status) {
            response["content"][media_type] = json!({ "schema": { "type": "string" } });
        }
    }

    /// Adds a media type of the binary body of a response.
    pub(crate) fn binary_content(&mut self, status: &str, media_type: &str) {
        if let Some(response) = self.responses.get_mut(status) {
            response["content"][media_type] = json!({});
        }
    }

    /// Adds an entity tag to the successful responses; where the operation reads, the conditional request, too.
    pub fn versioned(&mut self) {
        self.response_header(
            "ETag",
            "`\"<version>.<variant>\"`: send it back in `If-None-Match` or `If-Match`",
        );
        if self.route.method == Some(Method::Get) {
            self.responses
                .insert("304".into(), json!({ "description": "Nothing changed since that entity tag" }));
            self.header(&entity_tag::IF_NONE_MATCH);
        }
    }

    /// Adds the responses of failures.
    pub(crate) fn failures(&mut self, failures: &[Failure], format: ErrorFormat, schemas: &mut Schemas) {
        for group in FailuresOfStatus::group(failures) {
            let mut response = json!({
                "description": group.description(), "content": group.content(format, schemas),
            });
            if self.fails_with_pages {
                response["content"]["text/html"] = json!({ "schema": { "type": "string" } });
            }
            for (name, description) in problem::headers(group.status) {
                response["headers"][name] =
                    json!({ "description": description, "schema": { "type": "string" } });
            }
            self.responses.insert(group.status.to_string(), response);
        }
    }

    /// Returns the operation object.
    pub(crate) fn into_value(mut self) -> Value {
        if self.is_rate_limited {
            self.response_header(
                "RateLimit",
                "With an API key: how many requests are left (`r`), and in how many seconds the limit is fully renewed (`t`)",
            );
            self.response_header(
                "RateLimit-Policy",
                "With an API key: how many requests it may send (`q`) in how many seconds (`w`)",
            );
        }
        self.set("responses", json!(self.responses));
        Value::Object(self.value)
    }
}

/// The tag of an operation: the kind of resource that its path is about, or the dialect that it belongs to.
fn tag(route: Route) -> &'static str {
    let mut segments = route.path.split('/').skip(1);
    match segments.next().unwrap_or_default() {
        "organizations" => {
            let kinds = ["customers", "members", "invitations", "api-keys", "webhooks", "events"];
            segments.nth(1).filter(|kind| kinds.contains(kind)).unwrap_or("organizations")
        }
        ".well-known" => "oauth",
        "customer" | "organization" => "cyrexa",
        "v2" => "spirii",
        "" | "docs" | "health" | "openapi.json" => "api",
        kind => kind,
    }
}
