//! The API description, `openapi.json`: that of the endpoints, with the examples of `events/` and the links between operations.

mod examples;
mod links;
mod shared_responses;

use std::path::{Path, PathBuf};

use padron_http::{Registration, openapi};
use serde_json::Value;

pub use examples::Answer;

/// The samples of an endpoint: a request, and the response to it.
struct Sample {
    endpoint: &'static Registration,
    /// The event of the request.
    request: Value,
    /// The response.
    answer: Answer,
}

/// Returns the path of the response to the sample request of a function, relative to the repository.
pub fn answer_path(function: &str) -> PathBuf {
    format!("events/responses/{function}.json").into()
}

/// Returns the description of all endpoints.
///
/// # Errors
///
/// Fails if a sample cannot be read.
pub fn document(root: &Path) -> Result<Value, String> {
    let mut document = openapi::document(padron_api::endpoints());
    let mut samples = Vec::new();
    for endpoint in padron_api::endpoints().filter(|endpoint| endpoint.route.method.is_some()) {
        let function = endpoint.route.function;
        let request = read(root, &format!("events/{function}.json").into())?;
        let answer = read(root, &answer_path(function))?;
        let (Some(request), Some(answer)) = (request, answer) else { continue };
        let answer = serde_json::from_value(answer).map_err(|error| format!("{function}: {error}"))?;
        samples.push(Sample { endpoint, request, answer });
    }
    for sample in &samples {
        let Some(operation) = operation(&mut document, sample.endpoint) else { continue };
        examples::add(operation, sample);
        links::add(operation, sample);
    }
    examples::add_to_schemas(&mut document);
    shared_responses::share(&mut document);
    Ok(document)
}

/// Reads a JSON file; `None` if it does not exist.
fn read(root: &Path, path: &PathBuf) -> Result<Option<Value>, String> {
    let text = match std::fs::read_to_string(root.join(path)) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(format!("{}: {error}", path.display())),
    };
    serde_json::from_str(&text).map(Some).map_err(|error| format!("{}: {error}", path.display()))
}

/// Returns the operation of an endpoint.
fn operation<'d>(document: &'d mut Value, endpoint: &Registration) -> Option<&'d mut Value> {
    let method = endpoint.route.method?.name().to_lowercase();
    document.get_mut("paths")?.get_mut(endpoint.route.path)?.get_mut(method)
}

/// Returns the description of the content of a body of a media type.
fn content<'o>(body: Option<&'o mut Value>, media_type: &str) -> Option<&'o mut Value> {
    body?.get_mut("content")?.get_mut(media_type)
}
