/* SPDX-License-Identifier: MIT */
/* rooms: a client enters and leaves rooms by name; what it says is heard in
 * that room and nowhere else; everybody may ask who is there.
 *
 *   example-rooms [port]
 *
 *   socket.emit("enter", "kitchen", ack)        ack("ok") or ack(why not)
 *   socket.emit("say", "kitchen", text, ack)
 *   socket.emit("leave", "kitchen", ack)
 *   socket.emit("who", "kitchen", ack)          ack([socket ids]) */
#include <stdio.h>
#include <stdlib.h>

#include <peal/peal.h>

/* Every socket's id is a room of its own. A prefix keeps the names that
 * clients choose away from those. */
typedef struct room_name {
  char text[80];
} room_name;

static bool room_of(room_name *room, const peal_event *event) {
  const char *name = peal_event_str(event, 0);
  if (!name || !*name)
    return false;
  int len = snprintf(room->text, sizeof room->text, "room:%s", name);
  return len > 0 && (size_t)len < sizeof room->text;
}

static void answer(const peal_event *event, peal_err err) {
  peal_ack(event, PEAL_ARGS(peal_str(err ? peal_err_message(err) : "ok")));
}

static void on_enter(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  room_name room;
  peal_err err = PEAL_ERR_USAGE;
  if (room_of(&room, event))
    err = peal_join(socket, room.text);
  if (!err)
    peal_emit_to(
        socket, &(peal_to){.rooms = PEAL_ROOMS(room.text)}, "entered",
        PEAL_ARGS(peal_event_arg(event, 0), peal_str(peal_socket_id(socket))));
  answer(event, err);
}

static void on_leave(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  room_name room;
  bool named = room_of(&room, event);
  if (named)
    peal_leave(socket, room.text);
  answer(event, named ? PEAL_OK : PEAL_ERR_USAGE);
}

/* Only who is in a room may speak there. */
static void on_say(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  room_name room;
  peal_err err = PEAL_ERR_USAGE;
  if (room_of(&room, event) && peal_socket_in(socket, room.text))
    err = peal_emit_to(
        socket, &(peal_to){.rooms = PEAL_ROOMS(room.text)}, "said",
        PEAL_ARGS(peal_event_arg(event, 0), peal_event_arg(event, 1)));
  answer(event, err);
}

/* The ids come from all workers, so the answer is given later. */
static void on_members(peal_err err, size_t count, peal_args ids, void *user) {
  peal_reply *reply = user;
  (void)count;
  peal_reply_send(
      reply, PEAL_ARGS(err ? peal_null() : peal_array(ids.items, ids.count)));
}

static void on_who(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  room_name room;
  peal_reply *reply = peal_ack_later(event);
  if (!reply)
    return;
  if (!room_of(&room, event) ||
      peal_nsp_members(peal_socket_nsp(socket),
                       &(peal_to){.rooms = PEAL_ROOMS(room.text)}, on_members,
                       reply))
    peal_reply_send(reply, PEAL_ARGS(peal_null()));
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(&(peal_server_opts){
      .port = argc > 1 ? atoi(argv[1]) : 3000, .cors.origins = "*"});
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_on(nsp, "enter", on_enter, NULL);
  peal_on(nsp, "leave", on_leave, NULL);
  peal_on(nsp, "say", on_say, NULL);
  peal_on(nsp, "who", on_who, NULL);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
