//! AWS KMS with one symmetric key: what this installation needs of it.

use std::sync::{
    Arc, Mutex, PoisonError,
    atomic::{AtomicBool, Ordering},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, Nonce, RandomizedNonceKey},
    encoding::{AsDer, Pkcs8V1Der, PublicKeyX509Der},
    rsa::{KeyPair, KeySize},
    signature::KeyPair as _,
};
use base64::{Engine as _, prelude::BASE64_STANDARD};
use http::{Request, Response, StatusCode};
use http_body_util::{BodyExt, Full};
use hyper::body::{Bytes, Incoming};
use serde_json::{Value, json};

use crate::WebServer;

/// The number of bytes of a nonce of AES-GCM.
const NONCE_LENGTH: usize = 12;
const HEALTHY: &str = "a healthy key and random generator";

/// A web server with the API of KMS. It is stopped when it is dropped.
#[derive(Debug)]
pub struct Kms {
    server: WebServer,
    shared: Arc<Shared>,
}

#[derive(Debug)]
struct Shared {
    key: [u8; Kms::KEY_LENGTH],
    is_disabled: AtomicBool,
    requests: Mutex<Vec<String>>,
}

impl Kms {
    /// The number of bytes of the key.
    pub const KEY_LENGTH: usize = 32;
    /// The id of the key.
    pub const KEY_ID: &str = "alias/padron";

    /// Returns a random key.
    pub fn new_key() -> [u8; Self::KEY_LENGTH] {
        let mut key = [0; Self::KEY_LENGTH];
        aws_lc_rs::rand::fill(&mut key).expect(HEALTHY);
        key
    }

    /// Starts a server with this key.
    pub async fn start(key: [u8; Self::KEY_LENGTH]) -> Self {
        let shared =
            Arc::new(Shared { key, is_disabled: AtomicBool::new(false), requests: Mutex::default() });
        let state = shared.clone();
        let server = WebServer::start(move |request| respond(state.clone(), request)).await;
        Self { server, shared }
    }

    /// Encrypts a text in an encryption context, whose names are sorted.
    pub fn encrypt(&self, plain: &[u8], context: &[(&str, &str)]) -> Vec<u8> {
        let context: serde_json::Map<String, Value> =
            context.iter().map(|(name, value)| ((*name).to_owned(), json!(value))).collect();
        self.shared.encrypt(plain, &Value::Object(context).to_string())
    }

    /// Disables the key, so that every request fails.
    pub fn disable_key(&self) {
        self.shared.is_disabled.store(true, Ordering::Relaxed);
    }

    /// Returns the endpoint of KMS for clients of this server.
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.server.address)
    }

    /// Returns the IAM actions of the requests since the last call of this function.
    pub fn take_requests(&self) -> Vec<String> {
        std::mem::take(&mut self.shared.requests.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

async fn respond(shared: Arc<Shared>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (parts, body) = request.into_parts();
    let body = body.collect().await.map(|body| body.to_bytes()).unwrap_or_default();
    let target = parts.headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    let operation = target.and_then(|target| target.strip_prefix("TrentService.")).unwrap_or_default();
    shared.requests.lock().unwrap_or_else(PoisonError::into_inner).push(format!("kms:{operation}"));
    let request: Value = serde_json::from_slice(&body).unwrap_or_default();
    // Generating a key takes a tenth of a second of a processor.
    let operation = operation.to_owned();
    let answer = tokio::task::spawn_blocking(move || shared.answer(&operation, &request)).await;
    let (status, body) = match answer {
        Ok(Ok(body)) => (StatusCode::OK, body),
        Ok(Err(error)) => (StatusCode::BAD_REQUEST, json!({ "__type": error })),
        Err(_) => (StatusCode::INTERNAL_SERVER_ERROR, json!({ "__type": "KMSInternalException" })),
    };
    let mut response = Response::new(Full::from(body.to_string()));
    *response.status_mut() = status;
    response
}

impl Shared {
    /// Returns the response to a request, or the type of the error.
    fn answer(&self, operation: &str, request: &Value) -> Result<Value, &'static str> {
        if request["KeyId"].as_str().is_some_and(|id| id != Kms::KEY_ID) {
            return Err("NotFoundException");
        }
        if self.is_disabled.load(Ordering::Relaxed) {
            return Err("DisabledException");
        }
        let context = request["EncryptionContext"].to_string();
        match operation {
            "GenerateDataKeyPairWithoutPlaintext" if request["KeyPairSpec"] == "RSA_2048" => {
                let pair = KeyPair::generate(KeySize::Rsa2048).expect(HEALTHY);
                let private = AsDer::<Pkcs8V1Der<'_>>::as_der(&pair).expect(HEALTHY);
                let public = AsDer::<PublicKeyX509Der<'_>>::as_der(pair.public_key()).expect(HEALTHY);
                Ok(json!({
                    "KeyId": Kms::KEY_ID,
                    "KeyPairSpec": "RSA_2048",
                    "PrivateKeyCiphertextBlob": BASE64_STANDARD.encode(self.encrypt(private.as_ref(), &context)),
                    "PublicKey": BASE64_STANDARD.encode(public.as_ref()),
                }))
            }
            "GenerateDataKey" if request["KeySpec"] == "AES_256" => {
                let key = Kms::new_key();
                Ok(json!({
                    "KeyId": Kms::KEY_ID,
                    "Plaintext": BASE64_STANDARD.encode(key),
                    "CiphertextBlob": BASE64_STANDARD.encode(self.encrypt(&key, &context)),
                }))
            }
            "Decrypt" => {
                let encrypted = request["CiphertextBlob"].as_str().unwrap_or_default();
                let encrypted =
                    BASE64_STANDARD.decode(encrypted).map_err(|_| "InvalidCiphertextException")?;
                let plain = self.decrypt(&encrypted, &context).ok_or("InvalidCiphertextException")?;
                Ok(json!({ "KeyId": Kms::KEY_ID, "Plaintext": BASE64_STANDARD.encode(plain) }))
            }
            _ => Err("UnsupportedOperationException"),
        }
    }

    fn encrypt(&self, plain: &[u8], context: &str) -> Vec<u8> {
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key).expect(HEALTHY);
        let mut encrypted = plain.to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(context), &mut encrypted).expect(HEALTHY);
        [&nonce.as_ref()[..], &encrypted].concat()
    }

    fn decrypt(&self, encrypted: &[u8], context: &str) -> Option<Vec<u8>> {
        let (nonce, encrypted) = encrypted.split_at_checked(NONCE_LENGTH)?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, &self.key).ok()?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut buffer = encrypted.to_vec();
        Some(key.open_in_place(nonce, Aad::from(context), &mut buffer).ok()?.to_vec())
    }
}
