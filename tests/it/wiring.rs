//! One truth: an endpoint's route, access and store actions stand in its code. Everything else that has to agree with them
//! is compared here, and a difference is answered with the block to paste.

use std::{
    collections::{BTreeMap, BTreeSet, HashMap},
    fs,
};

use lambda_http::aws_lambda_events::apigw::{ApiGatewayV2httpRequest, ApiGatewayV2httpResponse};
use padron_emulator::Template;
use padron_http::{BASE_PATH, JobContext, JobRegistration, Method, Registration, Rule};
use padron_local::demo;
use padron_store::{Action, On, Store};
use padron_testkit::TestApp;
use serde_json::{Value, json};
use serde_yaml_ng::Value as Yaml;
use tokio::time::{Duration, Instant};

use crate::support::{ACME, app, owner, root, sample_token, with_demo_data};

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_default()
}

/// Fails with every difference at once, and what to do about it.
fn agree(differences: &[String]) {
    assert!(differences.is_empty(), "\n\n{}\n", differences.join("\n\n"));
}

/// The sample request of an endpoint, `events/<function>.json`.
pub(crate) fn sample_event(endpoint: &Registration) -> Value {
    let path = format!("events/{}.json", endpoint.route.function);
    serde_json::from_str(&read(&path)).unwrap_or_else(|error| {
        panic!(
            "\n\n{path}: {error}. It holds the request that the endpoint answers with success:\n\n{}\n",
            template_event(endpoint)
        )
    })
}

fn template_event(endpoint: &Registration) -> String {
    let route = endpoint.route;
    let method = route.method.map_or("GET", |method| method.name());
    let path = format!("{BASE_PATH}{}", route.path.replace("{organizationId}", demo::ACME));
    let route_key =
        route.method.map_or("$default".into(), |method| format!("{} {}", method.name(), route.path));
    let parameters: serde_json::Map<_, _> = route
        .parameters()
        .map(|name| (name.to_owned(), json!(if name == "organizationId" { demo::ACME } else { "…" })))
        .collect();
    let event = json!({
        "version": "2.0", "routeKey": route_key, "rawPath": path, "rawQueryString": "",
        "headers": { "authorization": "Bearer <your_token>", "host": "abcdefghij.execute-api.us-east-1.amazonaws.com" },
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdefghij", "stage": "api", "routeKey": route_key,
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0" },
            "requestId": "JKJaXmPLvHcESHA=", "time": "12/Mar/2026:19:03:58 +0000", "timeEpoch": 1_773_342_238_000_u64,
        },
        "pathParameters": parameters, "isBase64Encoded": false,
    });
    format!("{event:#}")
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
        // A parameter at one place of the path has one name: matchit, which `cargo lambda watch` routes with, wants it so.
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

/// Every Lambda function: its name, its type, and what serves it.
fn functions() -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
    let endpoints =
        padron_api::endpoints().map(|endpoint| (endpoint.route.function, (endpoint.type_name)(), "serve"));
    let jobs = padron_api::jobs().map(|job| (job.function, (job.type_name)(), "serve_job"));
    endpoints.chain(jobs)
}

#[test]
fn every_endpoint_has_its_binary() {
    let mut differences = Vec::new();
    let mut binaries = BTreeMap::new();
    for package in fs::read_dir(root().join("functions")).unwrap() {
        let package = package.unwrap().path();
        let name = package.file_name().unwrap().to_string_lossy().into_owned();
        let manifest: toml::Table = fs::read_to_string(package.join("Cargo.toml")).unwrap().parse().unwrap();
        assert_eq!(
            manifest["package"]["name"].as_str(),
            Some(&*format!("padron-{name}")),
            "`make build` counts on it"
        );
        let declared = manifest.get("bin").and_then(toml::Value::as_array).cloned().unwrap_or_default();
        for bin in declared {
            binaries.insert(bin["name"].as_str().unwrap().to_owned(), (name.clone(), bin));
        }
        for file in fs::read_dir(package.join("src/bin")).into_iter().flatten() {
            let stem = file.unwrap().path().file_stem().unwrap().to_string_lossy().into_owned();
            if !functions().any(|(function, ..)| function == stem) {
                differences
                    .push(format!("functions/{name}/src/bin/{stem}.rs serves no endpoint: delete it."));
            }
        }
    }
    for (function, type_name, serve) in functions() {
        let package = type_name.split("::").next().unwrap().trim_start_matches("padron_").replace('_', "-");
        let source = format!(
            "//! The Lambda function `{function}`.\nfn main() -> padron_http::Exit {{\n    padron_http::{serve}::<{type_name}>()\n}}\n"
        );
        let path = format!("functions/{package}/src/bin/{function}.rs");
        if read(&path) != source {
            differences.push(format!("{path} must be:\n\n{source}"));
        }
        let block = format!("[[bin]]\nname = \"{function}\"\ntest = false\ndoc = false\nbench = false\n");
        let expected: toml::Table = block.parse().unwrap();
        if binaries.remove(function) != Some((package.clone(), expected["bin"][0].clone())) {
            differences.push(format!("functions/{package}/Cargo.toml must have:\n\n{block}"));
        }
    }
    differences.extend(binaries.keys().map(|name| format!("[[bin]] {name} serves no endpoint: delete it.")));
    agree(&differences);
}

#[test]
fn cargo_lambda_watch_routes_to_every_endpoint() {
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for endpoint in padron_api::endpoints() {
        for method in endpoint.route.methods() {
            let entry = format!("{{ method = \"{method}\", function = \"{}\" }}", endpoint.route.function);
            paths.entry(format!("{BASE_PATH}{}", endpoint.route.path)).or_default().push(entry);
        }
    }
    let lines: Vec<_> =
        paths.iter().map(|(path, entries)| format!("\"{path}\" = [{}]", entries.join(", "))).collect();
    let block = lines.join("\n");
    let manifest: toml::Table = read("Cargo.toml").parse().unwrap();
    let router = &manifest["workspace"]["metadata"]["lambda"]["watch"]["router"];
    let expected: toml::Table = block.parse().unwrap();
    assert!(
        router.as_table() == Some(&expected),
        "\n\nCargo.toml must have:\n\n[workspace.metadata.lambda.watch.router]\n{block}\n"
    );
}

/// `get-organization` as CloudFormation names it: `GetOrganization`.
fn logical_id(function: &str) -> String {
    function.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// What stands in `template.yaml` for an endpoint.
fn endpoint_block(endpoint: &Registration) -> String {
    let route = endpoint.route;
    let event = |name: &str, properties: &str| {
        format!("{name}: {{ Type: HttpApi, Properties: {{ ApiId: !Ref Api{properties} }} }}")
    };
    let mut events: Vec<String> = Vec::new();
    for method in route.methods() {
        let name = if method == Method::HEAD { "Head" } else { "Api" };
        events.push(event(name, &format!(", Method: {method}, Path: \"{}\"", route.path)));
    }
    if route.method.is_none() {
        events.push(event("Api", ""));
    }
    let event = events.join("\n        ");
    let memory = match endpoint.memory {
        Registration::MEMORY => String::new(),
        memory => format!("      MemorySize: {memory}\n"),
    };
    function_block(route.function, &endpoint.actions(), &event, &memory)
}

/// What stands there for a job. A run ends itself before its function's time is over.
fn job_block(job: &JobRegistration) -> String {
    let event = format!("Clock: {{ Type: Schedule, Properties: {{ Schedule: {} }} }}", job.schedule);
    function_block(job.function, &job.actions(), &event, "      Timeout: 300\n")
}

fn function_block(function: &str, actions: &[Action], event: &str, more: &str) -> String {
    let id = logical_id(function);
    let mut block = format!(
        "  {id}Function:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: target/lambda/{function}/\n{more}      \
         LoggingConfig: {{ LogGroup: !Ref {id}Logs }}\n"
    );
    if !actions.is_empty() {
        block.push_str("      Policies:\n        - Statement:\n");
        for (on, actions) in by_resource(actions) {
            let names: Vec<_> = actions.iter().map(|name| format!("\"{name}\"")).collect();
            let resource = match on {
                On::Table => "!GetAtt Table.Arn".to_owned(),
                On::Index(index) => format!("!Sub \"${{Table.Arn}}/index/{index}\""),
            };
            block.push_str(&format!(
                "            - {{ Effect: Allow, Action: [{}], Resource: {resource} }}\n",
                names.join(", ")
            ));
        }
    }
    block
        + &format!(
            "      Events:\n        {event}\n  {id}Logs:\n    Type: AWS::Logs::LogGroup\n    Properties: {{ \
             RetentionInDays: !Ref LogRetentionDays }}\n"
        )
}

fn by_resource(actions: &[Action]) -> BTreeMap<On, Vec<&'static str>> {
    let mut resources: BTreeMap<On, Vec<&'static str>> = BTreeMap::new();
    for action in actions {
        resources.entry(action.on).or_default().push(action.name);
    }
    resources
}

#[test]
fn the_template_deploys_every_endpoint_with_exactly_its_rights() {
    let template = Template::read(&root()).unwrap();
    let globals: Yaml = serde_yaml_ng::from_str(&read("template.yaml")).unwrap();
    assert_eq!(globals["Globals"]["Function"]["MemorySize"], Registration::MEMORY, "of endpoint.rs");
    let resources: BTreeMap<&str, &Yaml> = template.resources().collect();
    let mut differences = Vec::new();
    let mut expected_ids = BTreeSet::new();
    let blocks = padron_api::endpoints().map(endpoint_block).chain(padron_api::jobs().map(job_block));
    for block in blocks {
        let expected: Yaml = serde_yaml_ng::from_str(&block).unwrap();
        let expected = expected.as_mapping().unwrap();
        expected_ids.extend(expected.keys().map(|id| id.as_str().unwrap().to_owned()));
        if expected
            .iter()
            .any(|(id, resource)| resources.get(id.as_str().unwrap()).copied() != Some(resource))
        {
            differences.push(format!("template.yaml must have:\n\n{block}"));
        }
    }
    let functions: Vec<_> =
        resources.iter().filter(|(_, resource)| resource["Type"] == "AWS::Serverless::Function").collect();
    for (id, _) in &functions {
        if !expected_ids.contains(**id) {
            differences.push(format!("template.yaml deploys {id}, which is no endpoint: delete it."));
        }
    }
    agree(&differences);
    // A function becomes itself, a role and a permission for each event.
    let events =
        |(_, function): &(&&str, &&Yaml)| function["Properties"]["Events"].as_mapping().unwrap().len();
    let permissions: usize = functions.iter().map(events).sum();
    let deployed = resources.len() + functions.len() + permissions + 2;
    assert!(deployed < 400, "{deployed} resources of the 500 that CloudFormation takes in one stack");
}

#[test]
fn the_description_is_what_the_code_says() {
    let fresh = format!("{:#}\n", padron_http::openapi::document(padron_api::endpoints()));
    assert!(
        read("openapi.json") == fresh,
        "\n\nopenapi.json is not what the code says any more: run `make openapi`.\n"
    );
}

#[test]
fn the_description_names_every_route_and_every_refusal() {
    let document = padron_http::openapi::document(padron_api::endpoints());
    for endpoint in padron_api::endpoints() {
        let Some(method) = endpoint.route.method else { continue };
        let operation = &document["paths"][endpoint.route.path][method.name().to_lowercase()];
        let name = endpoint.route.function;
        assert_eq!(operation["operationId"], name);
        let responses = operation["responses"].as_object().unwrap();
        assert!(responses.keys().any(|status| status.starts_with('2')), "{name}");
        let expected: &[&str] = match endpoint.rule {
            Rule::Anonymous => &["500"],
            Rule::SignedIn => &["401", "500", "503"],
            Rule::OneSelf => &["400", "401", "403", "500", "503"],
            Rule::Member(_) | Rule::AdminOrSelf => &["400", "401", "403", "404", "500", "503"],
            Rule::CredentialMember | Rule::TenantMember | Rule::MemberOfTenant => {
                &["400", "401", "403", "500", "503"]
            }
        };
        for status in expected {
            assert!(responses.contains_key(*status), "{name} {status}");
        }
        assert_eq!(operation.get("security").is_some(), endpoint.rule != Rule::Anonymous, "{name}");
    }
}

#[tokio::test]
async fn every_sample_event_is_the_endpoints_and_is_answered_with_success() {
    let mut known = BTreeSet::new();
    for endpoint in padron_api::endpoints() {
        let route = endpoint.route;
        let function = route.function;
        known.insert(format!("{function}.json"));
        let mut event = sample_event(endpoint);
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
                .captures(path.strip_prefix(BASE_PATH).unwrap())
                .unwrap_or_else(|| panic!("{function} {path}"));
            let captures: HashMap<String, String> =
                captures.into_iter().map(|(name, value)| (name.into(), value.into())).collect();
            assert_eq!(typed.path_parameters, captures, "{function}");
        }

        let app = app().await;
        if function == "restore-organization" {
            assert_eq!(app.call("DELETE", ACME).user(owner()).send().await.status, 204);
        }
        if endpoint.rule != Rule::Anonymous {
            assert_eq!(
                event["headers"]["authorization"], "Bearer <your_token>",
                "{function}: no token is committed"
            );
            event["headers"]["authorization"] = json!(format!("Bearer {}", sample_token(&app, function)));
            if matches!(endpoint.rule, Rule::TenantMember | Rule::MemberOfTenant) {
                event["headers"]["token"] = json!(app.token(owner()));
            }
        }
        app.recorded();
        let answer = app.answer(endpoint, &event.to_string()).await;
        let expected = if route.method.is_some() { 200..300 } else { 404..405 };
        assert!(expected.contains(&answer.status), "{function}: {answer:?}");

        let declared: BTreeSet<Action> = endpoint.actions().into_iter().collect();
        for (action, index) in app.recorded().iter().flat_map(|request| request.actions()) {
            let on = |on: On| match (&index, on) {
                (None, On::Table) => true,
                (Some(index), On::Index(known)) => index == known,
                _ => false,
            };
            let allowed = declared.iter().any(|known| known.name == action && on(known.on));
            assert!(allowed, "{function} uses {action} on {index:?}: declare it in its ACTIONS");
        }
    }
    for job in padron_api::jobs() {
        known.insert(format!("{}.json", job.function));
        let event: Value = serde_json::from_str(&read(&format!("events/{}.json", job.function))).unwrap();
        assert_eq!(event["detail-type"], "Scheduled Event", "{}", job.function);
        let app = app().await;
        let store = Store::new(&app.proxied_connection());
        let cx = JobContext::new(&store, app.clock.now(), Instant::now() + Duration::from_secs(60));
        (job.run)(&cx).await.unwrap();
    }
    for file in fs::read_dir(root().join("events")).unwrap() {
        let name = file.unwrap().file_name().into_string().unwrap();
        assert!(known.contains(&name), "events/{name} is no endpoint's: delete it.");
    }
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
