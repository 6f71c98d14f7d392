//! The SAM template, `template.yaml`, which describes what is deployed. The local table is created from it, and tests
//! compare with it.

use std::path::Path;

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
