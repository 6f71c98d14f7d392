//! `make wire`: writes the files that repeat the list of endpoints, jobs and consumers.
//!
//! These are the binaries and their entries in the manifests, the router of `cargo lambda watch`, the functions of `template.yaml`, the
//! sample events and `openapi.json`. All of them are derived from the endpoints. The tests compare them with the endpoints, and this module writes them.

use std::{
    collections::{BTreeMap, BTreeSet},
    fmt::Write as _,
    fs,
    path::{Path, PathBuf},
};

use padron_http::{BASE_PATH, BackgroundRegistration, Registration, Route, Source, Trigger, Variable};
use padron_store::{Action, Resource};
use serde_json::json;

use crate::{demo, description};

/// A file that is derived from the endpoints.
#[derive(Debug, PartialEq, Eq)]
pub struct WiredFile {
    /// The path, relative to the repository.
    pub path: PathBuf,
    /// The content; `None` if the file belongs to no endpoint and is to be deleted.
    pub content: Option<String>,
}

/// A Lambda function, with what the derived files need.
struct Function {
    /// The name of the function and of its binary.
    name: &'static str,
    /// The package, without its prefix: `organizations`.
    package: String,
    /// The path of the type of the endpoint, the job or the consumer.
    type_name: &'static str,
    /// The function of `padron_http` that serves it.
    serve: &'static str,
}

/// Returns the functions of all endpoints, jobs and consumers.
fn functions() -> Vec<Function> {
    let package_of = |type_name: &str| {
        let package = type_name.split("::").next().unwrap_or_default();
        package.trim_start_matches("padron_").replace('_', "-")
    };
    let function = |name, type_name: &'static str, serve| Function {
        name,
        package: package_of(type_name),
        type_name,
        serve,
    };
    let endpoints = padron_api::endpoints()
        .map(|endpoint| function(endpoint.route.function, (endpoint.type_name)(), "serve"));
    let background = padron_api::background().map(|background| {
        let serve = match background.trigger {
            Trigger::Schedule(_) => "serve_job",
            Trigger::Source(_) => "serve_consumer",
        };
        function(background.function, (background.type_name)(), serve)
    });
    endpoints.chain(background).collect()
}

/// Returns the derived files that differ from the endpoints.
///
/// # Errors
///
/// Fails if a file cannot be read, or lacks the place of its derived part.
pub fn outdated_files(root: &Path) -> Result<Vec<WiredFile>, String> {
    let mut files = binaries(root)?;
    files.extend(manifests(root)?);
    files.push(router(root)?);
    files.push(template(root)?);
    files.extend(sample_events(root)?);
    let description = description::document(root)?;
    files.push(WiredFile { path: "openapi.json".into(), content: Some(format!("{description:#}\n")) });
    files.retain(|file| fs::read_to_string(root.join(&file.path)).ok() != file.content);
    Ok(files)
}

/// Writes the derived files that differ from the endpoints, and prints their paths.
///
/// # Errors
///
/// Fails like [`outdated_files`], or if a file cannot be written.
pub fn write(root: &Path) -> Result<(), String> {
    let outdated = outdated_files(root)?;
    for WiredFile { path, content } in &outdated {
        let full = root.join(path);
        let written = match content {
            Some(content) => {
                let folder = full.parent().map_or(Ok(()), fs::create_dir_all);
                folder.and_then(|()| fs::write(&full, content))
            }
            None => fs::remove_file(&full),
        };
        written.map_err(|error| format!("{}: {error}", path.display()))?;
        println!("{} {}", if content.is_some() { "wrote" } else { "deleted" }, path.display());
    }
    if outdated.is_empty() {
        println!("Everything is wired.");
    }
    Ok(())
}

fn read(root: &Path, path: &Path) -> Result<String, String> {
    fs::read_to_string(root.join(path)).map_err(|error| format!("{}: {error}", path.display()))
}

/// Returns the names of the files in a folder; none if the folder does not exist.
fn file_names(folder: &Path) -> Result<Vec<String>, String> {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => return Err(format!("{}: {error}", folder.display())),
    };
    let names = entries.flatten().map(|entry| entry.file_name().to_string_lossy().into_owned());
    Ok(names.collect())
}

/// Returns the packages of `functions/`, sorted by name.
fn packages(root: &Path) -> Result<Vec<String>, String> {
    let mut names = file_names(&root.join("functions"))?;
    names.sort();
    Ok(names)
}

/// Returns the source of each function's binary, and the binaries to delete.
fn binaries(root: &Path) -> Result<Vec<WiredFile>, String> {
    let functions = functions();
    let path = |package: &str, name: &str| PathBuf::from(format!("functions/{package}/src/bin/{name}.rs"));
    let binary = |Function { name, package, type_name, serve }: &Function| WiredFile {
        path: path(package, name),
        content: Some(format!(
            "//! The Lambda function `{name}`.\nfn main() -> padron_http::Exit {{\n    padron_http::{serve}::<{type_name}>()\n}}\n"
        )),
    };
    let mut files: Vec<WiredFile> = functions.iter().map(binary).collect();
    for package in packages(root)? {
        for file in file_names(&root.join(format!("functions/{package}/src/bin")))? {
            let name = file.trim_end_matches(".rs");
            if !functions.iter().any(|function| function.package == package && function.name == name) {
                files.push(WiredFile { path: path(&package, name), content: None });
            }
        }
    }
    Ok(files)
}

/// Returns the manifests of the packages. The `[[bin]]` tables stand before `[lints]`, in the order of the endpoints.
fn manifests(root: &Path) -> Result<Vec<WiredFile>, String> {
    let functions = functions();
    let mut files = Vec::new();
    for package in packages(root)? {
        let path = PathBuf::from(format!("functions/{package}/Cargo.toml"));
        let manifest = read(root, &path)?;
        let (mut head, rest) = manifest
            .split_once("[lints]\n")
            .ok_or_else(|| format!("{} has no table [lints]", path.display()))?;
        head = head.split_once("[[bin]]").map_or(head, |(head, _)| head);
        let mut content = head.to_owned();
        for Function { name, .. } in functions.iter().filter(|function| function.package == package) {
            content.push_str(&format!(
                "[[bin]]\nname = \"{name}\"\ntest = false\ndoc = false\nbench = false\n\n"
            ));
        }
        content.push_str(&format!("[lints]\n{rest}"));
        files.push(WiredFile { path, content: Some(content) });
    }
    Ok(files)
}

/// Returns `Cargo.toml` with the routes of `cargo lambda watch`, one line for each path.
fn router(root: &Path) -> Result<WiredFile, String> {
    const TABLE: &str = "[workspace.metadata.lambda.watch.router]\n";
    let path = PathBuf::from("Cargo.toml");
    let manifest = read(root, &path)?;
    let (head, rest) =
        manifest.split_once(TABLE).ok_or_else(|| format!("Cargo.toml has no table {}", TABLE.trim()))?;
    let rest = rest.find("\n[").map_or("", |next| &rest[next..]);
    let mut paths: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for Registration { route, .. } in padron_api::endpoints() {
        for method in route.methods() {
            let entry = format!("{{ method = \"{method}\", function = \"{}\" }}", route.function);
            paths.entry(format!("{}{}", route.base(), route.path)).or_default().push(entry);
        }
    }
    let lines = paths.iter().map(|(path, entries)| format!("\"{path}\" = [{}]\n", entries.join(", ")));
    Ok(WiredFile { path, content: Some(format!("{head}{TABLE}{}{rest}", lines.collect::<String>())) })
}

/// Converts the name of a function to its logical id in the template: `get-organization` to `GetOrganization`.
pub fn logical_id(name: &str) -> String {
    name.split('-').map(|word| word[..1].to_uppercase() + &word[1..]).collect()
}

/// Returns `template.yaml` with its derived parts. Each stands between two comments, except the lines of the dashboard.
fn template(root: &Path) -> Result<WiredFile, String> {
    let path = PathBuf::from("template.yaml");
    let mut text = read(root, &path)?;
    replace_section(&mut text, "routes", &template_routes())?;
    replace_section(&mut text, "functions", &template_functions())?;
    for metric in ["Invocations", "Errors", "Throttles"] {
        replace_dashboard_lines(&mut text, metric)?;
    }
    Ok(WiredFile { path, content: Some(text) })
}

/// Replaces the text between `# make wire: <name>` and the next `# end of make wire`.
fn replace_section(text: &mut String, name: &str, content: &str) -> Result<(), String> {
    let missing = || format!("template.yaml lacks the section `# make wire: {name}`, or its end");
    let begin = text.find(&format!("# make wire: {name}\n")).ok_or_else(missing)?;
    let begin = begin + text[begin..].find('\n').ok_or_else(missing)? + 1;
    let end = begin + text[begin..].find("# end of make wire").ok_or_else(missing)?;
    // The indentation of the closing comment stays.
    let end = text[..end].rfind('\n').ok_or_else(missing)? + 1;
    text.replace_range(begin..end, content);
    Ok(())
}

/// Replaces the lines of the dashboard widget that shows one metric of every function.
fn replace_dashboard_lines(text: &mut String, metric: &str) -> Result<(), String> {
    let prefix = format!("[\"AWS/Lambda\", \"{metric}\", \"FunctionName\", ");
    let missing = || format!("the dashboard of template.yaml has no line {prefix}…");
    let begin = text.find(&prefix).ok_or_else(missing)?;
    let begin = text[..begin].rfind('\n').ok_or_else(missing)? + 1;
    let end = text.rfind(&prefix).ok_or_else(missing)?;
    // The last line also closes the list of the widget.
    let end = end + text[end..].find("]]}}").ok_or_else(missing)?;
    // The name of a function that is not deployed cannot be shown.
    let is_deployed = |function: &&Function| {
        !padron_api::background().any(|known| known.function == function.name && known.condition.is_some())
    };
    let lines: Vec<String> = functions()
        .iter()
        .filter(is_deployed)
        .map(|function| format!("            {prefix}\"${{{}Function}}\"", logical_id(function.name)))
        .collect();
    text.replace_range(begin..end, &lines.join("],\n"));
    Ok(())
}

/// Returns the routes of the API.
///
/// They are what SAM would generate from an event of type `HttpApi` for each route, without a permission for each.
fn template_routes() -> String {
    let mut paths: Vec<&'static str> = Vec::new();
    for Registration { route, .. } in padron_api::endpoints() {
        if !paths.contains(&route.path) {
            paths.push(route.path);
        }
    }
    let mut text = String::new();
    for path in paths {
        text.push_str(&format!("          \"{path}\":\n"));
        for Registration { route, .. } in
            padron_api::endpoints().filter(|endpoint| endpoint.route.path == path)
        {
            for method in template_methods(route) {
                let parameters: Vec<String> = route
                    .parameters()
                    .map(|name| format!("{{ name: {name}, in: path, required: true }}"))
                    .collect();
                let parameters = match parameters.as_slice() {
                    [] => String::new(),
                    _ => format!("parameters: [{}], ", parameters.join(", ")),
                };
                let is_default = if route.method.is_none() { "isDefaultRoute: true, " } else { "" };
                _ = writeln!(
                    text,
                    "            {method}: {{ {is_default}{parameters}responses: {{}}, x-amazon-apigateway-integration: \
                     {{ type: aws_proxy, httpMethod: POST, payloadFormatVersion: \"2.0\", uri: !Sub \"arn:${{AWS::Partition}}:apigateway:\
                     ${{AWS::Region}}:lambda:path/2015-03-31/functions/${{{}Function.Arn}}/invocations\" }} }}",
                    logical_id(route.function),
                );
            }
        }
    }
    text
}

/// Returns the methods of a route as the template names them.
fn template_methods(route: &Route) -> Vec<String> {
    match route.method {
        Some(_) => route.methods().map(str::to_lowercase).collect(),
        None => vec!["x-amazon-apigateway-any-method".into()],
    }
}

/// Returns the log groups, one for each package, followed by the functions.
fn template_functions() -> String {
    let mut text = String::new();
    let packages: BTreeSet<String> = functions().into_iter().map(|function| function.package).collect();
    for package in packages {
        _ = write!(
            text,
            "  {}FunctionLogs:\n    Type: AWS::Logs::LogGroup\n    Properties: {{ RetentionInDays: !Ref LogRetentionDays }}\n\n",
            logical_id(&package)
        );
    }
    for (function, endpoint) in functions().iter().zip(padron_api::endpoints()) {
        text.push_str(&endpoint_resources(function, endpoint));
    }
    let number_of_endpoints = padron_api::endpoints().count();
    for (function, background) in functions()[number_of_endpoints..].iter().zip(padron_api::background()) {
        text.push_str(&background_resources(function, background));
    }
    text
}

/// Returns the resources of an endpoint: its function, and the permission for the API to invoke it.
fn endpoint_resources(function: &Function, endpoint: &Registration) -> String {
    let memory = match endpoint.memory {
        Registration::MEMORY => String::new(),
        memory => format!("      MemorySize: {memory}\n"),
    };
    let timeout = match endpoint.time_limit.as_secs() {
        limit if limit == u64::from(Registration::TIME_LIMIT) => String::new(),
        limit => format!("      Timeout: {}\n", limit + 1),
    };
    let more = format!("{memory}{timeout}");
    let id = logical_id(function.name);
    format!(
        "{}  {id}Permission:\n    Type: AWS::Lambda::Permission\n    Properties: {{ Action: lambda:InvokeFunction, FunctionName: !Ref {id}Function, \
         Principal: apigateway.amazonaws.com, SourceArn: !Sub \"arn:${{AWS::Partition}}:execute-api:${{AWS::Region}}:${{AWS::AccountId}}:${{Api}}/*\" }}\n\n",
        function_resource(function, &endpoint.actions(), endpoint.variables, &more)
    )
}

/// Returns the resources of a job or a consumer: its function, and what invokes it.
///
/// Event sources are resources of their own, because the ones that SAM makes bring permissions for all tables and queues.
fn background_resources(function: &Function, background: &BackgroundRegistration) -> String {
    let timeout = format!("      Timeout: {}\n", background.timeout);
    let mut text = function_resource(function, &background.actions(), &[], &timeout);
    let id = logical_id(function.name);
    let condition =
        background.condition.map_or_else(String::new, |condition| format!("    Condition: {condition}\n"));
    let kind = "    Type: AWS::Serverless::Function\n";
    text = text.replacen(kind, &format!("{kind}{condition}"), 1);
    let statement = |actions: &[&str], resource: &str| {
        let actions: Vec<String> = actions.iter().map(|action| format!("\"{action}\"")).collect();
        format!("            - {{ Effect: Allow, Action: [{}], Resource: {resource} }}\n", actions.join(", "))
    };
    match background.trigger {
        Trigger::Schedule(schedule) => {
            _ = write!(
                text,
                "      # A run that fails is not tried again: the next one continues.\n      EventInvokeConfig: {{ MaximumRetryAttempts: 0 }}\n      \
                 Events:\n        Clock: {{ Type: Schedule, Properties: {{ Schedule: {schedule} }} }}\n\n"
            );
        }
        Trigger::Source(Source::Events) => {
            text.push_str(&statement(
                &["dynamodb:DescribeStream", "dynamodb:GetRecords", "dynamodb:GetShardIterator"],
                "!GetAtt Table.StreamArn",
            ));
            text.push_str(&statement(&["dynamodb:ListStreams"], "!Sub \"${Table.Arn}/stream/*\""));
            // A queue for each, because what is missed is made up for in different ways.
            let failed = if background.condition.is_some() { "UnpublishedEvents" } else { "FailedEvents" };
            text.push_str(&statement(&["sqs:SendMessage"], &format!("!GetAtt {failed}.Arn")));
            _ = write!(
                text,
                "\n  {id}Source:\n{condition}{EVENTS_SOURCE}      DestinationConfig: {{ OnFailure: {{ Destination: !GetAtt {failed}.Arn }} }}\n      \
                 FunctionName: !Ref {id}Function\n\n"
            );
        }
        Trigger::Source(Source::DeliveryQueue) => {
            text.push_str(&statement(
                &["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"],
                "!GetAtt DeliveryQueue.Arn",
            ));
            _ = write!(
                text,
                "\n  {id}Source:\n{condition}{QUEUE_SOURCE}      FunctionName: !Ref {id}Function\n\n"
            );
        }
    }
    text
}

/// The event source of the audit events: items that are inserted into their partitions. A batch that cannot be handled is halved, and what is
/// left of it after many attempts is kept.
///
/// The batches of a shard are handled one after the other: with more at once, only the changes of the same item would stay in their order.
const EVENTS_SOURCE: &str = r#"    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt Table.StreamArn
      StartingPosition: TRIM_HORIZON
      BatchSize: 100
      BisectBatchOnFunctionError: true
      MaximumRetryAttempts: 50
      FunctionResponseTypes: [ReportBatchItemFailures]
      FilterCriteria: { Filters: [{ Pattern: '{"eventName":["INSERT"],"dynamodb":{"Keys":{"PK":{"S":[{"prefix":"EVENTS#"}]}}}}' }] }
"#;

/// The event source of the delivery queue.
const QUEUE_SOURCE: &str = "    Type: AWS::Lambda::EventSourceMapping
    Properties:
      EventSourceArn: !GetAtt DeliveryQueue.Arn
      BatchSize: 1
      ScalingConfig: { MaximumConcurrency: !Ref DeliveryConcurrency }
      FunctionResponseTypes: [ReportBatchItemFailures]
";

/// Returns the resource of a function. `more` contains further properties of it.
fn function_resource(function: &Function, actions: &[Action], variables: &[Variable], more: &str) -> String {
    let Function { name, package, .. } = function;
    let uses_key = actions.iter().any(|action| matches!(action.on, Resource::EncryptionKey(_)));
    let key = uses_key.then(|| "ENCRYPTION_KEY: !GetAtt EncryptionKey.Arn".to_owned());
    let uses_bucket = actions.iter().any(|action| matches!(action.on, Resource::Bucket | Resource::Objects));
    let bucket = uses_bucket.then(|| "LOGO_BUCKET: !Ref LogoBucket".to_owned());
    let variables = variables.iter().map(|Variable { name, parameter }| format!("{name}: !Ref {parameter}"));
    let environment = match variables.chain(key).chain(bucket).collect::<Vec<_>>().join(", ") {
        none if none.is_empty() => none,
        variables => format!("      Environment: {{ Variables: {{ {variables} }} }}\n"),
    };
    let mut text = format!(
        "  {}Function:\n    Type: AWS::Serverless::Function\n    Properties:\n      CodeUri: target/lambda/{name}/\n{more}{environment}      \
         LoggingConfig: {{ LogGroup: !Ref {}FunctionLogs }}\n",
        logical_id(name),
        logical_id(package)
    );
    if !actions.is_empty() {
        text.push_str("      Policies:\n        - Statement:\n");
    }
    let mut resources: BTreeMap<Resource, Vec<String>> = BTreeMap::new();
    for action in actions {
        resources.entry(action.on).or_default().push(format!("\"{}\"", action.name));
    }
    for (on, names) in resources {
        let mut condition = String::new();
        let resource = match on {
            Resource::Table => "!GetAtt Table.Arn".to_owned(),
            Resource::Index(index) => format!("!Sub \"${{Table.Arn}}/index/{index}\""),
            Resource::DeliveryQueue => "!GetAtt DeliveryQueue.Arn".to_owned(),
            Resource::EventBus => "!Sub \"arn:${AWS::Partition}:events:${AWS::Region}:${AWS::AccountId}:event-bus/${EventBusName}\"".to_owned(),
            Resource::Bucket => "!GetAtt LogoBucket.Arn".to_owned(),
            Resource::Objects => "!Sub \"${LogoBucket.Arn}/*\"".to_owned(),
            Resource::EncryptionKey(purpose) => {
                condition = format!(
                    ", Condition: {{ StringEquals: {{ \"kms:EncryptionContext:purpose\": {purpose} }} }}"
                );
                "!GetAtt EncryptionKey.Arn".to_owned()
            }
        };
        _ = writeln!(
            text,
            "            - {{ Effect: Allow, Action: [{}], Resource: {resource}{condition} }}",
            names.join(", ")
        );
    }
    text
}

/// Returns the sample events to create or delete.
///
/// An existing sample event is not changed. It is created once, and then completed by hand to a request that the endpoint answers with
/// success.
fn sample_events(root: &Path) -> Result<Vec<WiredFile>, String> {
    let path = |name: &str| PathBuf::from(format!("events/{name}.json"));
    let mut files = Vec::new();
    let mut add_if_missing = |name: &str, event: serde_json::Value| {
        if !root.join(path(name)).exists() {
            files.push(WiredFile { path: path(name), content: Some(format!("{event:#}\n")) });
        }
    };
    for endpoint in padron_api::endpoints() {
        add_if_missing(endpoint.route.function, sample_event(endpoint));
    }
    for background in padron_api::background() {
        add_if_missing(background.function, background_event(background.trigger));
    }
    let known = functions();
    for file in file_names(&root.join("events"))? {
        let is_sample = |function: &Function| file == format!("{}.json", function.name);
        if file.ends_with(".json") && !known.iter().any(is_sample) {
            files.push(WiredFile { path: Path::new("events").join(file), content: None });
        }
    }
    Ok(files)
}

/// Returns the event that invokes a job or a consumer.
fn background_event(trigger: Trigger) -> serde_json::Value {
    let (region, account) = ("us-east-1", "123456789012");
    match trigger {
        Trigger::Schedule(_) => json!({ "detail-type": "Scheduled Event", "source": "aws.events" }),
        Trigger::Source(Source::Events) => {
            let event = demo::event();
            let sort_key = json!({ "S": event.id });
            let keys = json!({ "PK": { "S": format!("EVENTS#{}", event.organization) }, "SK": sort_key });
            let mut image = keys.clone();
            image["entity"] = json!({ "S": "event" });
            image["doc"] = json!({ "S": serde_json::to_string(&event).unwrap_or_default() });
            json!({ "Records": [{
                "eventID": "c4ca4238a0b923820dcc509a6f75849b", "eventName": "INSERT", "eventVersion": "1.1",
                "eventSource": "aws:dynamodb", "awsRegion": region,
                "eventSourceARN": format!("arn:aws:dynamodb:{region}:{account}:table/padron/stream/2026-01-15T12:00:00.000"),
                "dynamodb": {
                    "Keys": keys, "NewImage": image, "SequenceNumber": "111000000000000000000001", "SizeBytes": 412,
                    "StreamViewType": "NEW_IMAGE", "ApproximateCreationDateTime": 1_768_478_400,
                },
            }] })
        }
        Trigger::Source(Source::DeliveryQueue) => {
            let event = demo::event();
            let body = json!({
                "organization": event.organization, "webhook": demo::WEBHOOK, "delivery": format!("{}.0", event.id),
                "version": 1, "group": 0,
            });
            json!({ "Records": [{
                "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d", "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
                "body": body.to_string(),
                "attributes": {
                    "ApproximateReceiveCount": "1", "SentTimestamp": "1768478400000",
                    "MessageGroupId": format!("{}#0", demo::WEBHOOK),
                },
                "messageAttributes": {}, "eventSource": "aws:sqs", "awsRegion": region,
                "eventSourceARN": format!("arn:aws:sqs:{region}:{account}:padron-deliveries.fifo"),
            }] })
        }
    }
}

/// Returns the event of a request to an endpoint, to be completed by hand.
fn sample_event(endpoint: &Registration) -> serde_json::Value {
    let route = &endpoint.route;
    let mut headers = json!({ "host": "abcdefghij.execute-api.us-east-1.amazonaws.com" });
    if endpoint.requires_key {
        headers["x-api-key"] = "<your_api_key>".into();
    } else {
        headers["authorization"] = "Bearer <your_token>".into();
    }
    for header in endpoint.headers.iter().filter(|header| header.is_required) {
        headers[header.name.to_ascii_lowercase()] = "…".into();
    }
    let method = route.method.map_or("GET", |method| method.name());
    let value = |name: &str| match name {
        "organizationId" => demo::ACME,
        "keyId" => demo::API_KEY,
        "webhookId" => demo::WEBHOOK,
        "deliveryId" => demo::DELIVERY,
        "clientId" => demo::OAUTH_APP,
        "tokenId" => demo::OAUTH_GRANT,
        "document" => "oauth-authorization-server",
        _ => "…",
    };
    let stage = if route.is_at_root { "$default" } else { &BASE_PATH[1..] };
    let path = route.parameters().fold(format!("{}{}", route.base(), route.path), |path, name| {
        path.replace(&format!("{{{name}}}"), value(name))
    });
    let route_key =
        route.method.map_or("$default".into(), |method| format!("{} {}", method.name(), route.path));
    let parameters: serde_json::Map<_, _> =
        route.parameters().map(|name| (name.to_owned(), json!(value(name)))).collect();
    json!({
        "version": "2.0", "routeKey": route_key, "rawPath": path, "rawQueryString": "",
        "headers": headers,
        "requestContext": {
            "accountId": "123456789012", "apiId": "abcdefghij", "stage": stage, "domainName": "abcdefghij.execute-api.us-east-1.amazonaws.com", "routeKey": route_key,
            "http": { "method": method, "path": path, "protocol": "HTTP/1.1", "sourceIp": "192.0.2.1", "userAgent": "curl/8.5.0" },
            "requestId": "JKJaXmPLvHcESHA=", "time": "12/Mar/2026:19:03:58 +0000", "timeEpoch": 1_773_342_238_000_u64,
        },
        "pathParameters": parameters, "isBase64Encoded": false,
    })
}
