/* SPDX-License-Identifier: MIT */
/* cli_option_table: every option of every subcommand. */
#include <stddef.h>

#include "cli_opts.h"

#define AT(field) offsetof(cli_opts, field)

enum { DAY_MS = 86400000, PEERS = CLI_LISTEN | CLI_CONNECT };

/* clang-format off */
const cli_option cli_option_table[] = {
  /* where to, and as whom */
  {"namespace", 'n', CLI_TEXT, CLI_TALKERS, AT(nsp), "NAME",
   "the namespace to join; default: the path of the URL, or /", 0, 0, NULL},
  {"auth", 'a', CLI_TEXT, CLI_TALKERS, AT(auth), "JSON|@FILE",
   "what the server gets as auth", 0, 0, NULL},
  {"header", 'H', CLI_LIST, CLI_TALKERS, AT(headers), "NAME: VALUE",
   "a header of each request; may be repeated", 0, 0, NULL},
  {"query", 'Q', CLI_LIST, CLI_TALKERS, AT(query), "NAME=VALUE",
   "a parameter of each request's query; may be repeated", 0, 0, NULL},
  {"origin", 0, CLI_TEXT, CLI_TALKERS, AT(origin), "ORIGIN",
   "connect as a page of this origin would", 0, 0, NULL},
  {"transports", 't', CLI_CHOICE, CLI_CLIENTS, AT(transports), "LIST",
   "polling,websocket (the default: polling, then upgrade), websocket,polling, "
   "websocket or polling", 0, 0,
   "polling,websocket websocket,polling websocket polling"},
  {"eio3", 0, CLI_FLAG, CLI_CLIENTS | CLI_SERVE, AT(eio3), NULL,
   "speak Engine.IO 3, as servers of Socket.IO 2 do; serve: with its clients, "
   "too", 0, 0, NULL},
  {"path", 'p', CLI_TEXT, CLI_ALL, AT(path), "PATH",
   "of the server's endpoint; default /socket.io/", 0, 0, NULL},
  {"parser", 0, CLI_CHOICE, CLI_CLIENTS | CLI_SERVE, AT(parser), "WORD",
   "how packets are written, the same at both ends: json (the default) or "
   "msgpack", 0, 0, "json msgpack"},
  {"cacert", 0, CLI_TEXT, CLI_TALKERS, AT(ca_file), "FILE",
   "believe certificates of these authorities (PEM) only", 0, 0, NULL},
  {"capath", 0, CLI_TEXT, CLI_TALKERS, AT(ca_dir), "FOLDER",
   "a folder of authorities, as c_rehash makes it", 0, 0, NULL},
  {"cert", 'E', CLI_TEXT, CLI_TALKERS, AT(cert), "FILE",
   "the client's own certificate (PEM)", 0, 0, NULL},
  {"key", 0, CLI_TEXT, CLI_TALKERS, AT(key), "FILE",
   "its key (PEM); default: in the certificate's file", 0, 0, NULL},
  {"servername", 0, CLI_TEXT, CLI_CLIENTS, AT(server_name), "NAME",
   "check the certificate for this name instead of the URL's", 0, 0, NULL},
  {"insecure", 'k', CLI_FLAG, CLI_TALKERS, AT(insecure), NULL,
   "believe any certificate", 0, 0, NULL},
  {"deflate", 0, CLI_FLAG, CLI_CLIENTS | CLI_SERVE, AT(deflate), NULL,
   "compress messages of 1024 bytes and more, if the other side does, too "
   "(permessage-deflate)", 0, 0, NULL},
  {"proxy", 'x', CLI_TEXT, CLI_TALKERS, AT(proxy), "URL",
   "http, https, socks5 or socks5h; default: the environment, as curl", 0, 0,
   NULL},
  {"timeout", 'm', CLI_TIME, CLI_TALKERS, AT(timeout_ms), "TIME",
   "for connecting and the acknowledgement: 500ms, 5s, 2m; a bare number is "
   "seconds", 1, DAY_MS, NULL},
  {"no-reconnect", 0, CLI_FLAG, PEERS, AT(no_reconnect), NULL,
   "end when the connection is lost", 0, 0, NULL},
  {"retry", 0, CLI_FLAG, CLI_LISTEN | CLI_EMIT | CLI_CALL | CLI_CONNECT,
   AT(retry), NULL, "try again if the first connection cannot be made", 0, 0,
   NULL},

  /* what is said and heard */
  {"ack", 0, CLI_FLAG, CLI_EMIT, AT(wants_ack), NULL,
   "wait for the acknowledgement and print it", 0, 0, NULL},
  {"answer", 0, CLI_TEXT, CLI_LISTEN, AT(answer), "JSON|@FILE",
   "acknowledge events that ask for it with this value", 0, 0, NULL},
  {"count", 'c', CLI_COUNT, CLI_LISTEN | CLI_EMIT, AT(count), "N",
   "listen: end after so many events; emit: send so many times", 1, 1e9, NULL},
  {"duration", 'd', CLI_TIME, CLI_LISTEN, AT(duration_ms), "TIME",
   "end so long after it has connected", 1, DAY_MS, NULL},
  {"binary", 0, CLI_FLAG, CLI_EMIT | CLI_CALL, AT(is_binary), NULL,
   "what comes by @FILE and - is bytes, not JSON", 0, 0, NULL},
  {"string", 's', CLI_FLAG, CLI_EMIT | CLI_CALL, AT(is_string), NULL,
   "values are text, not JSON", 0, 0, NULL},

  /* by way of Redis */
  {"redis", 0, CLI_TEXT, CLI_EMIT, AT(redis), "URL",
   "emit to the clients of servers that share this Redis: redis://HOST:PORT/DB, "
   "rediss:, unix:, redis+sentinel:, redis+cluster:; \"\": PEAL_REDIS_URL", 0, 0,
   NULL},
  {"dialect", 0, CLI_CHOICE, CLI_EMIT, AT(dialect), "WORD",
   "--redis: what the servers speak: node (the default), sharded, "
   "sharded-static, sharded-private, streams or python", 0, 0,
   "node sharded sharded-static sharded-private streams python"},
  {"room", 0, CLI_LIST, CLI_EMIT, AT(rooms), "NAME",
   "--redis: to those in this room, or to the socket of this id; may be "
   "repeated", 0, 0, NULL},
  {"except", 0, CLI_LIST, CLI_EMIT, AT(except), "NAME",
   "--redis: but not to those in it; may be repeated", 0, 0, NULL},
  {"channel", 0, CLI_TEXT, CLI_EMIT, AT(channel), "NAME",
   "--redis: python's channel (default flask-socketio), node's prefix, or the "
   "name of the stream (default socket.io)", 0, 0, NULL},

  /* probe */
  {"quick", 0, CLI_FLAG, CLI_PROBE, AT(quick), NULL,
   "do not wait for a heartbeat", 0, 0, NULL},

  /* bench */
  {"connections", 'C', CLI_COUNT, CLI_BENCH, AT(connections), "N",
   "clients; default 10", 1, 60000, NULL},
  {"rate", 'r', CLI_NUMBER, CLI_BENCH, AT(rate), "N",
   "events per second, of all clients together; default: each sends when it "
   "was answered", 0.01, 1e7, NULL},
  {"inflight", 'i', CLI_COUNT, CLI_BENCH, AT(inflight), "N",
   "without --rate: unanswered events per client; default 1", 1, 4096, NULL},
  {"ramp", 0, CLI_NUMBER, CLI_BENCH, AT(ramp), "N",
   "new connections per second; default 1000", 0.01, 1e6, NULL},
  {"duration", 'd', CLI_TIME, CLI_BENCH, AT(duration_ms), "TIME",
   "how long is measured; default 10s", 1, DAY_MS, NULL},
  {"warmup", 0, CLI_TIME, CLI_BENCH, AT(warmup_ms), "TIME",
   "traffic before that; default 1s", 0, DAY_MS, NULL},
  {"echo", 0, CLI_FLAG, CLI_BENCH, AT(echo), NULL,
   "the answer is an event of the same name, not an acknowledgement", 0, 0,
   NULL},
  {"no-answer", 0, CLI_FLAG, CLI_BENCH, AT(no_answer), NULL,
   "expect no answer: only send (needs --rate)", 0, 0, NULL},

  /* serve */
  {"host", 0, CLI_TEXT, CLI_SERVE, AT(host), "ADDRESS",
   "where to listen; default 127.0.0.1, 0.0.0.0 is everywhere", 0, 0, NULL},
  {"port", 0, CLI_COUNT, CLI_SERVE, AT(port), "N",
   "default 3000; 0: any that is free", 0, 65535, NULL},
  {"namespace", 'n', CLI_LIST, CLI_SERVE, AT(nsps), "NAME",
   "serve this namespace beside /; may be repeated", 0, 0, NULL},
  {"tls-cert", 0, CLI_TEXT, CLI_SERVE, AT(tls_cert), "FILE",
   "serve https and wss with this certificate (PEM)", 0, 0, NULL},
  {"tls-key", 0, CLI_TEXT, CLI_SERVE, AT(tls_key), "FILE",
   "its key (PEM); default: in the certificate's file", 0, 0, NULL},
  {"cors", 0, CLI_TEXT, CLI_SERVE, AT(cors), "ORIGINS",
   "pages that may connect, separated by commas; default *", 0, 0, NULL},
  {"token", 0, CLI_TEXT, CLI_SERVE, AT(token), "TEXT",
   "refuse whose auth is not {\"token\": TEXT}", 0, 0, NULL},
  {"admin", 0, CLI_TEXT, CLI_SERVE, AT(admin), "PASSWORD",
   "let the page of @socket.io/admin-ui in (as admin, namespace /admin), and "
   "serve a status page at /_peal", 0, 0, NULL},
  {"ping-interval", 0, CLI_TIME, CLI_SERVE, AT(ping_interval_ms), "TIME",
   "between two heartbeats; default 25s", 100, DAY_MS, NULL},
  {"ping-timeout", 0, CLI_TIME, CLI_SERVE, AT(ping_timeout_ms), "TIME",
   "for the answer to one; default 20s", 100, DAY_MS, NULL},

  /* how it is said */
  {"json", 'j', CLI_FLAG, CLI_ALL, AT(json), NULL,
   "lines of JSON, also on a terminal", 0, 0, NULL},
  {"human", 0, CLI_FLAG, CLI_ALL, AT(human), NULL,
   "text for people, also when piped", 0, 0, NULL},
  {"verbose", 'v', CLI_FLAG, CLI_ALL, AT(verbose), NULL,
   "say what happens on the connection, packet by packet", 0, 0, NULL},
  {"quiet", 'q', CLI_FLAG, CLI_ALL, AT(quiet), NULL,
   "say nothing but what was asked for", 0, 0, NULL},
  {"help", 'h', CLI_FLAG, CLI_ALL, AT(help), NULL, "this text", 0, 0, NULL},
};
/* clang-format on */

const size_t cli_option_table_count =
    sizeof cli_option_table / sizeof cli_option_table[0];
