//! The customers of other systems, as rows of an import.

use padron_domain::alpha_3_of_alpha_2;
use serde_json::{Map as Fields, Value, json};

/// The system that a file comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Map {
    /// Padrón itself, or Timbrix, whose fields have the same names.
    None,
    /// Facturapi.
    Facturapi,
    /// Spirii.
    Spirii,
}

impl std::str::FromStr for Map {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        match name {
            "" | "padron" | "timbrix" => Ok(Self::None),
            "facturapi" => Ok(Self::Facturapi),
            "spirii" => Ok(Self::Spirii),
            _ => Err("MAP is facturapi, spirii or timbrix".into()),
        }
    }
}

impl Map {
    /// Returns whether only files in JSON come from the system.
    pub(super) fn is_for_json(self) -> bool {
        self == Self::Spirii
    }

    /// Converts a customer to a row. Whatever is no object stays, and is reported as a wrong row.
    pub(super) fn apply(self, value: Value) -> Value {
        match (self, value) {
            (Self::Facturapi, Value::Object(fields)) => facturapi(fields),
            (Self::Spirii, Value::Object(fields)) => spirii(fields),
            (_, value) => value,
        }
    }
}

/// Converts a customer of Facturapi. Its id stays, and its CURP becomes metadata.
fn facturapi(mut fields: Fields<String, Value>) -> Value {
    for of_system in ["livemode", "organization", "sat_validated_at", "edit_link", "edit_link_expires_at"] {
        fields.remove(of_system);
    }
    let curp = fields.remove("curp").filter(|curp| !curp.is_null() && curp != "");
    let mut row: Fields<String, Value> =
        fields.into_iter().map(|(name, value)| (to_camel_case(&name), value)).collect();
    if let Some(curp) = curp {
        let metadata = row.entry("metadata").or_insert_with(|| json!({}));
        if let Some(metadata) = metadata.as_object_mut() {
            metadata.insert("curp".into(), curp);
        }
    }
    Value::Object(row)
}

/// Converts `legal_name` to `legalName`.
fn to_camel_case(name: &str) -> String {
    let mut words = name.split('_');
    let first = words.next().unwrap_or_default().to_owned();
    words.fold(first, |name, word| {
        let mut letters = word.chars();
        let upper: String = letters.next().into_iter().flat_map(char::to_uppercase).collect();
        name + &upper + letters.as_str()
    })
}

/// Converts a customer of Spirii. Its number becomes an id, which is the same for the same number, so that `ownerId` finds the parent.
fn spirii(mut fields: Fields<String, Value>) -> Value {
    let mut row = Fields::new();
    let number = fields.remove("id").unwrap_or_default();
    if !number.is_null() {
        row.insert("id".into(), id_of_number(&number));
    }
    let owner = fields.get("owner").and_then(|owner| owner.get("id").cloned());
    if owner.is_some() || fields.get("owner").is_some_and(Value::is_null) {
        fields.remove("owner");
    }
    if let Some(owner) = fields.remove("ownerId").or(owner).filter(|owner| !owner.is_null()) {
        row.insert("parentId".into(), id_of_number(&owner));
    }
    // What follows from the parent.
    fields.remove("cpo");
    let external_id = fields.remove("externalId").filter(|id| !id.is_null() && id != "");
    let own_id = match number {
        Value::Null => None,
        Value::String(text) => Some(Value::String(text)),
        number => Some(Value::String(number.to_string())),
    };
    if let Some(external_id) = external_id.or(own_id) {
        row.insert("externalId".into(), external_id);
    }
    let mut take = |from: &mut Fields<String, Value>, name: &str, to: &str| {
        if let Some(value) = from.remove(name).filter(|value| !value.is_null()) {
            row.insert(to.to_owned(), value);
        }
    };
    take(&mut fields, "name", "legalName");
    for name in ["createdAt", "updatedAt", "locations"] {
        take(&mut fields, name, name);
    }
    // What is no object stays, and is reported.
    let mut object = |name: &str| match fields.get_mut(name) {
        Some(Value::Object(object)) => {
            let object = std::mem::take(object);
            fields.remove(name);
            object
        }
        _ => Fields::new(),
    };
    let (mut contact, mut billing, mut settings) =
        (object("contactDetails"), object("billingDetails"), object("billingSettings"));
    let (payout, mut finance) = (object("payoutInformation"), object("financialSetup"));
    take(&mut contact, "name", "contactName");
    take(&mut contact, "email", "email");
    take(&mut contact, "phone", "phone");
    take(&mut billing, "vatNumber", "taxId");
    take(&mut billing, "address", "addressStreet");
    take(&mut billing, "city", "addressCity");
    take(&mut billing, "zipCode", "addressZip");
    finance.append(&mut settings);
    for (name, object) in
        [("billing", billing), ("finance", finance), ("payout", payout), ("contactDetails", contact)]
    {
        if object.values().any(|value| !value.is_null()) {
            row.insert(name.to_owned(), Value::Object(object));
        }
    }
    if let Some(kind) = fields.remove("type").as_ref().and_then(Value::as_str) {
        let known = ["Private", "Business", "CPO", "CPOSubsidiary"];
        let known = known.into_iter().find(|known| known.eq_ignore_ascii_case(kind));
        row.insert("type".into(), known.unwrap_or(kind).into());
    }
    if let Some(country) = fields.remove("country").as_ref().and_then(Value::as_str) {
        let code = alpha_3_of_alpha_2(&country.to_ascii_uppercase());
        row.insert("addressCountry".into(), code.unwrap_or(country).into());
    }
    // What is unknown is reported, and not lost.
    row.append(&mut fields);
    Value::Object(row)
}

/// Returns the id of a customer that is a number in another system: 24 hexadecimal digits that no generated id has.
fn id_of_number(number: &Value) -> Value {
    match number.as_u64().or_else(|| number.as_str()?.parse().ok()) {
        Some(number) => Value::String(format!("ffffffff{number:016x}")),
        None => number.clone(),
    }
}
