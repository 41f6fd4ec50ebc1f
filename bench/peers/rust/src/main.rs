// SPDX-License-Identifier: MIT
// The benchmark's events on socketioxide: "echo" sends the same event back to
// the sender, "broadcast" goes to everyone in the namespace.
use serde_json::Value;
use socketioxide::extract::{Data, SocketRef, TryData};
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
    socket.on(
        "echo",
        // Not async: those may answer in another order.
        |socket: SocketRef, Data(args): Data<Value>| {
            let _ = socket.emit("echo", &args);
        },
    );
    socket.on(
        "broadcast",
        async |io: SocketIo, TryData(args): TryData<Value>| {
            if let Ok(args) = args {
                let _ = io.emit("broadcast", &args).await;
            }
        },
    );
}

#[tokio::main]
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
