//! The keys that sign the access tokens of OAuth apps.

use std::sync::OnceLock;

use padron_auth::{OauthToken, TokenSigner};
use padron_domain::{SigningKey, SigningKeySet};
use padron_emulator::{LoginServer, SigningKey as KeyPair};
use padron_store::{Connection, EncryptedSigningKey};

use crate::app::TestApp;

/// The ids of the key that signs, and of the next one.
const KIDS: [&str; 2] = ["signs-now", "signs-next"];

/// Returns the documents of the keys that all tests of a process share, because generating one takes a tenth of a second.
fn documents() -> &'static [Vec<u8>; 2] {
    static DOCUMENTS: OnceLock<[Vec<u8>; 2]> = OnceLock::new();
    DOCUMENTS.get_or_init(|| KIDS.map(|_| KeyPair::new_rsa_document()))
}

impl TestApp {
    /// Returns the connection to the app's key of KMS.
    pub fn kms_connection(&self) -> Connection {
        Connection { endpoint: Some(self.kms.endpoint()), ..self.proxied_connection() }
    }

    /// Returns the connection to the app's bucket.
    pub fn s3_connection(&self) -> Connection {
        Connection { endpoint: Some(self.s3.endpoint()), ..self.proxied_connection() }
    }

    /// Disables the app's key of KMS.
    pub fn disable_kms_key(&self) {
        self.kms.disable_key();
    }

    /// Writes the keys that sign access tokens, as the job that rotates them does.
    pub async fn install_signing_keys(&self) {
        let mut set = SigningKeySet::default().next_version();
        let mut encrypted = Vec::new();
        for (kid, document) in KIDS.into_iter().zip(documents()) {
            let jwk = KeyPair::rs256(kid, document).expect("a fresh key").jwk();
            let signs_from = set.missing_from(self.clock.now()).expect("a missing key");
            let text = |name: &str| jwk[name].as_str().expect("a parameter of the key").to_owned();
            set.add(SigningKey { kid: kid.into(), modulus: text("n"), exponent: text("e"), signs_from });
            let ciphertext = self.kms.encrypt(document, &[("id", kid), ("purpose", "oauth")]);
            encrypted.push(EncryptedSigningKey { kid: kid.into(), ciphertext });
        }
        assert!(
            self.store().replace_signing_keys(&set, &encrypted, &[]).await.expect("keys that are written")
        );
    }

    /// Returns the text of an access token, signed with the key of [`Self::install_signing_keys`] that signs at present.
    pub fn sign(&self, token: &OauthToken) -> String {
        self.sign_as(Self::URL, token)
    }

    /// Returns the text of an access token of another issuer, signed with the same key.
    pub fn sign_as(&self, issuer: &str, token: &OauthToken) -> String {
        TokenSigner::new(KIDS[0], &documents()[0])
            .and_then(|signer| signer.sign(issuer, token))
            .expect("a token")
    }

    /// Returns the key pair that signs at present, for tokens that are not as they should be.
    pub fn signing_key_pair() -> KeyPair {
        KeyPair::rs256(KIDS[0], &documents()[0]).expect("a fresh key")
    }

    /// Returns the pages of the issuer on which users sign in.
    pub fn login(&self) -> &LoginServer {
        self.login.as_ref().expect("an app that issues tokens")
    }
}
