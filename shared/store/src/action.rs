//! The IAM actions of the store, the queue, the event bus, the encryption key and the bucket.
//!
//! Each endpoint declares the actions it uses. They are compared with its policy in `template.yaml`.

use padron_domain::CertificateKind;

/// The name of the index of memberships by user, pending invitations by e-mail, children by parent, deleted
/// organizations by the time of their purge, and deliveries by the time of their next attempt.
pub(crate) const GSI1: &str = "GSI1";
/// The name of the index of customers by name.
pub(crate) const GSI2: &str = "GSI2";
/// The name of the index of customers by the time of their last change. It also holds the row of each customer.
pub(crate) const GSI3: &str = "GSI3";

/// The purpose of what is encrypted for the authorization server.
pub const OAUTH: &str = "oauth";

/// An IAM action on the table, on one of its indexes, on the queue, on the event bus, with the encryption key or on the bucket.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Action {
    /// The name of the action in IAM, such as `dynamodb:BatchGetItem`.
    pub name: &'static str,
    /// The resource of the action.
    pub on: Resource,
}

/// The resource of an IAM action.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Resource {
    /// The table.
    Table,
    /// The index with this name.
    Index(&'static str),
    /// The queue of the deliveries to webhooks.
    DeliveryQueue,
    /// The event bus of the operator.
    EventBus,
    /// The encryption key, for this purpose only: the value of `purpose` in the encryption context.
    EncryptionKey(&'static str),
    /// The bucket of the logos.
    Bucket,
    /// The objects in this bucket.
    Objects,
}

impl Resource {
    /// Returns a short name, by which the tests and the declarations of endpoints agree about resources.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Table => "table",
            Self::Index(index) => index,
            Self::DeliveryQueue => "queue",
            Self::EventBus => "bus",
            Self::EncryptionKey(_) => "key",
            Self::Bucket | Self::Objects => "bucket",
        }
    }
}

impl Action {
    /// The action that reads items by key.
    pub const BATCH_GET: Self = Self { name: "dynamodb:BatchGetItem", on: Resource::Table };
    /// The action that writes whole items.
    pub const PUT: Self = Self { name: "dynamodb:PutItem", on: Resource::Table };
    /// The action that updates attributes of items.
    pub const UPDATE: Self = Self { name: "dynamodb:UpdateItem", on: Resource::Table };
    /// The action that deletes items.
    pub const DELETE: Self = Self { name: "dynamodb:DeleteItem", on: Resource::Table };
    /// The action that deletes items in batches.
    pub const BATCH_WRITE: Self = Self { name: "dynamodb:BatchWriteItem", on: Resource::Table };
    /// The action that checks a condition on an item that the transaction does not change.
    pub const CHECK: Self = Self { name: "dynamodb:ConditionCheckItem", on: Resource::Table };
    /// The action that queries the items of a partition.
    pub const QUERY: Self = Self { name: "dynamodb:Query", on: Resource::Table };
    /// The action that queries GSI1: memberships, invitations by e-mail, children, deleted organizations, due deliveries.
    pub const QUERY_GSI1: Self = Self { name: "dynamodb:Query", on: Resource::Index(GSI1) };
    /// The action that queries GSI2: customers by name.
    pub const QUERY_GSI2: Self = Self { name: "dynamodb:Query", on: Resource::Index(GSI2) };
    /// The action that sends messages to the queue.
    pub const SEND_DELIVERIES: Self = Self { name: "sqs:SendMessage", on: Resource::DeliveryQueue };
    /// The action that publishes events on the event bus.
    pub const PUT_EVENTS: Self = Self { name: "events:PutEvents", on: Resource::EventBus };
    /// The action that makes a key pair whose private part is encrypted, for signatures of access tokens.
    pub const GENERATE_SIGNING_KEY: Self =
        Self { name: "kms:GenerateDataKeyPairWithoutPlaintext", on: Resource::EncryptionKey(OAUTH) };
    /// The action that decrypts a private key, for signatures of access tokens.
    pub const DECRYPT_SIGNING_KEY: Self = Self { name: "kms:Decrypt", on: Resource::EncryptionKey(OAUTH) };
    /// The action that makes the key with which the private key of a CSD is encrypted.
    pub const GENERATE_CSD_DATA_KEY: Self =
        Self { name: "kms:GenerateDataKey", on: Resource::EncryptionKey(CertificateKind::Csd.name()) };
    /// The action that makes the key with which the private key of a FIEL is encrypted.
    pub const GENERATE_FIEL_DATA_KEY: Self =
        Self { name: "kms:GenerateDataKey", on: Resource::EncryptionKey(CertificateKind::Fiel.name()) };
    /// The action that queries GSI3: customers by the time of their last change, and their rows.
    pub const QUERY_GSI3: Self = Self { name: "dynamodb:Query", on: Resource::Index(GSI3) };
    /// The action that writes objects.
    pub const PUT_OBJECT: Self = Self { name: "s3:PutObject", on: Resource::Objects };
    /// The action that reads objects.
    pub const GET_OBJECT: Self = Self { name: "s3:GetObject", on: Resource::Objects };
    /// The action that deletes objects.
    pub const DELETE_OBJECT: Self = Self { name: "s3:DeleteObject", on: Resource::Objects };
    /// The action that lists objects.
    pub const LIST_OBJECTS: Self = Self { name: "s3:ListBucket", on: Resource::Bucket };
}
