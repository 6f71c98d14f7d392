//! A web server in this process, for emulations and tests.

use std::{convert::Infallible, net::SocketAddr};

use http::{Request, Response};
use http_body_util::Full;
use hyper::{body::Bytes, body::Incoming, server::conn::http1, service::service_fn};
use hyper_util::rt::TokioIo;
use tokio::{net::TcpListener, task::JoinHandle};

/// A web server. It is stopped when it is dropped.
#[derive(Debug)]
pub struct WebServer {
    /// The address that the server listens on.
    pub address: SocketAddr,
    serving: JoinHandle<()>,
}

impl WebServer {
    /// Starts a server on a free port of the loopback interface that answers requests with `respond`.
    pub async fn start<F, R>(respond: F) -> Self
    where
        F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
        R: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        Self::on(TcpListener::bind(("127.0.0.1", 0)).await.expect("a free port"), respond)
    }

    /// Starts a server that answers the requests on a socket with `respond`.
    pub fn on<F, R>(listener: TcpListener, respond: F) -> Self
    where
        F: Fn(Request<Incoming>) -> R + Clone + Send + 'static,
        R: Future<Output = Response<Full<Bytes>>> + Send + 'static,
    {
        let address = listener.local_addr().expect("a bound socket");
        let serving = tokio::spawn(async move {
            loop {
                let Ok((stream, _)) = listener.accept().await else { continue };
                let respond = respond.clone();
                tokio::spawn(async move {
                    let service = service_fn(move |request| {
                        let response = respond(request);
                        async { Ok::<_, Infallible>(response.await) }
                    });
                    _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        Self { address, serving }
    }
}

impl Drop for WebServer {
    fn drop(&mut self) {
        self.serving.abort();
    }
}
