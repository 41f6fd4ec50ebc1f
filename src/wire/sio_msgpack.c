/* SPDX-License-Identifier: MIT */
#include "wire/sio_msgpack.h"

#include <string.h>

#include "base/err_site.h"
#include "wire/msgpack.h"

/* The head of a map of up to 15 pairs. */
#define MAP_OF(count) ((char)(0x80 + (count)))

/* -- decode ----------------------------------------------------------------- */

static peal_err read_type(peal_sio_packet *out, peal_val value) {
  int64_t type = peal_val_int(value, -1);
  if (type < PEAL_SIO_CONNECT || type > PEAL_SIO_CONNECT_ERROR)
    return PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  out->type = (uint8_t)type;
  return PEAL_OK;
}

static peal_err read_nsp(peal_sio_packet *out, peal_val value) {
  if (!peal_val_is(value, PEAL_STRING))
    return PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  out->nsp = peal_val_str(value);
  return PEAL_OK;
}

static peal_err read_id(peal_sio_packet *out, peal_val value) {
  int64_t id = peal_val_int(value, -1);
  out->has_id = !peal_val_is(value, PEAL_UNDEFINED);
  if (out->has_id && id < 0)
    return PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  out->id = out->has_id ? (uint64_t)id : 0;
  return PEAL_OK;
}

/* A value that is a token. */
static peal_val read_scalar(peal_msgpack_read *read) {
  peal_msgpack_token token;
  if (!peal_msgpack_read_next(read, &token))
    return peal_null();
  /* The text of a Date goes with the token; nobody wants one here. */
  bool is_lent =
      token.value.type == PEAL_STRING && token.value.as.bytes == token.time;
  return is_lent ? peal_null() : token.value;
}

/* Over a key as all encoders write it, without looking at each byte's sense. */
static bool take_key(peal_msgpack_read *read, const char *key, size_t len) {
  if ((size_t)(read->end - read->at) < len || memcmp(read->at, key, len) != 0)
    return false;
  read->at += len;
  read->owed--;
  return true;
}

typedef enum key_kind {
  KEY_NONE,
  KEY_TYPE,
  KEY_DATA,
  KEY_NSP,
  KEY_ID
} key_kind;

static key_kind read_known_key(peal_msgpack_read *read) {
  if (take_key(read, "\xa4type", 5))
    return KEY_TYPE;
  if (take_key(read,
               "\xa4"
               "data",
               5))
    return KEY_DATA;
  if (take_key(read, "\xa3nsp", 4))
    return KEY_NSP;
  return take_key(read, "\xa2id", 3) ? KEY_ID : KEY_NONE;
}

static key_kind key_of(peal_slice name) {
  if (peal_slice_is(name, "type"))
    return KEY_TYPE;
  if (peal_slice_is(name, "data"))
    return KEY_DATA;
  if (peal_slice_is(name, "nsp"))
    return KEY_NSP;
  return peal_slice_is(name, "id") ? KEY_ID : KEY_NONE;
}

static peal_err read_key(peal_msgpack_read *read, key_kind *out) {
  peal_msgpack_token key;
  *out = read_known_key(read);
  if (*out)
    return PEAL_OK;
  if (!peal_msgpack_read_next(read, &key))
    return read->err;
  if (key.value.type != PEAL_STRING)
    return PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  *out = key_of(peal_val_str(key.value));
  return PEAL_OK;
}

typedef struct seen_keys {
  bool type, nsp;
} seen_keys;

static peal_err read_pair(peal_sio_packet *out, peal_msgpack_read *read,
                          peal_arena *arena, seen_keys *seen) {
  key_kind key;
  peal_err err = read_key(read, &key);
  if (err)
    return err;
  switch (key) {
  case KEY_TYPE:
    seen->type = true;
    return read_type(out, read_scalar(read));
  case KEY_DATA:
    peal_msgpack_decode_next(&out->data, read, arena);
    return read->err;
  case KEY_NSP:
    seen->nsp = true;
    return read_nsp(out, read_scalar(read));
  case KEY_ID:
    return read_id(out, read_scalar(read));
  case KEY_NONE:
    (void)peal_msgpack_read_skip(read);
    break;
  }
  return read->err;
}

static peal_err read_map(peal_sio_packet *out, peal_slice in,
                         peal_arena *arena) {
  peal_msgpack_read read = peal_msgpack_read_of(in);
  peal_msgpack_token head;
  seen_keys seen = {false, false};
  peal_err err = PEAL_OK;
  if (in.len > UINT32_MAX || !peal_msgpack_read_next(&read, &head) ||
      head.value.type != PEAL_OBJECT)
    return PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  for (uint32_t i = 0; !err && i < head.value.len; i++)
    err = read_pair(out, &read, arena, &seen);
  if (!err)
    err = peal_msgpack_read_end(&read);
  if (!err && !(seen.type && seen.nsp))
    err = PEAL_FAIL(PEAL_ERR_SIO_PACKET);
  return err;
}

peal_err peal_sio_msgpack_decode(peal_sio_packet *out, peal_slice in,
                                 peal_arena *arena) {
  *out = (peal_sio_packet){.nsp = PEAL_S("/")};
  peal_err err = read_map(out, in, arena);
  bool may_lack =
      out->type == PEAL_SIO_CONNECT || out->type == PEAL_SIO_DISCONNECT;
  if (may_lack && peal_val_is(out->data, PEAL_NULL))
    out->data = peal_undefined();
  return err ? err : peal_sio_packet_check(out, arena);
}

/* -- encode ----------------------------------------------------------------- */

static void add(peal_buf *out, const char *bytes, size_t len) {
  peal_buf_add(out, (peal_slice){bytes, len});
}

/* A constant without its terminator. */
#define ADD(out, text) add(out, text, sizeof(text) - 1)

static void add_nsp(peal_buf *out, peal_slice nsp) {
  static const char root[] = "\xa3nsp\xa1/";
  if (!nsp.len || peal_slice_is(nsp, "/")) {
    ADD(out, root);
    return;
  }
  ADD(out, "\xa3nsp");
  peal_msgpack_add_str(out, nsp);
}

static void add_id(peal_buf *out, uint64_t id) {
  ADD(out, "\xa2id");
  peal_msgpack_add_u64(out, id);
}

#define EVENT_HEAD                                                             \
  "\xa4type\x02\xa4"                                                           \
  "data"

void peal_sio_msgpack_encode_event(peal_buf *out, peal_slice nsp,
                                   peal_slice event, peal_args args,
                                   const uint64_t *id) {
  if (id)
    ADD(out, "\x84" EVENT_HEAD);
  else
    ADD(out, "\x83" EVENT_HEAD);
  peal_msgpack_encode_args(out, event.ptr ? event : PEAL_S(""), args,
                           PEAL_MSGPACK_NOTEPACK2);
  if (id)
    add_id(out, *id);
  add_nsp(out, nsp);
}

void peal_sio_msgpack_encode_ack(peal_buf *out, peal_slice nsp, uint64_t id,
                                 peal_args args) {
  ADD(out, "\x84\xa2id");
  peal_msgpack_add_u64(out, id);
  ADD(out, "\xa4type\x03\xa4"
           "data");
  peal_msgpack_encode_args(out, (peal_slice){NULL, 0}, args,
                           PEAL_MSGPACK_NOTEPACK2);
  add_nsp(out, nsp);
}

void peal_sio_msgpack_encode_control(peal_buf *out, peal_sio_type type,
                                     peal_slice nsp, peal_val data) {
  bool has_data = !peal_val_is(data, PEAL_UNDEFINED);
  peal_buf_add_char(out, MAP_OF(has_data ? 3 : 2));
  ADD(out, "\xa4type");
  peal_msgpack_add_u64(out, type);
  if (has_data) {
    ADD(out, "\xa4"
             "data");
    peal_msgpack_encode(out, data, PEAL_MSGPACK_NOTEPACK2);
  }
  add_nsp(out, nsp);
}

void peal_sio_msgpack_add_id(peal_buf *out, peal_slice event, uint64_t id) {
  peal_buf_add_char(out, MAP_OF(4));
  peal_buf_add(out, (peal_slice){event.ptr + 1, event.len - 1});
  add_id(out, id);
}

size_t peal_sio_msgpack_tail_len(peal_slice nsp) {
  size_t len = nsp.len ? nsp.len : 1;
  size_t head = len < 32 ? 1 : len <= UINT8_MAX ? 2 : 3;
  return 4 + head + len;
}
