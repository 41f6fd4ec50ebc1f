/* SPDX-License-Identifier: MIT */
#include "server/describe.h"

#include <stdio.h>
#include <time.h>

#include "engine/engine_handshake.h"
#include "net/worker_impl.h"
#include "server/onlooker.h"
#include "server/socket_name.h"

/* Of fields and parameters, those beyond it are left out. */
#define MAX_MEMBERS 256u

static peal_val text_of(peal_slice text) {
  return text.ptr ? peal_str_slice(text) : peal_str("");
}

typedef peal_slice (*member_at)(const peal_socket *socket, size_t index,
                                peal_slice *value);

/* As names in lower case, the first of equal ones. */
static peal_slice lower(peal_arena *arena, peal_slice name) {
  char *copy = peal_arena_str(arena, name);
  for (size_t i = 0; copy && i < name.len; i++)
    if (copy[i] >= 'A' && copy[i] <= 'Z')
      copy[i] = (char)(copy[i] - 'A' + 'a');
  return copy ? (peal_slice){copy, name.len} : name;
}

static peal_val members(peal_socket *socket, size_t count, member_at at,
                        bool in_lower) {
  peal_arena *arena = &socket->local->worker->turn;
  peal_pairs *pairs = peal_pairs_new(peal_socket_build(socket));
  for (size_t i = 0; i < count && i < MAX_MEMBERS; i++) {
    peal_slice value, name = at(socket, i, &value);
    if (in_lower)
      name = lower(arena, name);
    if (peal_val_is(peal_val_get_n(peal_pairs_val(pairs), name),
                    PEAL_UNDEFINED))
      peal_pairs_add_n(pairs, name, text_of(value));
  }
  return peal_pairs_val(pairs);
}

/* As the reference writes a Date: its text in UTC. */
static peal_val date(peal_socket *socket, int64_t wall_ms) {
  static const char days[] = "SunMonTueWedThuFriSat";
  static const char months[] = "JanFebMarAprMayJunJulAugSepOctNovDec";
  char text[80];
  struct tm tm;
  time_t at = (time_t)(wall_ms / 1000);
  if (!gmtime_r(&at, &tm))
    return peal_str("");
  (void)snprintf(text, sizeof text,
                 "%.3s %.3s %02d %04d %02d:%02d:%02d GMT+0000 "
                 "(Coordinated Universal Time)",
                 days + 3 * tm.tm_wday, months + 3 * tm.tm_mon, tm.tm_mday,
                 tm.tm_year + 1900, tm.tm_hour, tm.tm_min, tm.tm_sec);
  return peal_build_copy(peal_socket_build(socket), peal_str(text));
}

static peal_val auth_of(const peal_socket *socket) {
  peal_val auth = peal_socket_auth(socket);
  return peal_val_is(auth, PEAL_UNDEFINED) ? peal_object(NULL, 0) : auth;
}

static peal_val handshake(peal_socket *socket) {
  peal_pairs *it = peal_pairs_new(peal_socket_build(socket));
  int64_t since = peal_socket_since_ms(socket);
  const peal_engine_handshake *own =
      socket->client ? peal_engine_conn_handshake(socket->client->conn) : NULL;
  peal_pairs_add(it, "headers",
                 members(socket, peal_socket_header_count(socket),
                         peal_socket_header_at, true));
  peal_pairs_add(it, "time", date(socket, since));
  peal_pairs_add(it, "address", text_of(peal_socket_address(socket)));
  peal_pairs_add(it, "xdomain",
                 peal_bool(peal_socket_header(socket, "origin").ptr != NULL));
  peal_pairs_add(it, "secure", peal_bool(own && own->is_secure));
  peal_pairs_add(it, "issued", peal_int(since));
  peal_pairs_add(it, "url", text_of(peal_socket_url(socket)));
  peal_pairs_add(it, "query",
                 members(socket, peal_socket_query_count(socket),
                         peal_socket_query_at, false));
  peal_pairs_add(it, "auth", auth_of(socket));
  return peal_pairs_val(it);
}

static peal_val rooms(peal_socket *socket) {
  peal_items *names = peal_items_new(peal_socket_build(socket));
  for (size_t i = 0; i < peal_socket_room_count(socket); i++)
    peal_items_add(names, text_of(peal_socket_room_n(socket, i)));
  return peal_items_val(names);
}

/* Of a socket's client, for admin pages of any node (reference: socket.data). */
static peal_val mark(peal_socket *socket) {
  peal_slice client = peal_slice_of(
      socket->client ? peal_engine_conn_id(socket->client->conn) : "");
  client.len = client.len < 12 ? client.len : 12;
  return peal_build_keep(
      peal_socket_build(socket),
      PEAL_OBJECT({"clientId", peal_str_slice(client)},
                  {"transport", peal_str(peal_socket_transport(socket))}));
}

static peal_val marked(peal_socket *socket, peal_val data) {
  peal_pairs *all = peal_pairs_new(peal_socket_build(socket));
  peal_pairs_add(all, "_admin", mark(socket));
  for (uint32_t i = 0; peal_val_is(data, PEAL_OBJECT) && i < data.len; i++)
    peal_pairs_add_n(all, peal_val_key(data, i), data.as.pairs[i].value);
  return peal_pairs_val(all);
}

static peal_val data_of(peal_socket *socket) {
  peal_val data = peal_socket_data(socket);
  const peal_onlooker *onlooker = socket->local->nsp->server->onlooker;
  bool is_open =
      peal_val_is(data, PEAL_UNDEFINED) || peal_val_is(data, PEAL_OBJECT);
  if (onlooker && onlooker->marks_data && is_open)
    return marked(socket, data);
  return peal_val_is(data, PEAL_UNDEFINED) ? peal_object(NULL, 0) : data;
}

peal_val peal_describe_socket(peal_socket *socket) {
  peal_pairs *it = peal_pairs_new(peal_socket_build(socket));
  peal_pairs_add(it, "id", peal_str(peal_socket_name(socket)));
  peal_pairs_add(it, "handshake", handshake(socket));
  peal_pairs_add(it, "rooms", rooms(socket));
  peal_pairs_add(it, "data", data_of(socket));
  return peal_pairs_val(it);
}

peal_doc *peal_describe_sockets(peal_socket *const *sockets, size_t count) {
  if (!count)
    return peal_doc_new(peal_array(NULL, 0));
  peal_items *all = peal_items_new(peal_socket_build(sockets[0]));
  for (size_t i = 0; i < count; i++)
    peal_items_add(all, peal_describe_socket(sockets[i]));
  return peal_doc_new(peal_items_val(all));
}

peal_doc *peal_describe_rooms(const peal_nsp_local *local) {
  if (!local)
    return peal_doc_new(peal_array(NULL, 0));
  peal_items *names = peal_items_new(peal_worker_build(local->worker));
  uint32_t cursor = 0;
  for (const peal_room *room; (room = peal_map_next(&local->rooms, &cursor));)
    peal_items_add(names,
                   peal_str_slice((peal_slice){room->name, room->name_len}));
  for (peal_list *node = local->all.next; node != &local->all;
       node = node->next)
    peal_items_add(names, peal_str(peal_socket_name(
                              PEAL_LIST_OF(node, peal_socket, node))));
  return peal_doc_new(peal_items_val(names));
}

peal_doc *peal_describe_seats(const peal_nsp_local *local) {
  if (!local)
    return peal_doc_new(peal_array(NULL, 0));
  peal_items *seats = peal_items_new(peal_worker_build(local->worker));
  uint32_t cursor = 0;
  for (const peal_room *room; (room = peal_map_next(&local->rooms, &cursor));) {
    peal_items_add(seats,
                   peal_str_slice((peal_slice){room->name, room->name_len}));
    peal_items_add(seats, peal_int(room->count));
  }
  return peal_doc_new(peal_items_val(seats));
}
