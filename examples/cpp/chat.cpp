// SPDX-License-Identifier: MIT
// chat: a Socket.IO server in C++17, with the macros of C.
//
//   chat [port]
//
//   socket.emit("join", room, ack)       ack("joined")
//   socket.emit("say", room, text, ack)  others in the room hear "said"
//   socket.emit("ask me", ack)           the server asks "name?", tells the answer
#include <cstdlib>
#include <string>

#include <peal/peal.h>

namespace {

// A prefix keeps the names that clients choose away from the ids of sockets,
// which are rooms, too.
std::string room_of(const peal_event *event) {
  peal_slice name = peal_val_str(peal_event_arg(event, 0));
  return "room:" + std::string(name.ptr, name.len);
}

peal_slice slice(const std::string &text) {
  return {text.data(), text.size()};
}

void on_join(peal_socket *socket, const peal_event *event, void *) {
  peal_err err = peal_join_n(socket, slice(room_of(event)));
  peal_ack(event, PEAL_ARGS(peal_str(err ? peal_err_message(err) : "joined")));
}

void on_say(peal_socket *socket, const peal_event *event, void *) {
  const std::string room = room_of(event);
  const peal_slice rooms[] = {slice(room)};
  peal_to to = {};
  to.room_names = {rooms, 1};
  peal_emit_to(
      socket, &to, "said",
      PEAL_ARGS(peal_str(peal_socket_id(socket)), peal_event_arg(event, 1)));
  peal_ack(event, PEAL_ARGS(peal_str("ok")));
}

void on_name(peal_socket *, peal_err err, peal_args args, void *reply) {
  bool answered = err == PEAL_OK && args.count > 0;
  peal_reply_send(static_cast<peal_reply *>(reply),
                  PEAL_ARGS(answered ? args.items[0] : peal_null()));
}

void on_ask(peal_socket *socket, const peal_event *event, void *) {
  peal_reply *reply = peal_ack_later(event);
  if (peal_emit_ack(socket, "name?", PEAL_ARGS(), 5000, on_name, reply))
    peal_reply_drop(reply);
}

} // namespace

int main(int argc, char **argv) {
  peal_server_opts opts = {};
  opts.port = argc > 1 ? std::atoi(argv[1]) : 3000;
  opts.cors.origins = "*";
  peal_server *server = peal_server_new(&opts);
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_on(nsp, "join", on_join, nullptr);
  peal_on(nsp, "say", on_say, nullptr);
  peal_on(nsp, "ask me", on_ask, nullptr);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
