use std::time::Duration;

use bytes::Bytes;
use axum::{routing::get, Json, Router};
use serde::{Deserialize, Serialize};
use serde_json::{json, Value};
use socketioxide::extract::{AckSender, Data, Extension, SocketRef, TryData};
use socketioxide::handler::ConnectHandler;
use socketioxide::SocketIo;

#[derive(Deserialize)]
struct Auth {
    token: String,
    name: String,
}

#[derive(Serialize)]
struct Picture {
    size: usize,
    data: Bytes,
}

#[derive(Clone)]
struct Name(String);

#[derive(Debug)]
struct Refused;
impl std::fmt::Display for Refused {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("who are you?")
    }
}
impl std::error::Error for Refused {}

async fn check(socket: SocketRef, TryData(auth): TryData<Auth>) -> Result<(), Refused> {
    match auth {
        Ok(auth) if auth.token == "open sesame" => {
            socket.extensions.insert(Name(auth.name));
            Ok(())
        }
        _ => Err(Refused),
    }
}

async fn joined(socket: SocketRef, Extension(Name(name)): Extension<Name>) {
    socket.emit("welcome", &json!({ "name": name })).ok();

    socket.on(
        "enter",
        async |s: SocketRef, Extension(Name(name)): Extension<Name>, Data(room): Data<String>, ack: AckSender| {
            s.join(room.clone());
            s.to(room).emit("entered", &json!({ "name": name })).await.ok();
            ack.send("ok").ok();
        },
    );
    socket.on("leave", async |s: SocketRef, Data(room): Data<String>, ack: AckSender| {
        s.leave(room);
        ack.send("ok").ok();
    });
    socket.on(
        "say",
        async |s: SocketRef,
               Extension(Name(name)): Extension<Name>,
               Data((room, text)): Data<(String, Value)>,
               ack: AckSender| {
            let said = json!({ "name": name, "text": text });
            s.within(room).emit("said", &said).await.ok();
            ack.send("ok").ok();
        },
    );
    socket.on("picture", async |Data(data): Data<Bytes>, ack: AckSender| {
        ack.send(&Picture { size: data.len(), data }).ok();
    });
    socket.on("shout", async |s: SocketRef, Data(text): Data<Value>| {
        s.broadcast().emit("shouted", &text).await.ok();
    });
    socket.on("ask me", async |s: SocketRef| {
        if let Ok(answer) = s.emit_with_ack::<_, Value>("question", "tea or coffee?") {
            if let Ok(answer) = answer.await {
                s.emit("thanks", &answer).ok();
            }
        }
    });
    socket.on_disconnect(async |s: SocketRef, Extension(Name(name)): Extension<Name>| {
        s.broadcast().emit("gone", &json!({ "name": name })).await.ok();
    });
}

#[tokio::main]
async fn main() {
    let (layer, io) = SocketIo::new_layer();
    io.ns("/", joined.with(check));
    io.ns("/clock", async || {});
    tokio::spawn(async move {
        for n in 1u64.. {
            if let Some(clock) = io.of("/clock") {
                clock.emit("tick", &n).await.ok();
            }
            tokio::time::sleep(Duration::from_millis(500)).await;
        }
    });
    let app = Router::new()
        .route("/health", get(async || Json(json!({ "ok": true }))))
        .layer(layer);
    let port = std::env::var("PORT").unwrap_or("3000".into());
    let listener = tokio::net::TcpListener::bind(format!("127.0.0.1:{port}")).await.unwrap();
    axum::serve(listener, app).await.unwrap();
}
