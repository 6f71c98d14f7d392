//! Tests of the deployment that need no AWS account.
//!
//! They cover the template's parameters, the template after the SAM transform, and the commands that `make deploy` runs.

use std::{
    collections::BTreeMap, fs, os::unix::fs::PermissionsExt, path::Path, process::Command, process::Stdio,
};

use padron_http::Settings;
use padron_testkit::Tokens;
use serde_json::Value;
use serde_yaml_ng::Value as Yaml;

use crate::{settings::complete, support::root};

fn template() -> Yaml {
    serde_yaml_ng::from_str(&fs::read_to_string(root().join("template.yaml")).unwrap()).unwrap()
}

/// Returns whether the template accepts this value of a parameter.
fn template_takes(template: &Yaml, parameter: &str, value: &str) -> bool {
    let parameter = &template["Parameters"][parameter];
    assert!(parameter.is_mapping(), "the template has no such parameter");
    let number = |name: &str| parameter[name].as_u64();
    let length = value.chars().count() as u64;
    let matches = parameter["AllowedPattern"].as_str().is_none_or(|pattern| {
        // CloudFormation matches a pattern against the whole value.
        regex_lite::Regex::new(&format!("^(?:{pattern})$")).unwrap().is_match(value)
    });
    let is_one = parameter["AllowedValues"]
        .as_sequence()
        .is_none_or(|values| values.iter().any(|allowed| allowed.as_str() == Some(value)));
    matches
        && is_one
        && number("MinLength").is_none_or(|least| length >= least)
        && number("MaxLength").is_none_or(|most| length <= most)
}

/// Returns whether the functions start with this value of a variable when all other variables are valid.
fn functions_take(variable: &'static str, value: &str) -> bool {
    let mut variables = complete();
    match variable {
        "JWT_JWKS_URL" => variables.insert("JWT_JWKS", String::new()),
        "JWT_CLIENT_ID" => variables.insert("JWT_AUDIENCE", String::new()),
        _ => None,
    };
    variables.insert(variable, value.to_owned());
    Settings::from(&|name| variables.get(name).cloned()).is_ok()
}

#[test]
fn what_functions_refuse_at_start_is_refused_by_the_template_first() {
    let template = template();
    let long = "x".repeat(33);
    let keys = Tokens::default().issuer.jwks().to_string();
    for (parameter, variable, good, bad) in [
        (
            "JwtIssuer",
            "JWT_ISSUER",
            vec!["https://tenant.auth0.com/", "https://accounts.google.com"],
            vec![""],
        ),
        ("JwtAudience", "JWT_AUDIENCE", vec!["https://your.api", "one, two", "a,"], vec![",", " , ", "  "]),
        ("JwtClientId", "JWT_CLIENT_ID", vec!["7lhlkkfbfb4q5kpp90urffao"], vec![",", " "]),
        (
            "JwtJwksUrl",
            "JWT_JWKS_URL",
            vec![
                "https://tenant.auth0.com/.well-known/jwks.json",
                "https://cognito-idp.eu-west-1.amazonaws.com/eu-west-1_a/.well-known/jwks.json",
                "https://login.microsoftonline.com/t/discovery/v2.0/keys?appid=1",
                "https://issuer.example:8443/keys",
            ],
            vec![
                "http://tenant.auth0.com/jwks.json",
                "https://",
                "https://user@host.example/",
                "jwks.json",
                "ftp://x/",
                "https://a b/",
            ],
        ),
        ("JwtJwks", "JWT_JWKS", vec![&keys], vec![]),
        ("RootSecret", "ROOT_SECRET", vec![&long], vec!["", "short", "only 31 characters of a secret."]),
        ("RootSecretPrevious", "ROOT_SECRET_PREVIOUS", vec!["", &long], vec!["short", " "]),
        (
            "AcceptUrl",
            "ACCEPT_URL",
            vec!["", "https://app.example/join?t={token}", "https://app.example/{token}#x"],
            vec!["https://app.example/join", "http://app.example/{token}", "https:// {token}", "{token}"],
        ),
        (
            "SeatsFree",
            "SEATS_FREE",
            vec!["5", "unlimited"],
            vec!["0", "-1", "1.5", "many", "99999999999999999999"],
        ),
        ("SeatsPro", "SEATS_PRO", vec!["50", "unlimited"], vec!["0", "05x"]),
        ("SeatsEnterprise", "SEATS_ENTERPRISE", vec!["unlimited"], vec!["0", "Unlimited"]),
        (
            "CustomerRows",
            "CUSTOMER_ROWS",
            vec!["1", "20000", "100000"],
            vec!["0", "100001", "2.5", "-1", "x"],
        ),
        (
            "JobUnitsPerSecond",
            "JOB_UNITS_PER_SECOND",
            vec!["1", "250"],
            vec!["0", "0.5", "-1", "99999999999"],
        ),
        ("TlsRoots", "TLS_ROOTS", vec!["amazon", "system"], vec!["mine", "Amazon"]),
        ("OauthRegistration", "OAUTH_REGISTRATION", vec!["off", "open"], vec!["on", "Open"]),
        ("FunctionMetrics", "FUNCTION_METRICS", vec!["off", "on"], vec!["yes", "On"]),
        ("OauthClientDocuments", "OAUTH_CLIENT_DOCUMENTS", vec!["off", "on"], vec!["open", "On"]),
    ] {
        for value in good {
            assert!(template_takes(&template, parameter, value), "the template refuses {parameter}={value}");
            assert!(functions_take(variable, value), "functions refuse {variable}={value}");
        }
        for value in bad {
            assert!(!functions_take(variable, value), "functions take {variable}={value}");
            assert!(!template_takes(&template, parameter, value), "the template takes {parameter}={value}");
        }
    }
    let variables = &template["Globals"]["Function"]["Environment"]["Variables"];
    let fed: BTreeMap<&str, &str> = variables
        .as_mapping()
        .unwrap()
        .iter()
        .map(|(name, value)| (name.as_str().unwrap(), value.as_str().unwrap_or_default()))
        .collect();
    assert!(fed.contains_key("TLS_ROOTS") && fed.contains_key("JOB_UNITS_PER_SECOND"), "{fed:?}");
}

/// Lambda's quota for all environment variables of a function together, in bytes.
const MAX_ENVIRONMENT: u64 = 4096;

#[test]
fn the_longest_values_together_are_as_much_as_lambda_takes() {
    let template = template();
    let length_of = |variables: &Yaml| {
        let variables = variables.as_mapping().into_iter().flatten();
        variables.map(|(name, value)| longest(&template, name.as_str().unwrap(), value)).sum::<u64>()
    };
    let of_all = length_of(&template["Globals"]["Function"]["Environment"]["Variables"]);
    let resources = template["Resources"].as_mapping().unwrap().values();
    let of_one =
        resources.map(|one| length_of(&one["Properties"]["Environment"]["Variables"])).max().unwrap();
    // Only one of audience and client id is set, and only one of the key set and its URL.
    let either = |one: &str| template["Parameters"][one]["MaxLength"].as_u64().unwrap();
    let total = of_all + of_one - either("JwtClientId") - either("JwtJwksUrl");
    assert!(of_one > 0 && total <= MAX_ENVIRONMENT, "{of_one} {total}");
}

/// Returns the length of a variable's name and its longest value, in bytes.
fn longest(template: &Yaml, name: &str, value: &Yaml) -> u64 {
    // `!Ref` is a tagged value whose text is the parameter's name.
    let Yaml::Tagged(reference) = value else { panic!("{name} is no reference") };
    let parameter = reference.value.as_str().unwrap();
    let declared = &template["Parameters"][parameter];
    let value = declared["MaxLength"].as_u64().unwrap_or(match parameter {
        // The name of `Table` consists of the stack, the logical id and twelve letters. The pattern or the allowed values of the
        // other parameters limit their length.
        "Table" => 160,
        // The URL of a queue has its region and its account beside such a name.
        "DeliveryQueue" => 160,
        // The ARN of a key has its region and its account beside a UUID.
        "EncryptionKey.Arn" => 90,
        _ => 10,
    });
    name.len() as u64 + value
}

/// Returns the template after the SAM transform. Uses the SAM CLI that `make test` installs.
pub(crate) fn transformed(parameters: &[&str]) -> Value {
    let output = Command::new(root().join(".tools/sam/bin/python"))
        .arg("tests/transform.py")
        .args(parameters)
        .current_dir(root())
        .output()
        .expect("the SAM CLI: `make test` installs it");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    serde_json::from_slice(&output.stdout).unwrap()
}

/// Evaluates the intrinsic functions of CloudFormation that the template's CORS origins use; `None` for `AWS::NoValue`.
fn evaluate(value: &Value, template: &Value, parameters: &BTreeMap<&str, &str>) -> Option<Value> {
    let all = |values: &Value| -> Vec<Value> {
        let values = values.as_array().expect("a list").iter();
        values.filter_map(|value| evaluate(value, template, parameters)).collect()
    };
    let Some((function, argument)) =
        value.as_object().filter(|object| object.len() == 1).and_then(|object| object.iter().next())
    else {
        return Some(if value.is_array() { all(value).into() } else { value.clone() });
    };
    Some(match function.as_str() {
        "Ref" if argument == "AWS::NoValue" => return None,
        "Ref" => (*parameters.get(argument.as_str().unwrap()).expect("a parameter")).into(),
        "Fn::Sub" => {
            let mut text = argument.as_str().unwrap().to_owned();
            for (name, value) in parameters {
                text = text.replace(&format!("${{{name}}}"), value);
            }
            text.into()
        }
        "Fn::Split" => {
            let arguments = all(argument);
            let text = arguments[1].as_str().expect("a text to split");
            text.split(arguments[0].as_str().unwrap()).map(Value::from).collect()
        }
        "Fn::Select" => {
            let arguments = all(argument);
            let index = usize::try_from(arguments[0].as_u64().unwrap()).unwrap();
            arguments[1].get(index).expect("CloudFormation fails where there is nothing to select").clone()
        }
        "Fn::Equals" => {
            let arguments = all(argument);
            (arguments[0] == arguments[1]).into()
        }
        "Fn::Not" => (!all(argument)[0].as_bool().unwrap()).into(),
        "Fn::If" => {
            let condition = &template["Conditions"][argument[0].as_str().unwrap()];
            let holds = evaluate(condition, template, parameters).unwrap().as_bool().unwrap();
            return evaluate(&argument[if holds { 1 } else { 2 }], template, parameters);
        }
        function => panic!("{function}"),
    })
}

#[test]
fn the_origins_of_web_pages_are_a_list() {
    for origins in ["*", "https://a.example", "https://a.example,https://b.example,http://localhost:5173"] {
        let given = format!("CorsOrigins={origins}");
        let template = if origins == "*" { transformed(&[]) } else { transformed(&[&given]) };
        let cors = &template["Resources"]["Api"]["Properties"]["Body"]["x-amazon-apigateway-cors"];
        let allowed = evaluate(&cors["allowOrigins"], &template, &[("CorsOrigins", origins)].into());
        assert_eq!(allowed, Some(origins.split(',').map(Value::from).collect()));
        for list in ["allowMethods", "allowHeaders", "exposeHeaders"] {
            assert!(cors[list].as_array().is_some_and(|list| list.len() > 3), "{list}");
        }
        let exposed = cors["exposeHeaders"].as_array().unwrap();
        for header in ["link", "location", "etag", "x-total-count", "x-complete-until", "idempotent-replayed"]
        {
            assert!(exposed.iter().any(|exposed| exposed == header), "a page cannot read {header}");
        }
    }
}

/// Returns the metrics of a dashboard in full: a `.` repeats the value at the same position of the previous metric.
fn shown_metrics(dashboard: &Value) -> Vec<Vec<String>> {
    let mut shown: Vec<Vec<String>> = Vec::new();
    for widget in dashboard["widgets"].as_array().unwrap() {
        for metric in widget["properties"]["metrics"].as_array().unwrap() {
            let before = shown.last().cloned().unwrap_or_default();
            let parts = metric.as_array().unwrap().iter().filter_map(Value::as_str).enumerate();
            shown.push(
                parts.map(|(at, part)| if part == "." { before[at].clone() } else { part.into() }).collect(),
            );
        }
    }
    shown
}

#[test]
fn alarms_and_dashboard_see_every_index_and_only_this_stack() {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    let template = template();
    let resources = template["Resources"].as_mapping().unwrap();
    let functions: Vec<&str> = resources
        .iter()
        // The name of a function that is not always deployed cannot be shown.
        .filter(|(_, resource)| resource["Condition"].is_null())
        .filter(|(_, resource)| resource["Type"].as_str() == Some("AWS::Serverless::Function"))
        .map(|(id, _)| id.as_str().unwrap())
        .collect();
    let Yaml::Tagged(dashboard) = &template["Resources"]["Dashboard"]["Properties"]["DashboardBody"] else {
        panic!("the dashboard names resources");
    };
    let dashboard = dashboard.value.as_str().unwrap();
    let shown = shown_metrics(&serde_json::from_str(dashboard).expect("the dashboard is JSON"));
    for function in functions {
        for metric in ["Invocations", "Errors", "Throttles"] {
            let line = format!("[\"AWS/Lambda\", \"{metric}\", \"FunctionName\", \"${{{function}}}\"]");
            assert!(dashboard.contains(&line), "add to the dashboard's widget of {metric}: {line}");
        }
    }
    let everywhere = dashboard.matches("\"AWS/Lambda\"").count();
    assert_eq!(everywhere, dashboard.matches("\"FunctionName\", \"${").count(), "of this stack only");
    let alarm = &text[text.find("ThrottledTableAlarm:").unwrap()..text.find("  Dashboard:").unwrap()];
    let indexes =
        template["Resources"]["Table"]["Properties"]["GlobalSecondaryIndexes"].as_sequence().unwrap();
    for index in indexes {
        let name = index["IndexName"].as_str().unwrap();
        for metric in ["ReadThrottleEvents", "WriteThrottleEvents"] {
            let line = ["AWS/DynamoDB", metric, "TableName", "${Table}", "GlobalSecondaryIndexName", name];
            assert!(shown.iter().any(|shown| shown == &line), "the dashboard does not show {line:?}");
            let watched = format!(
                "MetricName: {metric}, Dimensions: [{{ Name: TableName, Value: !Ref Table }}, {{ Name: GlobalSecondaryIndexName, Value: {name} }}]"
            );
            assert!(alarm.contains(&watched), "{metric} of {name}");
        }
    }
    // AWS recommends six times the timeout of the function, so that a message is not handled twice at once.
    let visibility =
        template["Resources"]["DeliveryQueue"]["Properties"]["VisibilityTimeout"].as_u64().unwrap();
    let timeout = template["Resources"]["DeliverWebhookFunction"]["Properties"]["Timeout"].as_u64().unwrap();
    assert_eq!(visibility, 6 * timeout);
    let missing = &template["Resources"]["MissingJobsAlarm"]["Properties"];
    assert_eq!(missing["TreatMissingData"].as_str(), Some("breaching"), "no invocation at all is no data");
}

// `make deploy`

/// Writes an executable that records its arguments in `{name}.called`, and returns its path.
fn stub(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    let script = format!(
        "#!/bin/sh\nfor argument in \"$@\"; do echo \"$argument\"; done >> {}/{name}.called\n",
        folder.display()
    );
    fs::write(&path, script).unwrap();
    fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    path.display().to_string()
}

#[test]
fn a_deployment_asks_nothing_names_everything_and_shows_no_secret() {
    let folder = tempfile::tempdir().unwrap();
    let (lambda, sam) = (stub(folder.path(), "cargo-lambda"), stub(folder.path(), "sam"));
    let secret_file = folder.path().join("made/root-secret");
    let deploy = |more: &[&str]| {
        for name in ["sam", "cargo-lambda"] {
            _ = fs::remove_file(folder.path().join(format!("{name}.called")));
        }
        let output = Command::new("make")
            .args(["deploy", &format!("CARGO_LAMBDA={lambda}"), &format!("SAM={sam}")])
            .arg(format!("ROOT_SECRET_FILE={}", secret_file.display()))
            .args(more)
            .current_dir(root())
            .env_remove("AWS_REGION")
            .env_remove("AWS_DEFAULT_REGION")
            .env("CARGO_TARGET_DIR", "/elsewhere")
            .stdin(Stdio::null())
            .output()
            .unwrap();
        let shown = [output.stdout, output.stderr].concat();
        (output.status.success(), String::from_utf8_lossy(&shown).into_owned())
    };
    let (done, shown) = deploy(&[]);
    assert!(!done && shown.contains("REGION=eu-west-1"), "{shown}");
    assert!(!secret_file.exists(), "nothing is begun");

    let region = "REGION=eu-west-1";
    let (done, shown) = deploy(&[region, "PARAMETERS=JwtIssuer=https://issuer.example/"]);
    assert!(done, "{shown}");
    let secret = fs::read_to_string(&secret_file).unwrap();
    assert!(secret.trim().len() >= 32, "{}", secret.len());
    assert_eq!(fs::metadata(&secret_file).unwrap().permissions().mode() & 0o777, 0o600);
    assert!(!shown.contains(secret.trim()), "the secret is shown");
    let called = |name: &str| fs::read_to_string(folder.path().join(format!("{name}.called"))).unwrap();
    let calls = called("sam");
    let (arguments, last) = calls.rsplit_once("remote\ninvoke\n").unwrap();
    assert!(last.starts_with("RotateSigningKeysFunction\n"), "the first keys are made: {last}");
    for argument in [
        "deploy",
        "template.yaml",
        "eu-west-1",
        "--no-confirm-changeset",
        "Architecture=arm64",
        "JwtIssuer=https://issuer.example/",
    ] {
        assert!(arguments.lines().any(|line| line == argument), "{argument} in {arguments}");
    }
    assert!(arguments.contains(&format!("RootSecret={}", secret.trim())));
    let built_into = root().canonicalize().unwrap().join("target/lambda");
    let lambda_dir = called("cargo-lambda");
    let named = lambda_dir.lines().skip_while(|line| *line != "--lambda-dir").nth(1).unwrap();
    assert_eq!(Path::new(named), built_into);

    let (done, _) = deploy(&[region]);
    assert!(done && called("sam").contains(&format!("RootSecret={}", secret.trim())), "the same one again");
    let (done, _) = deploy(&[region, "PARAMETERS=RootSecret=mine"]);
    assert!(done && !called("sam").contains(secret.trim()), "one that is given comes first");
    let ignored =
        Command::new("git").args(["check-ignore", "-q", ".deploy/root-secret"]).current_dir(root()).status();
    assert!(ignored.unwrap().success(), "git ignores the secret");
}

#[test]
fn a_deployment_cannot_send_webhooks_to_its_own_network() {
    let text = fs::read_to_string(root().join("template.yaml")).unwrap();
    assert!(!text.contains("WEBHOOK_TARGETS"), "only the local stack lets webhooks lead to its own machine");
}
