//! Signatures with `ring`, the library that TLS uses too.
//!
//! A second cryptographic library would be a third of each function's binary.

use jsonwebtoken::{
    Algorithm, DecodingKey,
    crypto::{CryptoProvider, JwtSigner, JwtVerifier, KeyUtils},
    errors::ErrorKind,
};
use ring::{
    rand::SystemRandom,
    rsa,
    signature::{
        ECDSA_P256_SHA256_FIXED, ED25519, RSA_PKCS1_2048_8192_SHA256, RSA_PKCS1_SHA256, UnparsedPublicKey,
        VerificationAlgorithm,
    },
};
use signature::{Error, Signer, Verifier};

/// A cryptographic provider that verifies signatures of all algorithms that issuers use, and signs with the one that Padrón uses.
static PROVIDER: CryptoProvider = CryptoProvider {
    signer_factory: |algorithm, key| match (algorithm, rsa_key(key.as_bytes())) {
        (Algorithm::RS256, Some(key)) => Ok(Box::new(RingSigner(key))),
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    },
    verifier_factory: |algorithm, key| match algorithm {
        Algorithm::RS256 | Algorithm::ES256 | Algorithm::EdDSA => {
            Ok(Box::new(RingVerifier { algorithm: *algorithm, key: key.clone() }))
        }
        _ => Err(ErrorKind::UnsupportedAlgorithm.into()),
    },
    key_utils: KeyUtils::new_unimplemented(),
};

/// Makes `jsonwebtoken` sign and verify with `ring`.
///
/// Only the first call in a process has an effect, and all calls install the same provider.
pub(crate) fn install() {
    _ = PROVIDER.install_default();
}

/// Returns the RSA key of a PKCS #8 document; `None` if it has none.
pub(crate) fn rsa_key(pkcs8: &[u8]) -> Option<rsa::KeyPair> {
    rsa::KeyPair::from_pkcs8(pkcs8).ok()
}

/// A signer with RS256.
struct RingSigner(rsa::KeyPair);

impl JwtSigner for RingSigner {
    fn algorithm(&self) -> Algorithm {
        Algorithm::RS256
    }
}

impl Signer<Vec<u8>> for RingSigner {
    fn try_sign(&self, message: &[u8]) -> Result<Vec<u8>, Error> {
        let mut signature = vec![0; self.0.public().modulus_len()];
        let signed = self.0.sign(&RSA_PKCS1_SHA256, &SystemRandom::new(), message, &mut signature);
        signed.map(|()| signature).map_err(|_| Error::new())
    }
}

/// A verifier of signatures for one key and its algorithm.
struct RingVerifier {
    algorithm: Algorithm,
    key: DecodingKey,
}

impl JwtVerifier for RingVerifier {
    fn algorithm(&self) -> Algorithm {
        self.algorithm
    }
}

impl Verifier<Vec<u8>> for RingVerifier {
    fn verify(&self, message: &[u8], signature: &Vec<u8>) -> Result<(), Error> {
        let algorithm: &dyn VerificationAlgorithm = match self.algorithm {
            Algorithm::RS256 => &RSA_PKCS1_2048_8192_SHA256,
            Algorithm::ES256 => &ECDSA_P256_SHA256_FIXED,
            Algorithm::EdDSA => &ED25519,
            _ => return Err(Error::new()),
        };
        let key = self.key.try_get_as_bytes().map_err(|_| Error::new())?;
        UnparsedPublicKey::new(algorithm, key).verify(message, signature).map_err(|_| Error::new())
    }
}
