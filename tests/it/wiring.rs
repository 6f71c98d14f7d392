//! Tests that everything derived from the endpoints agrees with their code.
//!
//! An endpoint's route, access and store actions are defined in its code. The other files that repeat them are compared with it here, and a
//! failure says how to update them.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
    path::{Path, PathBuf},
};

use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use padron_http::{Registration, Source, Trigger};
use padron_local::{event_sources, wire};
use padron_testkit::TestApp;
use serde_json::Value;
use serde_yaml_ng::Value as Yaml;
use tokio::time::Duration;

use crate::{
    deploy::transformed,
    examples,
    support::{app_for_sample, root, sample_request, with_demo_data},
};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// Asserts that there are no differences, and shows all of them otherwise.
fn assert_no_differences(differences: &[String]) {
    assert!(differences.is_empty(), "\n\n{}\n", differences.join("\n\n"));
}

/// Returns the sample request of an endpoint, `events/<function>.json`.
pub(crate) fn sample_event(endpoint: &Registration) -> Value {
    let path = format!("events/{}.json", endpoint.route.function);
    serde_json::from_str(&read(&path)).unwrap_or_else(|error| {
        panic!("{path}: {error}. Run `make wire`, then complete it: it is a request that the endpoint answers with success")
    })
}

#[test]
fn names_and_routes_do_not_collide() {
    let mut functions = BTreeSet::new();
    let mut places: HashMap<String, &str> = HashMap::new();
    let mut routes = BTreeSet::new();
    for endpoint in padron_api::endpoints() {
        let route = endpoint.route;
        assert!(functions.insert(route.function), "two endpoints are called {}", route.function);
        assert!(
            routes.insert((route.path, route.method)),
            "two endpoints share {:?} {}",
            route.method,
            route.path
        );
        // Parameters at the same position of the path must have the same name: matchit, the router of `cargo lambda watch`, requires it.
        let mut before = String::new();
        for segment in route.path.split('/') {
            if segment.starts_with('{') {
                let name = *places.entry(before.clone()).or_insert(segment);
                assert_eq!(name, segment, "the parameter after {before} of {}", route.path);
                before.push_str("/{}");
            } else {
                before.push('/');
                before.push_str(segment);
            }
        }
    }
}

#[test]
fn every_file_that_repeats_the_endpoints_is_up_to_date() {
    let outdated = wire::outdated_files(&root()).unwrap();
    let paths: Vec<String> = outdated.iter().map(|file| file.path.display().to_string()).collect();
    assert!(
        outdated.is_empty(),
        "\n\nThese files are not what the endpoints say any more: run `make wire`.\n{}\n",
        paths.join("\n")
    );
}

/// Collects the types of a package that implement `Endpoint`, with module path and source file, from its source files.
fn implementations(folder: &Path, module: &str, found: &mut BTreeMap<String, PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let stem = path.file_stem().unwrap().to_string_lossy().into_owned();
        if path.is_dir() && stem != "bin" {
            implementations(&path, &format!("{module}::{stem}"), found);
        } else if path.is_file() {
            let module =
                if matches!(&*stem, "lib" | "mod") { module.into() } else { format!("{module}::{stem}") };
            for line in fs::read_to_string(&path).unwrap().lines() {
                if let Some(name) = line.strip_prefix("impl Endpoint for ") {
                    found.insert(format!("{module}::{}", name.trim_end_matches(" {")), path.clone());
                }
            }
        }
    }
}

#[test]
fn every_endpoint_in_the_source_is_registered() {
    let mut written = BTreeMap::new();
    for package in fs::read_dir(root().join("functions")).unwrap() {
        let package = package.unwrap().path();
        let name = package.file_name().unwrap().to_string_lossy().replace('-', "_");
        implementations(&package.join("src"), &format!("padron_{name}"), &mut written);
    }
    let registered: BTreeSet<String> =
        padron_api::endpoints().map(|endpoint| (endpoint.type_name)().to_owned()).collect();
    written.retain(|type_name, _| !registered.contains(type_name));
    let differences: Vec<String> = written
        .iter()
        .map(|(type_name, path)| {
            let (package, rest) = type_name.split_once("::").unwrap();
            let module = rest.rsplit("::").nth(1).unwrap();
            format!(
                "{} is not registered. The package {package} needs these two lines, then run `make wire`:\n\n\
                 pub mod {module};\n    Registration::of::<{rest}>(),",
                path.strip_prefix(root()).unwrap().display()
            )
        })
        .collect();
    assert_no_differences(&differences);
}

/// The maximum number of resources of the template. CloudFormation allows 500 in a stack; the rest is kept free for resources without a
/// function.
const MAX_RESOURCES: usize = 420;

#[test]
fn the_stack_has_room_to_grow() {
    let template = transformed(&[]);
    let resources = template["Resources"].as_object().unwrap();
    assert!(resources.len() <= MAX_RESOURCES, "{} resources", resources.len());
    let endpoints = padron_api::endpoints().count();
    let of_endpoints = resources.keys().filter(|id| {
        let is_of = |endpoint: &Registration| {
            id.strip_prefix(&*wire::logical_id(endpoint.route.function))
                .is_some_and(|rest| matches!(rest, "Function" | "FunctionRole" | "Permission"))
        };
        padron_api::endpoints().any(is_of)
    });
    assert_eq!(of_endpoints.count(), 3 * endpoints, "a function, its role, and the permission to invoke it");
    assert!(
        !resources.values().any(|resource| resource["Type"] == "AWS::Logs::LogGroup"
            && resource["Properties"]["RetentionInDays"].is_null()),
        "every log group has a retention"
    );
}

#[test]
fn the_template_s_defaults_are_the_codes() {
    let globals: Yaml = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    let function = &globals["Globals"]["Function"];
    assert_eq!(function["MemorySize"], Registration::MEMORY, "of endpoint.rs");
    assert_eq!(function["Timeout"], Registration::TIME_LIMIT + 1, "a second more than in endpoint.rs");
}

#[test]
fn the_description_is_valid_and_asks_for_tokens_where_the_code_does() {
    let document = padron_http::openapi::document(padron_api::endpoints());
    let schema: Value = serde_json::from_str(&read("tests/seeds/openapi-3.1-schema.json")).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> =
        validator.iter_errors(&document).map(|error| format!("{} {error}", error.instance_path())).collect();
    assert_no_differences(&errors);
    for endpoint in padron_api::endpoints() {
        let Some(method) = endpoint.route.method else { continue };
        let operation = &document["paths"][endpoint.route.path][method.name().to_lowercase()];
        let is_public = operation["security"].as_array().is_some_and(Vec::is_empty);
        assert_eq!(is_public, endpoint.is_public, "{}", endpoint.route.function);
    }
}

#[tokio::test]
async fn every_sample_event_is_the_endpoints_and_is_answered_with_success() {
    let mut differences = Vec::new();
    for endpoint in padron_api::endpoints() {
        let route = endpoint.route;
        let function = route.function;
        let event = sample_event(endpoint);
        let typed: ApiGatewayV2httpRequest = serde_json::from_value(event.clone()).unwrap();
        let path = typed.raw_path.unwrap();
        if let Some(method) = route.method {
            assert_eq!(typed.request_context.http.method.as_str(), method.name(), "{function}");
            assert_eq!(
                typed.route_key.as_deref(),
                Some(&*format!("{} {}", method.name(), route.path)),
                "{function}"
            );
            let captures = route
                .captures(path.strip_prefix(route.base()).unwrap())
                .unwrap_or_else(|| panic!("{function} {path}"));
            let captures: HashMap<String, String> =
                captures.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            assert_eq!(typed.path_parameters, captures, "{function}");
        }

        if !endpoint.is_public {
            let (header, placeholder) = match endpoint.requires_key {
                true => ("x-api-key", "<your_api_key>"),
                false => ("authorization", "Bearer <your_token>"),
            };
            assert_eq!(event["headers"][header], placeholder, "{function}: no credential is committed");
        }
        let app = app_for_sample(endpoint).await;
        let event = sample_request(&app, endpoint);
        let response = app.response(endpoint, &event.to_string()).await;
        // Browsers are sent elsewhere.
        let expected = if route.method.is_some() { 200..304 } else { 404..405 };
        assert!(expected.contains(&response.status), "{function}: {response:?}");
        if route.method.is_some() {
            differences.extend(examples::compare(function, &response, app.clock.now()));
        }
    }
    assert_no_differences(&differences);
    let app = TestApp::of(padron_api::endpoints()).delivers(padron_api::background()).issues_tokens();
    let app = app.build().await;
    for function in padron_api::background() {
        let event: Value =
            serde_json::from_str(&read(&format!("events/{}.json", function.function))).unwrap();
        let (member, expected) = match function.trigger {
            Trigger::Schedule(_) => (&event["detail-type"], "Scheduled Event"),
            Trigger::Source(Source::Events) => (&event["Records"][0]["eventSource"], "aws:dynamodb"),
            Trigger::Source(Source::DeliveryQueue) => (&event["Records"][0]["eventSource"], "aws:sqs"),
        };
        assert_eq!(member, expected, "{}", function.function);
        let cx = app.background(function, Duration::from_secs(60));
        app.run_in(&cx, function, &event).await.unwrap();
    }
}

#[test]
fn the_local_stack_knows_every_schedule() {
    for function in padron_api::background() {
        if let Trigger::Schedule(schedule) = function.trigger {
            assert!(event_sources::rate(schedule).is_some(), "{schedule}: say in `rate` what it means");
        }
    }
    assert_eq!(event_sources::rate("rate(5 minutes)"), Some(Duration::from_secs(300)));
    assert_eq!(event_sources::rate("cron(0 12 * * ? *)"), None);
}

#[tokio::test]
async fn answers_are_what_api_gateway_and_its_emulators_take() {
    let app = with_demo_data(TestApp::start(padron_api::endpoints()).await).await;
    for (function, status) in [("health", 200), ("get-organization", 401), ("not-found", 404)] {
        let endpoint = app.endpoint(function);
        let event = sample_event(endpoint).to_string();
        let response = app.respond(endpoint, &event).await;
        let typed: ApiGatewayV2httpResponse = serde_json::from_value(response).unwrap();
        assert_eq!(typed.status_code, status);
        assert!(typed.headers.contains_key("content-type"));
    }
}

#[test]
fn nothing_scans_and_nothing_is_allowed_in_bulk() {
    let template = read("template.yaml");
    for forbidden in [
        "dynamodb:Scan",
        "dynamodb:*",
        "Action: \"*\"",
        "Resource: \"*\"",
        "PolicyTemplate",
        "DynamoDBCrudPolicy",
    ] {
        assert!(!template.contains(forbidden), "{forbidden}");
    }
}

/// Returns whether a source file in the folder has unit tests.
fn has_unit_tests(folder: &Path) -> bool {
    fs::read_dir(folder).into_iter().flatten().flatten().any(|entry| {
        let path = entry.path();
        let is_source = path.extension().is_some_and(|extension| extension == "rs");
        has_unit_tests(&path) || is_source && fs::read_to_string(&path).unwrap().contains("#[cfg(test)]")
    })
}

#[test]
fn every_package_with_unit_tests_runs_them() {
    for folder in ["functions", "shared"] {
        for package in fs::read_dir(root().join(folder)).unwrap().flatten() {
            let manifest = fs::read_to_string(package.path().join("Cargo.toml")).unwrap_or_default();
            let library = manifest.split("\n[").find(|section| section.starts_with("lib]"));
            let is_run = !library.is_some_and(|library| library.lines().any(|line| line == "test = false"));
            assert!(
                is_run || !has_unit_tests(&package.path().join("src")),
                "{:?} has unit tests that never run: remove `test = false` from its Cargo.toml",
                package.path()
            );
        }
    }
}
