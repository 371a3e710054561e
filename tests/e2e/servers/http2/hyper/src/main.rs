// SPDX-License-Identifier: Apache-2.0
//! hyper with rustls: HTTP/2 or HTTP/1.1, as the client chooses.
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{body::Incoming, service::service_fn, Request, Response};
use hyper_util::{
    rt::{TokioExecutor, TokioIo},
    server::conn::auto,
};
use std::{collections::HashMap, sync::Arc};
use tokio::{
    net::TcpListener,
    signal::unix::{signal, SignalKind},
    sync::{watch, Barrier, Mutex, Notify},
    task::JoinSet,
};

type Failure = Box<dyn std::error::Error + Send + Sync>;

struct Shared {
    acted: Mutex<HashMap<String, u32>>,
    meeting: Barrier,
}

async fn serve(shared: Arc<Shared>, leave: Arc<Notify>, request: Request<Incoming>) -> Result<Response<Full<Bytes>>, Failure> {
    let path = request.uri().path().to_string();
    let body = request.into_body().collect().await?.to_bytes();
    let text = match path.as_str() {
        "/echo" => body,
        "/hello" => Bytes::from("hello"),
        "/meet" => {
            shared.meeting.wait().await;
            Bytes::from("met")
        }
        "/leave" => {
            leave.notify_one();
            Bytes::from("left")
        }
        _ => {
            *shared.acted.lock().await.entry(path.clone()).or_insert(0) += 1;
            Bytes::from(path)
        }
    };
    Ok(Response::new(Full::new(text)))
}

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let certificates = rustls_pemfile::certs(&mut std::fs::read(&arguments[1])?.as_slice()).collect::<Result<Vec<_>, _>>()?;
    let key = rustls_pemfile::private_key(&mut std::fs::read(&arguments[2])?.as_slice())?.ok_or("no key")?;
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let mut tls = rustls::ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_no_client_auth()
        .with_single_cert(certificates, key)?;
    tls.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
    let acceptor = tokio_rustls::TlsAcceptor::from(Arc::new(tls));
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    println!("listening on https://{}", listener.local_addr()?);

    let shared = Arc::new(Shared { acted: Mutex::new(HashMap::new()), meeting: Barrier::new(100) });
    let (ending, _) = watch::channel(false);
    let mut terminate = signal(SignalKind::terminate())?;
    let mut connections = JoinSet::new();
    loop {
        let stream = tokio::select! {
            accepted = listener.accept() => accepted?.0,
            _ = terminate.recv() => break,
        };
        stream.set_nodelay(true)?;
        let (acceptor, shared, mut ending) = (acceptor.clone(), shared.clone(), ending.subscribe());
        connections.spawn(async move {
            let Ok(stream) = acceptor.accept(stream).await else { return };
            let leave = Arc::new(Notify::new());
            let service = service_fn({
                let leave = leave.clone();
                move |request| serve(shared.clone(), leave.clone(), request)
            });
            let mut builder = auto::Builder::new(TokioExecutor::new());
            builder.http2().max_concurrent_streams(200);
            let connection = builder.serve_connection(TokioIo::new(stream), service);
            tokio::pin!(connection);
            tokio::select! {
                _ = connection.as_mut() => return,
                _ = leave.notified() => {}
                _ = ending.changed() => {}
            }
            connection.as_mut().graceful_shutdown();
            let _ = connection.await;
        });
    }
    drop(listener);
    ending.send_replace(true);
    while connections.join_next().await.is_some() {}
    let acted = shared.acted.lock().await;
    println!("acted on {}, on {} of them twice", acted.len(), acted.values().filter(|times| **times > 1).count());
    Ok(())
}
