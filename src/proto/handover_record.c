/* SPDX-License-Identifier: MIT */
#include "proto/handover_record.h"

#include <string.h>

#include "wire/msgpack.h"
#include "wire/utf8.h"

/* -- encoding -------------------------------------------------------------- */

static void put_key(peal_buf *out, const char *key) {
  peal_msgpack_add_str(out, peal_slice_of(key));
}

static void put_val(peal_buf *out, const char *key, peal_val value) {
  put_key(out, key);
  peal_msgpack_encode(out, value, PEAL_MSGPACK_PLAIN);
}

/* Not all that is text here is known to be UTF-8. */
static void add_bytes(peal_buf *out, peal_slice bytes) {
  peal_msgpack_encode(out, peal_binary(bytes), PEAL_MSGPACK_PLAIN);
}

static void put_bytes(peal_buf *out, const char *key, peal_slice bytes) {
  put_key(out, key);
  add_bytes(out, bytes);
}

static void put_flag(peal_buf *out, const char *key, bool flag) {
  put_val(out, key, peal_bool(flag));
}

static void put_u64(peal_buf *out, const char *key, uint64_t value) {
  put_key(out, key);
  peal_msgpack_add_u64(out, value);
}

static void put_array(peal_buf *out, const char *key, size_t count) {
  put_key(out, key);
  peal_msgpack_add_array(out, count);
}

static void put_socket(peal_buf *out, const peal_handover_socket *socket) {
  bool has_auth = socket->auth.ptr != NULL;
  bool has_data = !peal_val_is(socket->data, PEAL_UNDEFINED);
  bool has_session = !peal_val_is(socket->session, PEAL_UNDEFINED);
  peal_msgpack_add_map(out, 4u + has_auth + has_data + has_session);
  put_bytes(out, "nsp", socket->nsp);
  put_bytes(out, "id", socket->id);
  put_bytes(out, "pid", socket->pid);
  put_array(out, "rooms", socket->room_count);
  for (size_t i = 0; i < socket->room_count; i++)
    add_bytes(out, socket->rooms[i]);
  if (has_auth)
    put_bytes(out, "auth", socket->auth);
  if (has_data)
    put_val(out, "data", socket->data);
  if (has_session)
    put_val(out, "session", socket->session);
}

static void put_request(peal_buf *out, const peal_handover_record *record) {
  put_flag(out, "secure", record->is_secure);
  put_u64(out, "since", (uint64_t)record->since_ms);
  put_bytes(out, "url", record->url);
  put_bytes(out, "address", record->address);
  put_array(out, "fields", 2 * record->field_count);
  for (size_t i = 0; i < record->field_count; i++) {
    add_bytes(out, record->fields[i].name);
    add_bytes(out, record->fields[i].value);
  }
}

static void put_queue(peal_buf *out, const peal_handover_record *record) {
  put_array(out, "queue", 2 * record->message_count);
  for (size_t i = 0; i < record->message_count; i++) {
    const peal_handover_message *message = &record->messages[i];
    peal_msgpack_add_u64(out, (message->is_binary ? 1u : 0u) |
                                  (message->no_compress ? 2u : 0u));
    add_bytes(out, message->data);
  }
}

static void put_deflate(peal_buf *out, const peal_handover_record *record) {
  put_array(out, "deflate", 4);
  peal_msgpack_add_u64(out, (record->deflate.server_takeover ? 1u : 0u) |
                                (record->deflate.client_takeover ? 2u : 0u));
  peal_msgpack_add_u64(out, record->deflate.server_bits);
  peal_msgpack_add_u64(out, record->deflate.client_bits);
  add_bytes(out, record->window);
}

void peal_handover_record_encode(peal_buf *out,
                                 const peal_handover_record *record) {
  peal_msgpack_add_map(out, 15u + record->deflate.on);
  put_bytes(out, "sid", record->sid);
  put_flag(out, "websocket", record->is_websocket);
  put_flag(out, "eio3", record->is_eio3);
  put_flag(out, "base64", record->wants_base64);
  put_flag(out, "pinged", record->is_pinged);
  put_u64(out, "beat", record->beat_ms);
  put_u64(out, "ceiling", record->queue_bytes);
  put_u64(out, "policy", record->policy);
  put_request(out, record);
  put_queue(out, record);
  put_array(out, "sockets", record->socket_count);
  for (size_t i = 0; i < record->socket_count; i++)
    put_socket(out, &record->sockets[i]);
  if (record->deflate.on)
    put_deflate(out, record);
}

/* -- decoding -------------------------------------------------------------- */

/* What is wrong is noted, and the walk goes on over nothing. */
typedef struct reading {
  peal_arena *arena;
  peal_err err;
} reading;

static void wrong(reading *it) {
  if (!it->err)
    it->err = PEAL_ERR_SIO_PACKET;
}

static peal_val get(reading *it, peal_val map, const char *key,
                    peal_type type) {
  peal_val value = peal_val_get(map, key);
  if (!peal_val_is(value, type))
    wrong(it);
  return value;
}

static peal_slice bytes_of(reading *it, peal_val value) {
  if (!peal_val_is(value, PEAL_BINARY))
    wrong(it);
  return peal_val_binary(value);
}

static peal_slice get_bytes(reading *it, peal_val map, const char *key) {
  return bytes_of(it, peal_val_get(map, key));
}

static bool get_flag(reading *it, peal_val map, const char *key) {
  return peal_val_bool(get(it, map, key, PEAL_BOOL), false);
}

static uint64_t u64_of(reading *it, peal_val value, uint64_t max) {
  int64_t number = peal_val_int(value, -1);
  if (!peal_val_is(value, PEAL_INT) || number < 0 || (uint64_t)number > max) {
    wrong(it);
    return 0;
  }
  return (uint64_t)number;
}

static uint64_t get_u64(reading *it, peal_val map, const char *key,
                        uint64_t max) {
  return u64_of(it, peal_val_get(map, key), max);
}

/* The array of this name, and room for a row of each `step` of its items. */
static void *get_rows(reading *it, peal_val map, const char *key, size_t step,
                      size_t row_bytes, peal_val *array, size_t *count) {
  *array = get(it, map, key, PEAL_ARRAY);
  size_t len = peal_val_is(*array, PEAL_ARRAY) ? array->len : 0;
  *count = 0;
  if (len % step)
    wrong(it);
  if (it->err || !len)
    return NULL;
  void *rows = peal_arena_alloc(it->arena, len / step * row_bytes);
  if (!rows)
    it->err = PEAL_ERR_NOMEM;
  else
    *count = len / step;
  return rows;
}

static bool is_id(peal_slice id) {
  return id.len == PEAL_HANDOVER_RECORD_ID && !memchr(id.ptr, 0, id.len);
}

static bool is_name(peal_slice nsp) {
  return nsp.len && nsp.ptr[0] == '/' && !memchr(nsp.ptr, 0, nsp.len) &&
         !memchr(nsp.ptr, ',', nsp.len) && peal_utf8_is_valid(nsp);
}

static void read_rooms(reading *it, peal_val map, peal_handover_socket *out) {
  peal_val array;
  peal_slice *rooms =
      get_rows(it, map, "rooms", 1, sizeof *rooms, &array, &out->room_count);
  for (size_t i = 0; i < out->room_count; i++)
    rooms[i] = bytes_of(it, peal_val_at(array, i));
  out->rooms = rooms;
}

static void read_socket(reading *it, peal_val map, peal_handover_socket *out) {
  peal_val auth = peal_val_get(map, "auth");
  *out = (peal_handover_socket){.nsp = get_bytes(it, map, "nsp"),
                                .id = get_bytes(it, map, "id"),
                                .pid = get_bytes(it, map, "pid"),
                                .data = peal_val_get(map, "data")};
  out->session = peal_val_get(map, "session");
  if (!peal_val_is(auth, PEAL_UNDEFINED))
    out->auth = bytes_of(it, auth);
  if (!peal_val_is(out->session, PEAL_UNDEFINED) &&
      !peal_val_is(out->session, PEAL_OBJECT))
    wrong(it);
  read_rooms(it, map, out);
  if (!is_id(out->id) || !is_name(out->nsp))
    wrong(it);
}

static void read_sockets(reading *it, peal_val map, peal_handover_record *out) {
  peal_val array;
  peal_handover_socket *sockets = get_rows(
      it, map, "sockets", 1, sizeof *sockets, &array, &out->socket_count);
  for (size_t i = 0; i < out->socket_count; i++)
    read_socket(it, peal_val_at(array, i), &sockets[i]);
  out->sockets = sockets;
}

static void read_fields(reading *it, peal_val map, peal_handover_record *out) {
  peal_val array;
  peal_handover_field *fields =
      get_rows(it, map, "fields", 2, sizeof *fields, &array, &out->field_count);
  for (size_t i = 0; i < out->field_count; i++) {
    fields[i].name = bytes_of(it, peal_val_at(array, 2 * i));
    fields[i].value = bytes_of(it, peal_val_at(array, 2 * i + 1));
    if (!fields[i].name.len || fields[i].name.len > UINT16_MAX ||
        fields[i].value.len > UINT16_MAX)
      wrong(it);
  }
  out->fields = fields;
}

static void read_queue(reading *it, peal_val map, peal_handover_record *out) {
  peal_val array;
  peal_handover_message *messages = get_rows(
      it, map, "queue", 2, sizeof *messages, &array, &out->message_count);
  for (size_t i = 0; i < out->message_count; i++) {
    uint64_t how = u64_of(it, peal_val_at(array, 2 * i), 3);
    messages[i] = (peal_handover_message){
        .data = bytes_of(it, peal_val_at(array, 2 * i + 1)),
        .is_binary = how & 1,
        .no_compress = (how & 2) != 0};
    if (!messages[i].is_binary && !peal_utf8_is_valid(messages[i].data))
      wrong(it);
  }
  out->messages = messages;
}

static uint8_t read_bits(reading *it, peal_val value) {
  uint64_t bits = u64_of(it, value, PEAL_DEFLATE_TERMS_BITS_MAX);
  if (bits < PEAL_DEFLATE_TERMS_BITS_MIN)
    wrong(it);
  return (uint8_t)bits;
}

static void read_deflate(reading *it, peal_val array,
                         peal_handover_record *out) {
  uint64_t how = u64_of(it, peal_val_at(array, 0), 3);
  out->deflate =
      (peal_deflate_terms){.on = true,
                           .server_takeover = how & 1,
                           .client_takeover = (how & 2) != 0,
                           .server_bits = read_bits(it, peal_val_at(array, 1)),
                           .client_bits = read_bits(it, peal_val_at(array, 2))};
  out->window = bytes_of(it, peal_val_at(array, 3));
}

static void read(reading *it, peal_val map, peal_handover_record *out) {
  out->sid = get_bytes(it, map, "sid");
  out->is_websocket = get_flag(it, map, "websocket");
  out->is_eio3 = get_flag(it, map, "eio3");
  out->wants_base64 = get_flag(it, map, "base64");
  out->is_pinged = get_flag(it, map, "pinged");
  out->beat_ms = (uint32_t)get_u64(it, map, "beat", UINT32_MAX);
  out->queue_bytes = (uint32_t)get_u64(it, map, "ceiling", UINT32_MAX);
  out->policy = (uint8_t)get_u64(it, map, "policy", 2);
  out->is_secure = get_flag(it, map, "secure");
  out->since_ms = (int64_t)get_u64(it, map, "since", INT64_MAX);
  out->url = get_bytes(it, map, "url");
  out->address = get_bytes(it, map, "address");
  read_fields(it, map, out);
  read_queue(it, map, out);
  read_sockets(it, map, out);
  peal_val deflate = peal_val_get(map, "deflate");
  if (!peal_val_is(deflate, PEAL_UNDEFINED))
    read_deflate(it, deflate, out);
  if (!is_id(out->sid) || out->url.len > UINT32_MAX ||
      out->address.len > UINT16_MAX)
    wrong(it);
}

peal_err peal_handover_record_decode(peal_handover_record *out, peal_slice in,
                                     peal_arena *arena) {
  reading it = {.arena = arena};
  peal_val map;
  *out = (peal_handover_record){0};
  peal_err err = peal_msgpack_decode(&map, in, arena);
  if (err)
    return err;
  if (!peal_val_is(map, PEAL_OBJECT))
    return PEAL_ERR_SIO_PACKET;
  read(&it, map, out);
  return it.err;
}
