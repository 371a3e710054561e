// SPDX-License-Identifier: Apache-2.0
//! hyper with rustls.
use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use hyper::{Method, Request, StatusCode, Version};
use hyper_rustls::HttpsConnector;
use hyper_util::client::legacy::{connect::HttpConnector, Client, Error};
use hyper_util::rt::TokioExecutor;

type Asks = Client<HttpsConnector<HttpConnector>, Full<Bytes>>;
type Failure = Box<dyn std::error::Error + Send + Sync>;

async fn ask(client: &Asks, method: Method, uri: String, body: Bytes) -> Result<Bytes, Failure> {
    let request = Request::builder().method(method).uri(uri).body(Full::new(body))?;
    let response = client.request(request).await?;
    assert_eq!(response.status(), StatusCode::OK);
    assert_eq!(response.version(), Version::HTTP_2);
    Ok(response.into_body().collect().await?.to_bytes())
}

// Nothing listens there any more.
fn is_refused(failure: &Failure) -> bool {
    failure.downcast_ref::<Error>().is_some_and(|error| error.is_connect())
}

#[tokio::main]
async fn main() -> Result<(), Failure> {
    let arguments: Vec<String> = std::env::args().collect();
    let base = arguments[1].clone();
    let mut roots = rustls::RootCertStore::empty();
    for certificate in rustls_pemfile::certs(&mut std::fs::read(&arguments[2])?.as_slice()) {
        roots.add(certificate?)?;
    }
    let provider = std::sync::Arc::new(rustls::crypto::ring::default_provider());
    let tls = rustls::ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    let connector = hyper_rustls::HttpsConnectorBuilder::new().with_tls_config(tls).https_only().enable_http2().build();
    let client: Asks = Client::builder(TokioExecutor::new()).http2_only(true).build(connector);
    let none = Bytes::new();

    let mut many = Vec::new();
    for _ in 0..60 {
        let (client, uri, none) = (client.clone(), format!("{base}/nap"), none.clone());
        many.push(tokio::spawn(async move { ask(&client, Method::GET, uri, none).await }));
    }
    for one in many {
        assert_eq!(one.await??, "rested");
    }
    let million = Bytes::from(b"weft ".repeat(200_000));
    assert_eq!(ask(&client, Method::POST, format!("{base}/echo"), million.clone()).await?, million);
    assert_eq!(ask(&client, Method::GET, format!("{base}/big?n=5000000"), none.clone()).await?.len(), 5_000_000);
    assert_eq!(ask(&client, Method::POST, format!("{base}/ignore"), million).await?, "no need");

    println!("load");
    let mut asking = Vec::new();
    for _ in 0..arguments[3].parse()? {
        let (client, base) = (client.clone(), base.clone());
        asking.push(tokio::spawn(async move {
            let mut answered = 0;
            loop {
                match ask(&client, Method::GET, format!("{base}/nap"), Bytes::new()).await {
                    Ok(_) => answered += 1,
                    Err(failure) if is_refused(&failure) => return Ok::<i32, Failure>(answered),
                    Err(failure) => return Err(failure),
                }
            }
        }));
    }
    let mut answered = 0;
    for one in asking {
        answered += one.await??;
    }
    println!("hyper: {answered} answered");
    Ok(())
}
