//! A TLS proxy in front of the database, because DynamoDB is reached over TLS in the cloud.

use std::{net::SocketAddr, path::Path, sync::Arc};

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls::{
    ServerConfig,
    pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer},
};
use tokio::{
    io::copy_bidirectional,
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

/// Starts a TLS proxy in front of the database, and returns its address.
///
/// The certificate of its authority is written to `authority_file`, together with Amazon's root certificates. So reading the file costs as
/// much as reading the roots in the binary.
pub(crate) async fn before(database: SocketAddr, authority_file: &Path) -> Result<SocketAddr, String> {
    let explain = |error: rcgen::Error| error.to_string();
    let mut authority = CertificateParams::new([]).map_err(explain)?;
    authority.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let authority =
        CertifiedIssuer::self_signed(authority, KeyPair::generate().map_err(explain)?).map_err(explain)?;
    let key = KeyPair::generate().map_err(explain)?;
    let certificate = CertificateParams::new(["localhost".to_owned()])
        .map_err(explain)?
        .signed_by(&key, &authority)
        .map_err(explain)?;
    let roots = format!("{}{}", padron_store::AMAZON_ROOTS, authority.pem());
    std::fs::write(authority_file, roots).map_err(|error| error.to_string())?;
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .map_err(|error| error.to_string())?
        .with_no_client_auth()
        .with_single_cert(
            vec![certificate.der().clone(), authority.der().clone()],
            PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(key.serialize_der())),
        )
        .map_err(|error| error.to_string())?;
    let acceptor = TlsAcceptor::from(Arc::new(config));
    let listener = TcpListener::bind(("127.0.0.1", 0)).await.map_err(|error| error.to_string())?;
    let address = listener.local_addr().map_err(|error| error.to_string())?;
    tokio::spawn(async move {
        while let Ok((stream, _)) = listener.accept().await {
            _ = stream.set_nodelay(true);
            let acceptor = acceptor.clone();
            tokio::spawn(async move {
                let Ok(mut outside) = acceptor.accept(stream).await else { return };
                let Ok(mut inside) = TcpStream::connect(database).await else { return };
                _ = inside.set_nodelay(true);
                _ = copy_bidirectional(&mut outside, &mut inside).await;
            });
        }
    });
    Ok(address)
}
