/* SPDX-License-Identifier: MIT */
/* side_by_side: what tests/docs/side_by_side has for Flask-SocketIO, Node,
 * socketioxide and Go, here: one client cannot tell them apart.
 *
 *   example-side_by_side [port]
 *
 *   io(url, {auth: {name: "ada", token: "open sesame"}})
 *                                            "welcome", {name}
 *   socket.emit("enter", room, ack)          ack("ok"); others: "entered", {name}
 *   socket.emit("leave", room, ack)          ack("ok")
 *   socket.emit("say", room, text, ack)      "said", {name, text} in the room
 *   socket.emit("shout", text)               "shouted", text to all others
 *   socket.emit("picture", bytes, ack)       ack({size, data})
 *   socket.emit("ask me")                    "question", and "thanks", answer
 *   io(url + "/clock")                       "tick", n twice a second
 *   curl localhost:3000/health               {"ok":true} */
#include <stdlib.h>

#include <peal/peal.h>
#include <peal/session.h>
#include <peal/web.h>

static void on_health(peal_http_req *req, void *user) {
  (void)user;
  peal_http_answer_json(req, 200, PEAL_OBJECT({"ok", peal_bool(true)}));
}

static peal_val name_of(peal_socket *socket) {
  return peal_session_get(socket, "name");
}

static peal_err on_connect(peal_socket *socket, void *user) {
  (void)user;
  peal_val auth = peal_socket_auth(socket);
  if (!peal_slice_is(peal_val_str(peal_val_get(auth, "token")), "open sesame"))
    return peal_refuse(socket, "who are you?", peal_undefined());
  peal_err err = peal_session_set(socket, "name", peal_val_get(auth, "name"));
  return err ? err
             : peal_emit(socket, "welcome",
                         PEAL_ARGS(PEAL_OBJECT({"name", name_of(socket)})));
}

static void on_enter(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  const char *room = peal_event_str(event, 0);
  if (!room || peal_join(socket, room))
    return;
  peal_emit_to(socket, &(peal_to){.rooms = PEAL_ROOMS(room)}, "entered",
               PEAL_ARGS(PEAL_OBJECT({"name", name_of(socket)})));
  peal_ack(event, PEAL_ARGS(peal_str("ok")));
}

static void on_leave(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  const char *room = peal_event_str(event, 0);
  if (room)
    peal_leave(socket, room);
  peal_ack(event, PEAL_ARGS(peal_str("ok")));
}

static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  const char *room = peal_event_str(event, 0);
  if (!room)
    return;
  peal_nsp_emit(peal_socket_nsp(socket), &(peal_to){.rooms = PEAL_ROOMS(room)},
                "said",
                PEAL_ARGS(PEAL_OBJECT({"name", name_of(socket)},
                                      {"text", peal_event_arg(event, 1)})));
  peal_ack(event, PEAL_ARGS(peal_str("ok")));
}

static void on_shout(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_emit_to(socket, NULL, "shouted", PEAL_ARGS(peal_event_arg(event, 0)));
}

static void on_picture(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)socket;
  (void)user;
  peal_val data = peal_event_arg(event, 0);
  int64_t size = (int64_t)peal_val_binary(data).len;
  peal_ack(event,
           PEAL_ARGS(PEAL_OBJECT({"size", peal_int(size)}, {"data", data})));
}

static void on_answer(peal_socket *socket, peal_err err, peal_args args,
                      void *user) {
  (void)user;
  if (!err && args.count)
    peal_emit(socket, "thanks", PEAL_ARGS(args.items[0]));
}

static void on_ask_me(peal_socket *socket, const peal_event *event,
                      void *user) {
  (void)event;
  (void)user;
  peal_emit_ack(socket, "question", PEAL_ARGS(peal_str("tea or coffee?")), 5000,
                on_answer, NULL);
}

static void on_disconnect(peal_socket *socket, peal_reason reason, peal_err err,
                          void *user) {
  (void)reason;
  (void)err;
  (void)user;
  peal_nsp_emit(peal_socket_nsp(socket), NULL, "gone",
                PEAL_ARGS(PEAL_OBJECT({"name", name_of(socket)})));
}

static void on_tick(peal_timer *timer, void *user) {
  static int64_t n;
  (void)timer;
  peal_nsp_emit(user, NULL, "tick", PEAL_ARGS(peal_int(++n)));
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(
      &(peal_server_opts){.port = argc > 1 ? atoi(argv[1]) : 3000});
  peal_web *app = peal_web_new(peal_server_http(server), NULL);
  peal_web_get(app, "/health", on_health, NULL);
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_on_connect(nsp, on_connect, NULL);
  peal_on_disconnect(nsp, on_disconnect, NULL);
  peal_on(nsp, "enter", on_enter, NULL);
  peal_on(nsp, "leave", on_leave, NULL);
  peal_on(nsp, "say", on_say, NULL);
  peal_on(nsp, "shout", on_shout, NULL);
  peal_on(nsp, "picture", on_picture, NULL);
  peal_on(nsp, "ask me", on_ask_me, NULL);
  peal_timer *clock =
      peal_timer_new(peal_workers_get(peal_server_workers(server), 0), on_tick,
                     peal_server_of(server, "/clock"));
  peal_timer_start(clock, 0, 500);
  int code = peal_server_run(server);
  peal_timer_free(clock);
  peal_web_free(app);
  peal_server_free(server);
  return code;
}
