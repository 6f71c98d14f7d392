//! The SAM template, `template.yaml`, which describes what is deployed. The local table is created from it, and tests
//! compare with it.

use std::{path::Path, time::Duration};

use aws_sdk_dynamodb::{
    Client,
    error::BuildError,
    operation::create_table::builders::CreateTableFluentBuilder,
    types::{
        AttributeDefinition, BillingMode, GlobalSecondaryIndex, KeySchemaElement, KeyType, Projection,
        ProjectionType, ScalarAttributeType,
    },
};
use serde::Deserialize;
use serde_yaml_ng::Value;

/// The parsed template. Its intrinsic functions are not evaluated.
#[derive(Clone, Debug)]
pub struct Template(pub Value);

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Table {
    attribute_definitions: Vec<Attribute>,
    key_schema: Vec<KeyPart>,
    global_secondary_indexes: Vec<Index>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Attribute {
    attribute_name: String,
    attribute_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct KeyPart {
    attribute_name: String,
    key_type: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Index {
    index_name: String,
    key_schema: Vec<KeyPart>,
    projection: IndexProjection,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct IndexProjection {
    projection_type: String,
    non_key_attributes: Option<Vec<String>>,
}

impl Template {
    /// Reads `template.yaml` in this folder.
    pub fn read(root: &Path) -> Result<Self, String> {
        let path = root.join("template.yaml");
        let text = std::fs::read_to_string(&path).map_err(|error| format!("{}: {error}", path.display()))?;
        serde_yaml_ng::from_str(&text).map(Self).map_err(|error| format!("{}: {error}", path.display()))
    }

    /// Returns the resources with their logical ids.
    pub fn resources(&self) -> impl Iterator<Item = (&str, &Value)> {
        let resources = self.0["Resources"].as_mapping().into_iter().flatten();
        resources.filter_map(|(name, resource)| Some((name.as_str()?, resource)))
    }

    /// Returns the event source of the table's stream with this logical id.
    pub fn event_source(&self, id: &str) -> Result<EventSource, String> {
        let properties = &self.0["Resources"][id]["Properties"];
        let missing = || format!("{id} of template.yaml is no event source of a stream");
        let batch_size = properties["BatchSize"].as_u64().and_then(|size| usize::try_from(size).ok());
        let filters = properties["FilterCriteria"]["Filters"].as_sequence().ok_or_else(missing)?;
        let pattern = |filter: &Value| serde_json::from_str(filter["Pattern"].as_str()?).ok();
        let patterns = filters.iter().map(pattern).collect::<Option<_>>().ok_or_else(missing)?;
        Ok(EventSource { batch_size: batch_size.ok_or_else(missing)?, patterns })
    }

    /// Returns the time for which a message of the delivery queue is hidden while it is being handled.
    pub fn visibility_timeout(&self) -> Result<Duration, String> {
        let seconds = self.0["Resources"]["DeliveryQueue"]["Properties"]["VisibilityTimeout"].as_u64();
        seconds
            .map(Duration::from_secs)
            .ok_or_else(|| "the queue of template.yaml has no visibility timeout".into())
    }

    /// Returns the maximum number of messages of the delivery queue that are handled at once, by default.
    pub fn delivery_concurrency(&self) -> Result<usize, String> {
        let number = self.0["Parameters"]["DeliveryConcurrency"]["Default"].as_u64();
        let number = number.and_then(|number| usize::try_from(number).ok());
        number.ok_or_else(|| "template.yaml has no parameter DeliveryConcurrency".into())
    }

    /// Returns what the records of the table's stream contain.
    pub(crate) fn stream_view_type(&self) -> Result<&str, String> {
        let stream = &self.0["Resources"]["Table"]["Properties"]["StreamSpecification"];
        stream["StreamViewType"].as_str().ok_or_else(|| "the table of template.yaml has no stream".into())
    }

    /// Creates the template's table with this name.
    pub async fn create_table(&self, client: &Client, name: &str) -> Result<(), String> {
        let table = serde_yaml_ng::from_value::<Table>(self.0["Resources"]["Table"]["Properties"].clone())
            .map_err(|error| format!("the table of template.yaml: {error}"))?;
        let request =
            table.request(client, name).map_err(|error| format!("the table of template.yaml: {error}"))?;
        request
            .send()
            .await
            .map(drop)
            .map_err(|error| format!("the table was not created: {:?}", error.into_source()))
    }
}

/// The event source of a function that handles the records of a stream.
#[derive(Clone, Debug)]
pub struct EventSource {
    /// The maximum number of records in a batch.
    pub batch_size: usize,
    /// The patterns of which a record must match one.
    patterns: Vec<serde_json::Value>,
}

impl EventSource {
    /// Returns whether a record matches one of the patterns.
    pub(crate) fn accepts(&self, record: &serde_json::Value) -> bool {
        self.patterns.iter().any(|pattern| matches(pattern, record))
    }
}

/// Returns whether a value matches a pattern of Lambda's event filtering: objects whose members all match, and lists of values and prefixes of
/// which one matches.
///
/// Source: <https://docs.aws.amazon.com/lambda/latest/dg/invocation-eventfiltering.html>
fn matches(pattern: &serde_json::Value, value: &serde_json::Value) -> bool {
    use serde_json::Value;
    match pattern {
        Value::Object(members) => members.iter().all(|(name, pattern)| matches(pattern, &value[name])),
        Value::Array(choices) => choices.iter().any(|choice| match choice["prefix"].as_str() {
            Some(prefix) => value.as_str().is_some_and(|text| text.starts_with(prefix)),
            None => choice == value,
        }),
        _ => false,
    }
}

impl Table {
    fn request(self, client: &Client, name: &str) -> Result<CreateTableFluentBuilder, BuildError> {
        let mut request = client
            .create_table()
            .table_name(name)
            .billing_mode(BillingMode::PayPerRequest)
            .set_key_schema(Some(key_schema(self.key_schema)?));
        for Attribute { attribute_name, attribute_type } in self.attribute_definitions {
            request = request.attribute_definitions(
                AttributeDefinition::builder()
                    .attribute_name(attribute_name)
                    .attribute_type(ScalarAttributeType::from(attribute_type.as_str()))
                    .build()?,
            );
        }
        for Index { index_name, key_schema: schema, projection } in self.global_secondary_indexes {
            let projection = Projection::builder()
                .projection_type(ProjectionType::from(projection.projection_type.as_str()))
                .set_non_key_attributes(projection.non_key_attributes)
                .build();
            request = request.global_secondary_indexes(
                GlobalSecondaryIndex::builder()
                    .index_name(index_name)
                    .set_key_schema(Some(key_schema(schema)?))
                    .projection(projection)
                    .build()?,
            );
        }
        Ok(request)
    }
}

fn key_schema(parts: Vec<KeyPart>) -> Result<Vec<KeySchemaElement>, BuildError> {
    let part = |KeyPart { attribute_name, key_type }| {
        KeySchemaElement::builder()
            .attribute_name(attribute_name)
            .key_type(KeyType::from(key_type.as_str()))
            .build()
    };
    parts.into_iter().map(part).collect()
}
