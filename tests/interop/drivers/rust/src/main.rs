// SPDX-License-Identifier: MIT
//! rust_socketio's client, steered by lines of JSON (see ../../../README.md).
//! A payload of it is either text, that is values, or one binary.
use base64::{engine::general_purpose::STANDARD, Engine};
use rust_socketio::client::Client;
use rust_socketio::{ClientBuilder, Payload, RawClient, TransportType};
use serde_json::{json, Value};
use std::collections::HashMap;
use std::io::BufRead;
use std::sync::{Arc, Mutex};
use std::time::Duration;

type Clients = Arc<Mutex<HashMap<u64, Arc<Client>>>>;

const REFUSED: &str = "Received an ConnectError frame: ";

fn say(report: Value) {
    println!("{report}");
}

fn values(payload: &Payload) -> Vec<Value> {
    match payload {
        Payload::Binary(bytes) => vec![json!({"$bytes": STANDARD.encode(bytes)})],
        Payload::Text(values) => values.clone(),
        #[allow(deprecated)]
        Payload::String(text) => vec![json!(text)],
    }
}

/// What an acknowledgement brings is one array.
fn answered(payload: &Payload) -> Vec<Value> {
    match values(payload).as_slice() {
        [Value::Array(args)] => args.clone(),
        other => other.to_vec(),
    }
}

fn payload(args: &Value) -> Payload {
    let args = args.as_array().cloned().unwrap_or_default();
    match args.first().and_then(|one| one["$bytes"].as_str()) {
        Some(text) => Payload::from(STANDARD.decode(text).expect("base64")),
        None => Payload::Text(args),
    }
}

fn transport(names: &Value) -> TransportType {
    match (names[0].as_str(), names[1].as_str()) {
        (_, Some(_)) => TransportType::WebsocketUpgrade,
        (Some("websocket"), _) => TransportType::Websocket,
        _ => TransportType::Polling,
    }
}

fn refused(id: u64, payload: &Payload) {
    let told = values(payload);
    let text = told.first().and_then(Value::as_str).unwrap_or_default();
    let Some(body) = text.strip_prefix(REFUSED) else {
        return;
    };
    let mut report = serde_json::from_str::<Value>(body).unwrap_or_default();
    report["is"] = json!("refused");
    report["id"] = json!(id);
    say(report);
}

fn open(command: &Value, clients: &Clients) {
    let id = command["id"].as_u64().expect("id");
    let mut builder = ClientBuilder::new(command["url"].as_str().expect("url"))
        .namespace(command["nsp"].as_str().expect("nsp"))
        .transport_type(transport(&command["transports"]))
        .reconnect(command["reconnect"] == true)
        .reconnect_on_disconnect(command["reconnect"] == true)
        .reconnect_delay(100, 300)
        .on("open", move |_, _: RawClient| {
            say(json!({"is": "connect", "id": id}))
        })
        .on("close", move |_, _: RawClient| {
            say(json!({"is": "disconnect", "id": id}))
        })
        .on("error", move |payload: Payload, _: RawClient| {
            refused(id, &payload)
        });
    if let Some(auth) = command.get("auth") {
        builder = builder.auth(auth.clone());
    }
    let events: Vec<String> = command["events"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|one| one.as_str().map(String::from))
        .collect();
    for event in events.clone() {
        builder = builder.on(event.clone(), move |payload: Payload, _: RawClient| {
            say(json!({"is": "event", "id": id, "event": event, "args": values(&payload)}))
        });
    }
    // An event without values comes as a message that is its name.
    builder = builder.on("message", move |payload: Payload, _: RawClient| {
        if let [Value::String(event)] = values(&payload).as_slice() {
            if events.contains(event) {
                say(json!({"is": "event", "id": id, "event": event, "args": []}));
            }
        }
    });
    let clients = clients.clone();
    std::thread::spawn(move || match builder.connect() {
        Ok(client) => {
            clients
                .lock()
                .expect("clients")
                .insert(id, Arc::new(client));
        }
        Err(err) => eprintln!("socket {id}: {err}"),
    });
}

/// It is there when `connect` has returned, which may be behind its event.
fn client_of(command: &Value, clients: &Clients) -> Option<Arc<Client>> {
    let id = command["id"].as_u64().expect("id");
    for _ in 0..1000 {
        if let Some(client) = clients.lock().expect("clients").get(&id) {
            return Some(client.clone());
        }
        if command["do"] == "close" {
            return None;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    None
}

fn act(command: &Value, client: &Client) -> Result<(), rust_socketio::Error> {
    let event = command["event"].as_str().unwrap_or_default();
    let (id, ask) = (command["id"].clone(), command["ask"].clone());
    match command["do"].as_str() {
        Some("emit") => client.emit(event, payload(&command["args"])),
        Some("ask") => client.emit_with_ack(
            event,
            payload(&command["args"]),
            Duration::from_secs(30),
            move |payload: Payload, _: RawClient| {
                say(json!({"is": "answer", "id": id, "ask": ask, "args": answered(&payload)}))
            },
        ),
        _ => client.disconnect(),
    }
}

fn main() {
    let clients = Clients::default();
    say(json!({"is": "hello", "client": "rust_socketio",
        "lacks": ["answers", "nested-binary", "empty-binary", "siblings"]}));
    for line in std::io::stdin().lock().lines().map_while(Result::ok) {
        let command: Value = serde_json::from_str(&line).expect("a line of JSON");
        if command["do"] == "open" {
            open(&command, &clients);
        } else if let Some(client) = client_of(&command, &clients) {
            if let Err(err) = act(&command, &client) {
                eprintln!("{line}: {err}");
            }
        }
    }
    std::process::exit(0);
}
