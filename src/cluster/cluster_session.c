/* SPDX-License-Identifier: MIT */
#include "cluster/cluster_session.h"

#include <stdlib.h>
#include <string.h>

#include "cluster/cluster_sessions_impl.h"
#include "server/recovery_log.h"
#include "server/server_limits.h"
#include "wire/base64.h"
#include "wire/json.h"
#include "wire/msgpack.h"

#define KEY_PREFIX "sio:session:"

peal_slice peal_cluster_session_key(peal_cluster *cluster, peal_slice pid) {
  peal_buf_reset(&cluster->channel);
  peal_buf_add(&cluster->channel, PEAL_S(KEY_PREFIX));
  peal_buf_add(&cluster->channel, pid);
  return cluster->channel.err ? (peal_slice){0}
                              : peal_buf_slice(&cluster->channel);
}

static void put_text(peal_buf *out, const char *key, peal_slice text) {
  peal_msgpack_add_str(out, peal_slice_of(key));
  peal_msgpack_add_str(out, text);
}

/* The application's value, {} if there is none. */
static peal_err put_data(peal_buf *out, peal_slice json, peal_arena *arena) {
  peal_val data = peal_object(NULL, 0);
  peal_err err =
      json.ptr ? peal_json_decode(&data, json, arena, NULL) : PEAL_OK;
  peal_msgpack_add_str(out, PEAL_S("data"));
  if (!err)
    peal_msgpack_encode(out, data, PEAL_MSGPACK_PLAIN);
  return err;
}

peal_err peal_cluster_session_encode(peal_buf *out,
                                     const peal_recovery_session *session,
                                     peal_arena *arena) {
  peal_buf_reset(out);
  peal_msgpack_add_map(out, session->since[0] ? 5 : 4);
  put_text(out, "sid", peal_slice_of(session->sid));
  put_text(out, "pid", peal_slice_of(session->pid));
  peal_msgpack_add_str(out, PEAL_S("rooms"));
  peal_msgpack_add_array(out, session->room_count + 1);
  peal_msgpack_add_str(out, peal_slice_of(session->sid));
  for (size_t i = 0; i < session->room_count; i++)
    peal_msgpack_add_str(out, session->rooms[i]);
  peal_err err = put_data(out, session->data, arena);
  if (session->since[0])
    put_text(out, "since", peal_slice_of(session->since));
  return err ? err : out->err;
}

bool peal_cluster_session_text(char *out, size_t size, peal_slice text) {
  if (!text.len || text.len >= size || memchr(text.ptr, 0, text.len))
    return false;
  memcpy(out, text.ptr, text.len);
  out[text.len] = 0;
  return true;
}

static bool put_field(char *out, size_t size, peal_val map, const char *name) {
  return peal_cluster_session_text(out, size,
                                   peal_val_str(peal_val_get(map, name)));
}

static size_t bytes_of(peal_val rooms) {
  size_t bytes = 0;
  for (size_t i = 0; i < rooms.len; i++)
    bytes += peal_val_str(peal_val_at(rooms, i)).len;
  return bytes;
}

/* Rooms that are names, without its own. */
static void take_rooms(peal_recovery_session *session, peal_val rooms) {
  char *at = peal_recovery_sessions_names(session);
  size_t count = 0;
  for (size_t i = 0; i < rooms.len; i++) {
    peal_slice name = peal_val_str(peal_val_at(rooms, i));
    if (!name.ptr || peal_slice_is(name, session->sid))
      continue;
    if (name.len)
      memcpy(at, name.ptr, name.len);
    session->rooms[count++] = (peal_slice){at, name.len};
    at += name.len;
  }
  session->room_count = count;
  if (count)
    qsort(session->rooms, count, sizeof *session->rooms,
          peal_recovery_log_compare);
}

static peal_recovery_session *session_of(peal_cluster_sessions *it,
                                         peal_val map, peal_slice json) {
  peal_val rooms = peal_val_get(map, "rooms");
  if (!peal_val_is(rooms, PEAL_ARRAY) || rooms.len > PEAL_LIMIT_ROOMS)
    return NULL;
  peal_recovery_session *session = peal_recovery_sessions_new(
      &it->store.sessions, rooms.len, bytes_of(rooms), json);
  if (!session)
    return NULL;
  if (put_field(session->sid, sizeof session->sid, map, "sid") &&
      put_field(session->pid, sizeof session->pid, map, "pid")) {
    (void)put_field(session->since, sizeof session->since, map, "since");
    take_rooms(session, rooms);
    return session;
  }
  peal_recovery_sessions_drop(&it->store.sessions, session);
  return NULL;
}

peal_recovery_session *peal_cluster_session_decode(peal_cluster_sessions *it,
                                                   peal_slice text) {
  peal_cluster *cluster = it->cluster;
  peal_arena *arena = &cluster->decoded;
  peal_recovery_session *session = NULL;
  size_t len = 0;
  peal_val map;
  peal_buf json;
  peal_arena_reset(arena);
  char *bytes = peal_arena_alloc(arena, peal_base64_decode_max(text.len) + 1);
  if (!bytes || peal_base64_decode(bytes, &len, text) ||
      peal_msgpack_decode(&map, (peal_slice){bytes, len}, arena) ||
      !peal_val_is(map, PEAL_OBJECT))
    return NULL;
  peal_val data = peal_val_get(map, "data");
  bool has_data = peal_val_is(data, PEAL_OBJECT) && data.len;
  peal_buf_init(&json, peal_cluster_mem(cluster), 0);
  if (has_data)
    peal_json_encode(&json, data, NULL);
  if (!json.err)
    session =
        session_of(it, map, has_data ? peal_buf_slice(&json) : (peal_slice){0});
  peal_buf_deinit(&json);
  return session;
}
