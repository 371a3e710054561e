// SPDX-License-Identifier: Apache-2.0

//! axum on hyper and tokio as its users write it, on one thread: a hello, a handler that sleeps, and one that computes, in place or by
//! spawn_blocking.

use std::time::{Duration, Instant};

use axum::{extract::Path, http::header::CONTENT_TYPE, response::IntoResponse, routing::get, Router};

async fn hello() -> impl IntoResponse {
    ([(CONTENT_TYPE, "text/plain")], "Hello, World!")
}

async fn sleep(Path(ms): Path<u64>) -> &'static str {
    tokio::time::sleep(Duration::from_millis(ms)).await;
    "slept\n"
}

fn spin(ms: u64) {
    let end = Instant::now() + Duration::from_millis(ms);
    while Instant::now() < end {}
}

async fn compute(Path(ms): Path<u64>) -> &'static str {
    spin(ms);
    "computed\n"
}

async fn offload(Path(ms): Path<u64>) -> &'static str {
    tokio::task::spawn_blocking(move || spin(ms)).await.expect("spin does not panic");
    "computed\n"
}

#[tokio::main(flavor = "current_thread")]
async fn main() {
    let address = std::env::args().nth(2).unwrap_or_else(|| "127.0.0.1:0".into());
    let listener = tokio::net::TcpListener::bind(address).await.expect("bind");
    println!("listening on http://{}", listener.local_addr().expect("bound"));
    let app = Router::new()
        .route("/", get(hello))
        .route("/sleep/{ms}", get(sleep))
        .route("/compute/{ms}", get(compute))
        .route("/offload/{ms}", get(offload));
    let listener = axum::serve::ListenerExt::tap_io(listener, |stream| stream.set_nodelay(true).expect("TCP_NODELAY"));
    axum::serve(listener, app).await.expect("serve");
}
