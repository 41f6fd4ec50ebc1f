// SPDX-License-Identifier: MIT
// The benchmark's events on socketioxide: "echo" sends the same event back to
// the sender, "broadcast" goes to everyone in the namespace.
use serde_json::Value;
use socketioxide::extract::{Data, SocketRef};
use socketioxide::{ParserConfig, SocketIo};

fn port() -> u16 {
    let mut words = std::env::args().skip_while(|word| word != "--port").skip(1);
    match words.next().and_then(|text| text.parse().ok()) {
        Some(port) => port,
        None => {
            eprintln!("usage: peal-bench-peer --port P");
            std::process::exit(2)
        }
    }
}

async fn joined(socket: SocketRef) {
    socket.on("echo", async |socket: SocketRef, Data(args): Data<Value>| {
        let _ = socket.emit("echo", &args);
    });
    socket.on("broadcast", async |io: SocketIo, Data(args): Data<Value>| {
        let _ = io.emit("broadcast", &args).await;
    });
}

// Each event is a task of its own. It has one core; with this scheduler answers
// come in the order of the questions.
#[tokio::main(flavor = "current_thread")]
async fn main() {
    let port = port();
    let (layer, io) = SocketIo::builder()
        .with_parser(ParserConfig::common())
        .build_layer();
    io.ns("/", joined);
    let app = axum::Router::new().layer(layer);
    let listener = tokio::net::TcpListener::bind(("127.0.0.1", port))
        .await
        .expect("bind");
    axum::serve(listener, app).await.expect("serve");
}
