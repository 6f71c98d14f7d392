//! The client.

use std::{fmt, io, net::SocketAddr, sync::Arc, time::Duration};

use http::{HeaderMap, Method, header};
use http_body_util::{BodyExt, Full};
use hyper::{
    body::{Body, Bytes, Incoming},
    client::conn::http1,
};
use hyper_rustls::ConfigBuilderExt;
use hyper_util::rt::TokioIo;
use rustls::{ClientConfig, ConfigBuilder, WantsVerifier, pki_types::ServerName};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    net::TcpStream,
    time::{Instant, timeout, timeout_at},
};
use tokio_rustls::TlsConnector;

use crate::{
    address::is_public,
    resolver::{Resolver, SystemResolver},
    target::{Target, Targets},
};

/// The limits of a request.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    /// The time in which the host must be resolved.
    pub(crate) resolve: Duration,
    /// The time in which a connection must be established, TLS included.
    pub(crate) connect: Duration,
    /// The time in which the response must be complete.
    pub(crate) total: Duration,
    /// The maximum size of the response's headers, in bytes.
    pub(crate) headers: usize,
    /// The maximum number of bytes of the body that are read. The rest is not.
    pub(crate) body: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            resolve: Duration::from_secs(2),
            connect: Duration::from_secs(5),
            total: Duration::from_secs(15),
            headers: 16 * 1024,
            body: 16 * 1024,
        }
    }
}

/// A client that connects to the public addresses of a host only, and to each of them only once.
#[derive(Clone)]
pub struct Client {
    resolver: Resolver,
    targets: Targets,
    limits: Limits,
    tls: Arc<ClientConfig>,
}

impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { targets, limits, .. } = self;
        f.debug_struct("Client").field("targets", targets).field("limits", limits).finish_non_exhaustive()
    }
}

/// A request.
#[derive(Clone, Debug)]
pub struct Request {
    /// The method.
    pub method: Method,
    /// The headers, beside `Host` and `Content-Length`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Bytes,
}

/// A response.
#[derive(Clone, Debug)]
pub struct Response {
    /// The status.
    pub status: u16,
    /// The headers.
    pub headers: HeaderMap,
    /// The body, or its beginning.
    pub body: Bytes,
    /// Whether the body is complete: it is not longer than 16 KB, and came in time.
    pub is_complete: bool,
}

/// The reason why there is no response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The host has no address, or it could not be resolved in time.
    Dns,
    /// An address of the host is not public.
    NotPublic,
    /// No connection could be established.
    Connect,
    /// The TLS handshake failed, or the certificate is not valid for the host.
    Tls,
    /// The response was not there in time.
    Timeout,
    /// The connection was closed before the response was complete, or what came is no HTTP.
    Reset,
    /// The headers of the response are too large.
    ResponseTooLarge,
}

impl Failure {
    /// All reasons.
    pub const ALL: [Self; 7] = [
        Self::Dns,
        Self::NotPublic,
        Self::Connect,
        Self::Tls,
        Self::Timeout,
        Self::Reset,
        Self::ResponseTooLarge,
    ];

    /// Returns the name of the reason.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dns => "dns",
            Self::NotPublic => "not_public",
            Self::Connect => "connect",
            Self::Tls => "tls",
            Self::Timeout => "timeout",
            Self::Reset => "reset",
            Self::ResponseTooLarge => "response_too_large",
        }
    }
}

impl Client {
    /// Creates a client with the system's resolver and trust store. Fails if the system has no trust store.
    pub fn new(targets: Targets) -> io::Result<Self> {
        let tls = tls_versions()?.with_native_roots()?.with_no_client_auth();
        Ok(Self::with(targets, Arc::new(SystemResolver), Limits::default(), tls))
    }

    /// Creates a client with a resolver, limits and a TLS configuration.
    fn with(targets: Targets, resolver: Resolver, limits: Limits, mut tls: ClientConfig) -> Self {
        tls.alpn_protocols = vec![b"http/1.1".to_vec()];
        Self { resolver, targets, limits, tls: Arc::new(tls) }
    }

    /// Resolves the host of a target, and returns its addresses. Fails if one of them is not public.
    pub async fn addresses(&self, target: &Target) -> Result<Vec<SocketAddr>, Failure> {
        let found = timeout(self.limits.resolve, self.resolver.resolve(target.host(), target.port())).await;
        let addresses = found.ok().and_then(Result::ok).filter(|addresses| !addresses.is_empty());
        let addresses = addresses.ok_or(Failure::Dns)?;
        let is_allowed =
            |address| is_public(address) || (self.targets == Targets::Local && address.is_loopback());
        if !addresses.iter().copied().all(is_allowed) {
            return Err(Failure::NotPublic);
        }
        Ok(addresses.into_iter().map(|address| SocketAddr::new(address, target.port())).collect())
    }

    /// Sends a request on a connection of its own, and returns the response, whatever its status. Redirects are not followed.
    ///
    /// The head of the response must be there within `time_limit`, which is at most 15 seconds. What is there of the body then is returned.
    pub async fn send(
        &self,
        target: &Target,
        request: Request,
        time_limit: Duration,
    ) -> Result<Response, Failure> {
        let deadline = Instant::now() + time_limit.min(self.limits.total);
        let sent = timeout_at(deadline, self.send_head(target, request)).await;
        let (parts, body, connection) = sent.unwrap_or(Err(Failure::Timeout))?;
        let (body, is_complete) = beginning(body, self.limits.body, deadline).await;
        drop(connection);
        Ok(Response { status: parts.status.as_u16(), headers: parts.headers, body, is_complete })
    }

    /// Sends a request, and returns the head of the response, and its body, which is still to be read.
    async fn send_head(&self, target: &Target, request: Request) -> Result<ResponseHead, Failure> {
        let addresses = self.addresses(target).await?;
        let connect_by = Instant::now() + self.limits.connect;
        let stream = timeout_at(connect_by, connect(&addresses)).await.map_err(|_| Failure::Connect)??;
        if target.url().scheme() == "http" {
            return self.exchange(target, request, stream).await;
        }
        // Certificates name hosts without the dot at the end.
        let name = target.host().trim_end_matches('.').to_owned();
        let name = ServerName::try_from(name).map_err(|_| Failure::Tls)?;
        let handshake = TlsConnector::from(self.tls.clone()).connect(name, stream);
        let stream = timeout_at(connect_by, handshake).await.map_err(|_| Failure::Connect)?;
        self.exchange(target, request, stream.map_err(|_| Failure::Tls)?).await
    }

    async fn exchange(
        &self,
        target: &Target,
        Request { method, headers, body }: Request,
        stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    ) -> Result<ResponseHead, Failure> {
        let mut builder = http1::Builder::new();
        let handshake = builder.max_buf_size(self.limits.headers).handshake(TokioIo::new(stream));
        let (mut sender, connection) = handshake.await.map_err(|_| Failure::Reset)?;
        // Ends when the sender and the body are dropped, so nothing of a response is read after this function.
        let connection = AbortOnDrop(tokio::spawn(async move { _ = connection.await }));
        let url = target.url();
        let path = &url[url::Position::BeforePath..url::Position::AfterQuery];
        let host = &url[url::Position::BeforeHost..url::Position::AfterPort];
        let mut request = http::Request::builder().method(method).uri(path).header(header::HOST, host);
        if let Some(all) = request.headers_mut() {
            all.extend(headers);
        }
        let request = request.body(Full::new(body)).map_err(|_| Failure::Reset)?;
        let response = sender.send_request(request).await.map_err(|error| failure(&error))?;
        let (parts, body) = response.into_parts();
        Ok((parts, body, connection))
    }
}

/// Returns a builder of a TLS configuration, with the cryptography that all of Padrón uses.
fn tls_versions() -> io::Result<ConfigBuilder<ClientConfig, WantsVerifier>> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let builder = ClientConfig::builder_with_provider(provider);
    builder.with_safe_default_protocol_versions().map_err(io::Error::other)
}

/// Connects to the first address that accepts a connection.
async fn connect(addresses: &[SocketAddr]) -> Result<TcpStream, Failure> {
    for address in addresses {
        if let Ok(stream) = TcpStream::connect(address).await {
            _ = stream.set_nodelay(true);
            return Ok(stream);
        }
    }
    Err(Failure::Connect)
}

/// The head of a response, its body, and the connection that the body comes from.
type ResponseHead = (http::response::Parts, Incoming, AbortOnDrop);

/// Returns what is there of a body at the deadline, at most its first `limit` bytes, and whether that is all of it.
async fn beginning(mut body: Incoming, limit: usize, deadline: Instant) -> (Bytes, bool) {
    let mut bytes = Vec::new();
    while bytes.len() < limit {
        match timeout_at(deadline, body.frame()).await {
            Ok(None) => return (bytes.into(), true),
            Ok(Some(Ok(frame))) => {
                if let Ok(data) = frame.into_data() {
                    let rest = limit - bytes.len();
                    bytes.extend_from_slice(&data[..data.len().min(rest)]);
                }
            }
            Ok(Some(Err(_))) | Err(_) => break,
        }
    }
    (bytes.into(), body.is_end_stream())
}

fn failure(error: &hyper::Error) -> Failure {
    if error.is_parse_too_large() { Failure::ResponseTooLarge } else { Failure::Reset }
}

/// A task that is aborted when this is dropped.
struct AbortOnDrop(tokio::task::JoinHandle<()>);

impl Drop for AbortOnDrop {
    fn drop(&mut self) {
        self.0.abort();
    }
}

#[cfg(test)]
mod tests {
    use std::{collections::HashMap, net::IpAddr, sync::Mutex};

    use rustls::{RootCertStore, ServerConfig, pki_types::PrivateKeyDer};
    use tokio::{
        io::{AsyncReadExt, AsyncWriteExt},
        net::TcpListener,
        sync::mpsc,
    };
    use tokio_rustls::TlsAcceptor;

    use super::*;
    use crate::resolver::{Addresses, Resolve};

    /// A resolver that knows a few hosts.
    struct FixedResolver(HashMap<String, Vec<IpAddr>>);

    impl Resolve for FixedResolver {
        fn resolve<'a>(&'a self, host: &'a str, _: u16) -> Addresses<'a> {
            let known = self.0.get(host.trim_end_matches('.')).cloned();
            Box::pin(async move { known.ok_or_else(|| io::Error::from(io::ErrorKind::NotFound)) })
        }
    }

    /// More than the limit of the client.
    const LONG: Duration = Duration::from_secs(60);
    const HOST: &str = "hooks.acme.mx";

    fn request() -> Request {
        Request { method: Method::POST, headers: HeaderMap::new(), body: Bytes::from_static(b"{}") }
    }

    fn resolver(addresses: &[&str]) -> Resolver {
        let addresses = addresses.iter().map(|address| address.parse().unwrap()).collect();
        Arc::new(FixedResolver(HashMap::from([(HOST.to_owned(), addresses)])))
    }

    fn client(targets: Targets, resolver: Resolver, roots: RootCertStore) -> Client {
        let limits = Limits { total: Duration::from_secs(3), ..Limits::default() };
        let tls = tls_versions().unwrap().with_root_certificates(roots).with_no_client_auth();
        Client::with(targets, resolver, limits, tls)
    }

    /// Starts a server that answers each connection with these bytes, and returns its port and what each client has sent first.
    async fn server(response: &'static [u8], rest: Rest) -> (u16, mpsc::UnboundedReceiver<String>) {
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, receiver) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, response, rest, sender.clone()));
            }
        });
        (port, receiver)
    }

    /// What a server sends after the beginning of its response.
    #[derive(Clone, Copy)]
    enum Rest {
        Nothing,
        /// A byte each tenth of a second.
        Trickle,
        /// Bytes for as long as they are read.
        Endless,
    }

    async fn answer(
        mut stream: impl AsyncRead + AsyncWrite + Unpin,
        response: &[u8],
        rest: Rest,
        requests: mpsc::UnboundedSender<String>,
    ) {
        let mut buffer = [0; 4096];
        let read = stream.read(&mut buffer).await.unwrap_or(0);
        _ = requests.send(String::from_utf8_lossy(&buffer[..read]).into_owned());
        _ = stream.write_all(response).await;
        loop {
            let sent = match rest {
                Rest::Nothing => break,
                Rest::Trickle => {
                    tokio::time::sleep(Duration::from_millis(100)).await;
                    stream.write_all(b"a").await
                }
                Rest::Endless => stream.write_all(&[b'a'; 4096]).await,
            };
            if sent.is_err() {
                break;
            }
        }
        _ = stream.shutdown().await;
    }

    async fn post(port: u16) -> Result<Response, Failure> {
        let target = Target::parse(&format!("http://{HOST}:{port}/hook?a=b"), Targets::Local).unwrap();
        client(Targets::Local, resolver(&["127.0.0.1"]), RootCertStore::empty())
            .send(&target, request(), LONG)
            .await
    }

    #[tokio::test]
    async fn a_request_is_sent_and_its_response_returned() {
        let (port, mut requests) =
            server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Rest::Nothing).await;
        let response = post(port).await.unwrap();
        assert_eq!((response.status, &response.body[..]), (200, &b"ok"[..]));
        let sent = requests.recv().await.unwrap();
        assert!(sent.starts_with("POST /hook?a=b HTTP/1.1\r\n"), "{sent}");
        assert!(sent.contains(&format!("host: {HOST}:{port}\r\n")), "{sent}");
    }

    #[tokio::test]
    async fn a_redirect_is_a_response() {
        let redirect =
            b"HTTP/1.1 302 Found\r\nlocation: http://169.254.169.254/\r\ncontent-length: 0\r\n\r\n";
        let (port, mut requests) = server(redirect, Rest::Nothing).await;
        assert_eq!(post(port).await.unwrap().status, 302);
        assert!(requests.recv().await.is_some());
        assert!(requests.try_recv().is_err(), "one request only");
    }

    #[tokio::test]
    async fn a_long_body_is_cut() {
        for head in [
            &b"HTTP/1.1 200 OK\r\ncontent-length: 10737418240\r\n\r\n"[..],
            b"HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\n\r\n",
        ] {
            let (port, _requests) = server(head, Rest::Endless).await;
            assert_eq!(post(port).await.unwrap().body.len(), 16 * 1024);
        }
    }

    #[tokio::test]
    async fn a_body_that_does_not_end_in_time_or_at_all_is_cut() {
        for (rest, most) in [(Rest::Trickle, 99), (Rest::Nothing, 0)] {
            let head = b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\n";
            let (port, _requests) = server(head, rest).await;
            let response = post(port).await.unwrap();
            assert_eq!((response.status, response.is_complete), (200, false));
            assert!(response.body.len() <= most, "{response:?}");
        }
        let (port, _requests) =
            server(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok", Rest::Nothing).await;
        let response = post(port).await.unwrap();
        assert_eq!((&response.body[..], response.is_complete), (&b"ok"[..], true));
    }

    #[tokio::test]
    async fn what_goes_wrong_has_a_name() {
        let long_header =
            Box::leak(format!("HTTP/1.1 200 OK\r\na: {}\r\n\r\n", "b".repeat(20_000)).into_boxed_str());
        for (response, rest, failure) in [
            (&b"HTTP/1.1 200 OK\r\n"[..], Rest::Trickle, Failure::Timeout),
            (b"HTTP/1.1 200 OK\r\n", Rest::Nothing, Failure::Reset),
            (b"", Rest::Nothing, Failure::Reset),
            (b"SSH-2.0-OpenSSH\r\n", Rest::Nothing, Failure::Reset),
            (long_header.as_bytes(), Rest::Nothing, Failure::ResponseTooLarge),
        ] {
            let (port, _requests) = server(response, rest).await;
            assert_eq!(post(port).await.unwrap_err(), failure, "{:?}", &response[..response.len().min(30)]);
        }
        let (port, _requests) = server(b"", Rest::Nothing).await;
        let closed = TcpListener::bind(("127.0.0.1", 0)).await.unwrap().local_addr().unwrap().port();
        assert_eq!(post(closed).await.unwrap_err(), Failure::Connect);
        let unknown = Target::parse(&format!("http://other.mx:{port}/"), Targets::Local).unwrap();
        let client = client(Targets::Local, resolver(&["127.0.0.1"]), RootCertStore::empty());
        assert_eq!(client.send(&unknown, request(), LONG).await.unwrap_err(), Failure::Dns);
    }

    #[tokio::test]
    async fn a_host_with_one_address_that_is_not_public_gets_no_packet() {
        let (port, mut requests) = server(b"", Rest::Nothing).await;
        let target = Target::parse(&format!("http://{HOST}:{port}/"), Targets::Local).unwrap();
        for addresses in [
            &["127.0.0.1"][..],
            &["8.8.8.8", "127.0.0.1"],
            &["2606:4700:4700::1111", "127.0.0.1"],
            &["169.254.169.254"],
            &["::ffff:127.0.0.1"],
            &["64:ff9b::7f00:1"],
            &["::1", "8.8.8.8"],
        ] {
            let client = client(Targets::Public, resolver(addresses), RootCertStore::empty());
            assert_eq!(
                client.send(&target, request(), LONG).await.unwrap_err(),
                Failure::NotPublic,
                "{addresses:?}"
            );
        }
        let none = client(Targets::Public, resolver(&[]), RootCertStore::empty());
        assert_eq!(none.send(&target, request(), LONG).await.unwrap_err(), Failure::Dns);
        assert!(requests.try_recv().is_err());
    }

    /// A resolver with another answer each time.
    struct Rebinding(Mutex<Vec<IpAddr>>);

    impl Resolve for Rebinding {
        fn resolve<'a>(&'a self, _: &'a str, _: u16) -> Addresses<'a> {
            let next = self.0.lock().unwrap().pop();
            Box::pin(async move { Ok(next.into_iter().collect()) })
        }
    }

    #[tokio::test]
    async fn the_address_that_was_checked_is_the_one_that_is_used() {
        let (port, mut requests) =
            server(b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n", Rest::Nothing).await;
        let target = Target::parse(&format!("http://{HOST}:{port}/"), Targets::Local).unwrap();
        // The first answer is used. A second lookup would have the other one.
        let answers = ["10.0.0.1", "127.0.0.1"].map(|address| address.parse().unwrap()).to_vec();
        let resolver = Arc::new(Rebinding(Mutex::new(answers)));
        let client = client(Targets::Local, resolver.clone(), RootCertStore::empty());
        assert_eq!(client.send(&target, request(), LONG).await.unwrap().status, 200);
        assert!(requests.recv().await.is_some());
        assert_eq!(resolver.0.lock().unwrap().len(), 1, "one lookup");
        assert_eq!(client.send(&target, request(), LONG).await.unwrap_err(), Failure::NotPublic);
    }

    #[tokio::test]
    async fn a_certificate_is_verified_for_the_name_of_the_host() {
        let made = rcgen::generate_simple_self_signed([HOST.to_owned()]).unwrap();
        let key = PrivateKeyDer::try_from(made.signing_key.serialize_der()).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![made.cert.der().clone()], key)
            .unwrap();
        let acceptor = TlsAcceptor::from(Arc::new(config));
        let listener = TcpListener::bind(("127.0.0.1", 0)).await.unwrap();
        let port = listener.local_addr().unwrap().port();
        let (sender, _requests) = mpsc::unbounded_channel();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                if let Ok(stream) = acceptor.accept(stream).await {
                    let response = b"HTTP/1.1 204 No Content\r\n\r\n";
                    tokio::spawn(answer(stream, response, Rest::Nothing, sender.clone()));
                }
            }
        });
        let mut roots = RootCertStore::empty();
        roots.add(made.cert.der().clone()).unwrap();
        let send = async |host: &str, roots: RootCertStore| {
            let addresses = vec!["127.0.0.1".parse().unwrap()];
            let known = [(HOST.to_owned(), addresses.clone()), ("other.mx".to_owned(), addresses)];
            let client = client(Targets::Local, Arc::new(FixedResolver(known.into())), roots);
            let target = Target::parse(&format!("https://{host}:{port}/"), Targets::Local).unwrap();
            client.send(&target, request(), LONG).await.map(|response| response.status)
        };
        assert_eq!(send(HOST, roots.clone()).await, Ok(204));
        assert_eq!(send(&format!("{HOST}."), roots.clone()).await, Ok(204), "with a dot at the end");
        assert_eq!(send("other.mx", roots).await, Err(Failure::Tls));
        assert_eq!(send(HOST, RootCertStore::empty()).await, Err(Failure::Tls));
    }
}
