//! The keys that are derived from the root secret.
//!
//! Each use has a key of its own (HKDF, RFC 5869), so that a value made for one use is invalid for all others.

use base64::{Engine as _, prelude::BASE64_URL_SAFE_NO_PAD};
use padron_domain::Error;
use ring::{
    aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey},
    hkdf, hmac,
};

/// The keys of the current root secret, and of the previous one while the secret is being replaced.
#[derive(Debug)]
pub struct Secrets {
    current: Keys,
    previous: Option<Keys>,
}

/// The use of an encrypted value. Each use has keys of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The cursor of a list.
    Cursor,
    /// The recorded response of an idempotent request.
    Response,
    /// The hash of a credential's secret.
    Credential,
    /// The secrets that requests to a webhook are signed with.
    Webhook,
    /// The hashes of an OAuth app's secrets.
    OauthApp,
    /// The key of a grant's refresh tokens.
    OauthGrant,
    /// What a browser holds while a user signs in and decides.
    OauthFlow,
}

struct Keys {
    cursor: Cipher,
    response: Cipher,
    credential: Cipher,
    webhook: Cipher,
    oauth_app: Cipher,
    oauth_grant: Cipher,
    oauth_flow: Cipher,
    fingerprint: hmac::Key,
}

impl std::fmt::Debug for Keys {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Keys(…)")
    }
}

impl Secrets {
    /// The minimum length of a root secret, in bytes.
    pub const MIN_LENGTH: usize = 32;

    /// Derives the keys from the current and the previous root secret; `None` if a secret is too short.
    pub fn new(current: &[u8], previous: Option<&[u8]>) -> Option<Self> {
        let previous = match previous {
            Some(secret) => Some(Keys::new(secret)?),
            None => None,
        };
        Some(Self { current: Keys::new(current)?, previous })
    }

    /// Encrypts and authenticates data.
    ///
    /// The result can be opened only for the same purpose and in the same context. For example, the cursor of another
    /// organization or query is invalid.
    pub fn seal(&self, purpose: Purpose, context: &[u8], plain: &[u8]) -> Result<Vec<u8>, Error> {
        let sealed = self.current.sealer(purpose).seal(context, plain);
        sealed.ok_or_else(|| Error::internal("nothing could be sealed"))
    }

    /// Decrypts data; `None` if it was not sealed by these keys, or was sealed for another purpose or context.
    pub fn open(&self, purpose: Purpose, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        self.all().find_map(|keys| keys.sealer(purpose).open(context, sealed))
    }

    /// Encrypts the cursor of a list, encoded in base64url.
    pub fn seal_cursor(&self, context: &[u8], plain: &[u8]) -> Result<String, Error> {
        Ok(BASE64_URL_SAFE_NO_PAD.encode(self.seal(Purpose::Cursor, context, plain)?))
    }

    /// Decrypts a cursor; `None` if it was not sealed by these keys, or was sealed in another context.
    pub fn open_cursor(&self, context: &[u8], text: &str) -> Option<Vec<u8>> {
        self.open(Purpose::Cursor, context, &BASE64_URL_SAFE_NO_PAD.decode(text).ok()?)
    }

    /// Returns the fingerprint of a request body: its HMAC-SHA256 in base64url.
    pub fn fingerprint(&self, body: &[u8]) -> String {
        BASE64_URL_SAFE_NO_PAD.encode(hmac::sign(&self.current.fingerprint, body))
    }

    /// Returns whether `fingerprint` is the fingerprint of that body, under the current or the previous secret.
    pub fn is_fingerprint(&self, fingerprint: &str, body: &[u8]) -> bool {
        let Ok(fingerprint) = BASE64_URL_SAFE_NO_PAD.decode(fingerprint) else { return false };
        self.all().any(|keys| hmac::verify(&keys.fingerprint, body, &fingerprint).is_ok())
    }

    fn all(&self) -> impl Iterator<Item = &Keys> {
        std::iter::once(&self.current).chain(&self.previous)
    }
}

impl Keys {
    fn new(secret: &[u8]) -> Option<Self> {
        if secret.len() < Secrets::MIN_LENGTH {
            return None;
        }
        let root = hkdf::Salt::new(hkdf::HKDF_SHA256, b"padron").extract(secret);
        Some(Self {
            cursor: Cipher::derive(&root, b"cursor", b"cursor nonce")?,
            response: Cipher::derive(&root, b"response", b"response nonce")?,
            credential: Cipher::derive(&root, b"credential", b"credential nonce")?,
            webhook: Cipher::derive(&root, b"webhook", b"webhook nonce")?,
            oauth_app: Cipher::derive(&root, b"oauth app", b"oauth app nonce")?,
            oauth_grant: Cipher::derive(&root, b"oauth grant", b"oauth grant nonce")?,
            oauth_flow: Cipher::derive(&root, b"oauth flow", b"oauth flow nonce")?,
            fingerprint: hmac::Key::from(root.expand(&[b"fingerprint"], hmac::HMAC_SHA256).ok()?),
        })
    }

    fn sealer(&self, purpose: Purpose) -> &Cipher {
        match purpose {
            Purpose::Cursor => &self.cursor,
            Purpose::Response => &self.response,
            Purpose::Credential => &self.credential,
            Purpose::Webhook => &self.webhook,
            Purpose::OauthApp => &self.oauth_app,
            Purpose::OauthGrant => &self.oauth_grant,
            Purpose::OauthFlow => &self.oauth_flow,
        }
    }
}

struct Cipher {
    key: LessSafeKey,
    nonce: hmac::Key,
}

impl Cipher {
    fn derive(root: &hkdf::Prk, key: &[u8], nonce: &[u8]) -> Option<Self> {
        let key = UnboundKey::from(root.expand(&[key], &AES_256_GCM).ok()?);
        let nonce = hmac::Key::from(root.expand(&[nonce], hmac::HMAC_SHA256).ok()?);
        Some(Self { key: LessSafeKey::new(key), nonce })
    }

    /// Encrypts data with a nonce that is derived from the data and the context, as in RFC 5297.
    ///
    /// Encryption needs no random bytes, and a cursor that is created twice is the same text.
    fn seal(&self, context: &[u8], plain: &[u8]) -> Option<Vec<u8>> {
        let mut mac = hmac::Context::with_key(&self.nonce);
        mac.update(&context.len().to_be_bytes());
        mac.update(context);
        mac.update(plain);
        let nonce: [u8; NONCE_LEN] = mac.sign().as_ref()[..NONCE_LEN].try_into().ok()?;
        let mut sealed = plain.to_vec();
        self.key
            .seal_in_place_append_tag(Nonce::assume_unique_for_key(nonce), Aad::from(context), &mut sealed)
            .ok()?;
        Some([&nonce[..], &sealed].concat())
    }

    fn open(&self, context: &[u8], sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut buffer = sealed.to_vec();
        let plain = self.key.open_in_place(nonce, Aad::from(context), &mut buffer).ok()?;
        Some(plain.to_vec())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn what_is_sealed_opens_where_it_was_sealed_and_nowhere_else(
            plain: Vec<u8>, context: Vec<u8>, other: Vec<u8>, flip: usize, old: [u8; 32], new: [u8; 32],
        ) {
            prop_assume!(context != other && old != new);
            let before = Secrets::new(&old, None).unwrap();
            let cursor = before.seal_cursor(&context, &plain).unwrap();
            prop_assert_eq!(before.open_cursor(&context, &cursor), Some(plain.clone()));
            prop_assert_eq!(before.open_cursor(&other, &cursor), None);
            prop_assert_eq!(before.open(Purpose::Response, &context, &BASE64_URL_SAFE_NO_PAD.decode(&cursor).unwrap()), None);
            let rotated = Secrets::new(&new, Some(&old)).unwrap();
            prop_assert_eq!(rotated.open_cursor(&context, &cursor), Some(plain.clone()));
            prop_assert_eq!(Secrets::new(&new, None).unwrap().open_cursor(&context, &cursor), None);
            let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(&cursor).unwrap();
            let at = flip % bytes.len();
            bytes[at] ^= 1;
            prop_assert_eq!(before.open_cursor(&context, &BASE64_URL_SAFE_NO_PAD.encode(&bytes)), None);
            prop_assert_eq!(before.open_cursor(&context, &cursor[..flip % cursor.len()]), None);
        }
    }

    #[test]
    fn a_fingerprint_outlives_one_change_of_the_secret() {
        let before = Secrets::new(&[1; 32], None).unwrap();
        let fingerprint = before.fingerprint(b"{}");
        let rotated = Secrets::new(&[2; 32], Some(&[1; 32])).unwrap();
        assert!(before.is_fingerprint(&fingerprint, b"{}") && rotated.is_fingerprint(&fingerprint, b"{}"));
        assert!(!before.is_fingerprint(&fingerprint, b"{ }") && !before.is_fingerprint("", b"{}"));
        assert!(!Secrets::new(&[2; 32], None).unwrap().is_fingerprint(&fingerprint, b"{}"));
    }

    #[test]
    fn a_short_secret_is_none() {
        assert!(Secrets::new(&[7; 31], None).is_none());
        assert!(Secrets::new(&[7; 32], Some(&[7; 31])).is_none());
    }
}
