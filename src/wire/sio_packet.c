/* SPDX-License-Identifier: MIT */
#include "wire/sio_packet.h"

#include <assert.h>
#include <string.h>

#include "base/decimal.h"
#include "base/err_site.h"
#include "base/limits.h"
#include "base/text.h"
#include "base/val_impl.h"
#include "wire/json.h"
#include "wire/utf8.h"

/* -- decode ----------------------------------------------------------------- */

typedef struct sio_reader {
  const char *at;
  const char *begin;
  const char *end;
  peal_err_info *info;
  peal_arena *arena;
  bool is_utf8; /* the text is known to be */
} sio_reader;

static peal_err sio_fail(const sio_reader *r, peal_err err, const char *msg) {
  if (r->info)
    *r->info = (peal_err_info){err, msg, (size_t)(r->at - r->begin)};
  return err;
}

static bool is_binary(uint8_t type) {
  return type == PEAL_SIO_BINARY_EVENT || type == PEAL_SIO_BINARY_ACK;
}

static peal_err read_type(sio_reader *r, peal_sio_packet *out) {
  if (r->at == r->end || *r->at < '0' || *r->at > '6')
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PACKET),
                    "expected a packet type 0 to 6");
  out->type = (uint8_t)(*r->at++ - '0');
  return PEAL_OK;
}

/* SIO5 packet encoding: <n>- in front of everything else of a binary packet.
 * A packet that announces none is complete at once: it is a plain one. */
static peal_err read_attachments(sio_reader *r, uint32_t max,
                                 peal_sio_packet *out) {
  const char *digits = r->at;
  uint64_t count = 0;
  if (!is_binary(out->type))
    return PEAL_OK;
  for (; r->at < r->end && peal_text_is_digit(*r->at); r->at++) {
    if (count <= UINT32_MAX)
      count = count * 10 + (uint64_t)(*r->at - '0');
  }
  if (r->at == digits || r->at == r->end || *r->at != '-')
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_ATTACHMENTS),
                    "expected a count of attachments and '-'");
  if (count > max)
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_TOO_MANY),
                    "too many attachments");
  r->at++;
  out->attachments = (uint32_t)count;
  if (count == 0)
    out->type =
        out->type == PEAL_SIO_BINARY_EVENT ? PEAL_SIO_EVENT : PEAL_SIO_ACK;
  return PEAL_OK;
}

/* SIO5 packet encoding: a namespace begins with '/' and ends at ',' or with
 * the text. */
static peal_err read_nsp(sio_reader *r, peal_sio_packet *out) {
  if (r->at == r->end || *r->at != '/')
    return PEAL_OK;
  size_t left = (size_t)(r->end - r->at);
  const char *comma = memchr(r->at, ',', left);
  out->nsp = (peal_slice){r->at, comma ? (size_t)(comma - r->at) : left};
  if (!r->is_utf8 && !peal_utf8_is_valid(out->nsp))
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PACKET),
                    "namespace is not valid UTF-8");
  r->at = comma ? comma + 1 : r->end;
  return PEAL_OK;
}

/* Leading zeros have no meaning; beyond uint64_t an id could not be answered
 * as it came. */
static peal_err read_id(sio_reader *r, peal_sio_packet *out) {
  uint64_t id = 0;
  out->has_id = r->at < r->end && peal_text_is_digit(*r->at);
  for (; r->at < r->end && peal_text_is_digit(*r->at); r->at++) {
    uint64_t digit = (uint64_t)(*r->at - '0');
    if (id > (UINT64_MAX - digit) / 10)
      return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PACKET),
                      "acknowledgement id too large");
    id = id * 10 + digit;
  }
  out->id = id;
  return PEAL_OK;
}

/* What stands between the type and the data, if anything does: as a rule an
 * event has neither namespace nor id. */
static peal_err read_head(sio_reader *r, uint32_t max_attachments,
                          peal_sio_packet *out) {
  peal_err err = read_attachments(r, max_attachments, out);
  if (err == PEAL_OK)
    err = read_nsp(r, out);
  if (err == PEAL_OK)
    err = read_id(r, out);
  return err;
}

static peal_err read_data(sio_reader *r, peal_sio_packet *out) {
  peal_arena *arena = r->arena;
  size_t offset = (size_t)(r->at - r->begin);
  if (r->at == r->end)
    return PEAL_OK;
  peal_slice text = {r->at, (size_t)(r->end - r->at)};
  peal_err err = r->is_utf8
                     ? peal_json_decode_utf8(&out->data, text, arena, r->info)
                     : peal_json_decode(&out->data, text, arena, r->info);
  if (err == PEAL_OK)
    return PEAL_OK;
  if (err != PEAL_ERR_DEPTH && err != PEAL_ERR_NOMEM)
    err = PEAL_FAIL(PEAL_ERR_SIO_PAYLOAD);
  if (r->info) {
    r->info->code = err;
    r->info->pos += offset;
  }
  return err;
}

/* A name that is a number is the text that JavaScript makes of it, as where
 * names are keys: 7 is "7". The tree was decoded into the arena, so it may be
 * changed; it is not the text it was decoded from any more. */
static peal_err spell_name(const sio_reader *r, peal_val *data) {
  peal_val *name = (peal_val *)(uintptr_t)data->as.items;
  peal_buf text;
  peal_buf_init(&text, r->arena->mem, 0);
  peal_json_encode(&text, *name, NULL);
  char *copy =
      text.err ? NULL : peal_arena_str(r->arena, peal_buf_slice(&text));
  if (copy)
    *name = peal_str_slice((peal_slice){copy, text.len});
  data->flags = 0;
  data->extra = 0;
  peal_buf_deinit(&text);
  return copy ? PEAL_OK : sio_fail(r, PEAL_FAIL(PEAL_ERR_NOMEM), "no memory");
}

static peal_err check_event(const sio_reader *r, peal_val *data) {
  if (!peal_val_is(*data, PEAL_ARRAY) || data->len == 0)
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PAYLOAD),
                    "expected an array with the event's name");
  peal_val name = data->as.items[0];
  if (peal_val_is_number(name))
    return spell_name(r, data);
  if (!peal_val_is(name, PEAL_STRING))
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PAYLOAD),
                    "an event's name is a string or a number");
  if (peal_sio_packet_is_reserved(peal_val_str(name)))
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_RESERVED),
                    "reserved event name from a peer");
  return PEAL_OK;
}

static peal_err check_shape(const sio_reader *r, peal_sio_packet *p) {
  if (p->type == PEAL_SIO_EVENT)
    return check_event(r, &p->data);
  bool none = peal_val_is(p->data, PEAL_UNDEFINED);
  bool object = peal_val_is(p->data, PEAL_OBJECT);
  switch ((peal_sio_type)p->type) {
  case PEAL_SIO_CONNECT:
    if (none || object)
      return PEAL_OK;
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PAYLOAD),
                    "expected an object or nothing");
  case PEAL_SIO_DISCONNECT:
    if (none)
      return PEAL_OK;
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PAYLOAD), "expected nothing");
  case PEAL_SIO_CONNECT_ERROR:
    if (object || peal_val_is(p->data, PEAL_STRING))
      return PEAL_OK;
    return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PAYLOAD),
                    "expected an object or a string");
  case PEAL_SIO_EVENT:
  case PEAL_SIO_BINARY_EVENT:
    return check_event(r, &p->data);
  case PEAL_SIO_ACK:
  case PEAL_SIO_BINARY_ACK:
    break;
  }
  if (peal_val_is(p->data, PEAL_ARRAY))
    return PEAL_OK;
  return sio_fail(r, PEAL_FAIL(PEAL_ERR_SIO_PAYLOAD), "expected an array");
}

static inline peal_err packet_decode(sio_reader *r, uint32_t max_attachments,
                                     peal_sio_packet *out) {
  *out = (peal_sio_packet){.nsp = PEAL_S("/")};
  peal_err err = read_type(r, out);
  bool bare = err == PEAL_OK && out->type == PEAL_SIO_EVENT && r->at < r->end &&
              *r->at == '[';
  if (err == PEAL_OK && !bare)
    err = read_head(r, max_attachments, out);
  if (err == PEAL_OK)
    err = read_data(r, out);
  if (err == PEAL_OK)
    err = check_shape(r, out);
  return err;
}

peal_err peal_sio_packet_decode(peal_sio_packet *out, peal_slice text,
                                uint32_t max_attachments, peal_arena *arena,
                                peal_err_info *info) {
  const char *begin = text.len ? text.ptr : "";
  sio_reader r = {begin, begin, begin + text.len, info, arena, false};
  return packet_decode(&r, max_attachments, out);
}

peal_err peal_sio_packet_decode_utf8(peal_sio_packet *out, peal_slice text,
                                     uint32_t max_attachments,
                                     peal_arena *arena, peal_err_info *info) {
  const char *begin = text.len ? text.ptr : "";
  sio_reader r = {begin, begin, begin + text.len, info, arena, true};
  return packet_decode(&r, max_attachments, out);
}

peal_err peal_sio_packet_check(peal_sio_packet *packet, peal_arena *arena) {
  const sio_reader r = {.arena = arena};
  return check_shape(&r, packet);
}

/* -- attachments ------------------------------------------------------------ */

/* What is left of a container. The tree was decoded into an arena, so it may
 * be changed although values are constant to those who read them. */
typedef struct attach_level {
  peal_val *items;  /* the next one, if not NULL */
  peal_pair *pairs; /* otherwise */
  uint32_t left;
} attach_level;

typedef struct attach_walk {
  const peal_slice *attachments;
  size_t count;
  bool *used; /* by a placeholder */
  size_t depth;
  attach_level levels[PEAL_LIMIT_JSON_DEPTH];
} attach_walk;

static bool is_placeholder(peal_val value) {
  return peal_val_is(value, PEAL_OBJECT) && value.len >= 1 &&
         peal_val_bool(peal_val_get(value, "_placeholder"), false);
}

/* What it is made of may change: it is not the text it was decoded from any
 * more. Its keys stay what they are. */
static void attach_open(attach_walk *walk, peal_val *value) {
  assert(walk->depth < PEAL_LIMIT_JSON_DEPTH);
  attach_level *level = &walk->levels[walk->depth++];
  *level = (attach_level){.left = value->len};
  value->flags &= PEAL_VAL_IMPL_KEYED;
  if (peal_val_is(*value, PEAL_ARRAY))
    level->items = (peal_val *)(uintptr_t)value->as.items;
  else
    level->pairs = (peal_pair *)(uintptr_t)value->as.pairs;
}

static peal_val *attach_next(attach_walk *walk) {
  while (walk->depth > 0) {
    attach_level *level = &walk->levels[walk->depth - 1];
    if (level->left > 0) {
      level->left--;
      return level->items ? level->items++ : &level->pairs++->value;
    }
    walk->depth--;
  }
  return NULL;
}

static peal_err attach_one(attach_walk *walk, peal_val *value) {
  if (is_placeholder(*value)) {
    int64_t num = peal_val_int(peal_val_get(*value, "num"), -1);
    if (num < 0 || (uint64_t)num >= walk->count || walk->used[num])
      return PEAL_FAIL(PEAL_ERR_SIO_ATTACHMENTS);
    walk->used[num] = true;
    *value = peal_binary(walk->attachments[num]);
    return PEAL_OK;
  }
  if ((peal_val_is(*value, PEAL_ARRAY) || peal_val_is(*value, PEAL_OBJECT)) &&
      value->len > 0)
    attach_open(walk, value);
  return PEAL_OK;
}

peal_err peal_sio_packet_attach(peal_sio_packet *packet,
                                const peal_slice *attachments, size_t count,
                                peal_arena *arena) {
  attach_walk walk;
  walk.attachments = attachments;
  walk.count = count;
  walk.used = peal_arena_alloc(arena, count + 1);
  walk.depth = 0;
  if (!walk.used)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  memset(walk.used, 0, count);
  peal_err err = PEAL_OK;
  for (peal_val *at = &packet->data; at && err == PEAL_OK;
       at = attach_next(&walk))
    err = attach_one(&walk, at);
  return err;
}

/* -- encode ----------------------------------------------------------------- */

static bool count_binaries(peal_args args, size_t *count) {
  *count = 0;
  for (size_t i = 0; i < args.count; i++) {
    size_t more = 0;
    if (args.items[i].type < PEAL_BINARY)
      continue;
    if (!peal_val_impl_binaries(args.items[i], &more))
      return false;
    *count += more;
  }
  return true;
}

static char *put_count(char *to, uint64_t count, char behind) {
  to += peal_decimal_put(to, count);
  *to++ = behind;
  return to;
}

/* <type>[<n>-][<nsp>,][<id>] */
static void add_long_head(peal_buf *out, peal_sio_type type, size_t attachments,
                          peal_slice nsp, bool root, const uint64_t *id) {
  char *begin = peal_buf_reserve(out, nsp.len + 2 * PEAL_DECIMAL_MAX + 3);
  char *to = begin;
  if (!begin)
    return;
  *to++ = (char)('0' + (int)type);
  if (attachments > 0)
    to = put_count(to, attachments, '-');
  if (!root) {
    memcpy(to, nsp.ptr, nsp.len);
    to += nsp.len;
    *to++ = ',';
  }
  if (id)
    to += peal_decimal_put(to, *id);
  peal_buf_advance(out, (size_t)(to - begin));
}

static inline void add_head(peal_buf *out, peal_sio_type type,
                            size_t attachments, peal_slice nsp,
                            const uint64_t *id) {
  bool root = nsp.len == 0 || (nsp.len == 1 && nsp.ptr[0] == '/');
  if (!root || id || attachments > 0) {
    add_long_head(out, type, attachments, nsp, root, id);
    return;
  }
  char *to = peal_buf_room(out, 1);
  if (to) {
    *to = (char)('0' + (int)type);
    out->len++;
  }
}

/* `first` is the event's name, or has no ptr. */
static inline void encode_args(peal_buf *out, peal_sio_type type,
                               peal_slice nsp, const uint64_t *id,
                               peal_slice first, peal_args args,
                               size_t *attachments) {
  size_t count = 0, placeholders = 0;
  *attachments = 0;
  if (out->err != PEAL_OK)
    return;
  if (!count_binaries(args, &count)) {
    out->err = PEAL_FAIL(PEAL_ERR_DEPTH);
    return;
  }
  if (count > 0)
    type = type == PEAL_SIO_EVENT ? PEAL_SIO_BINARY_EVENT : PEAL_SIO_BINARY_ACK;
  add_head(out, type, count, nsp, id);
  peal_json_encode_args(out, first, args, &placeholders);
  *attachments = count;
}

void peal_sio_packet_encode_event(peal_buf *out, peal_slice nsp,
                                  peal_slice event, peal_args args,
                                  const uint64_t *id, size_t *attachments) {
  peal_slice name = event.ptr ? event : PEAL_S("");
  encode_args(out, PEAL_SIO_EVENT, nsp, id, name, args, attachments);
}

void peal_sio_packet_encode_ack(peal_buf *out, peal_slice nsp, uint64_t id,
                                peal_args args, size_t *attachments) {
  encode_args(out, PEAL_SIO_ACK, nsp, &id, (peal_slice){NULL, 0}, args,
              attachments);
}

void peal_sio_packet_encode_control(peal_buf *out, peal_sio_type type,
                                    peal_slice nsp, peal_val data) {
  assert(type == PEAL_SIO_CONNECT || type == PEAL_SIO_DISCONNECT ||
         type == PEAL_SIO_CONNECT_ERROR);
  add_head(out, type, 0, nsp, NULL);
  if (!peal_val_is(data, PEAL_UNDEFINED))
    peal_json_encode(out, data, NULL);
}

/* A container of the arguments, being walked for binaries. */
typedef struct binary_level {
  peal_val container;
  uint32_t at;
} binary_level;

typedef struct binary_walk {
  peal_slice *out;
  size_t max;
  size_t found;
  size_t depth;
  binary_level levels[PEAL_LIMIT_JSON_DEPTH];
} binary_walk;

/* Too deep trees are not walked: they could not be encoded either. */
static void binaries_visit(binary_walk *walk, peal_val value) {
  if (peal_val_is(value, PEAL_BINARY)) {
    if (walk->found < walk->max)
      walk->out[walk->found] = peal_val_binary(value);
    walk->found++;
    return;
  }
  if ((peal_val_is(value, PEAL_ARRAY) || peal_val_is(value, PEAL_OBJECT)) &&
      walk->depth < PEAL_LIMIT_JSON_DEPTH)
    walk->levels[walk->depth++] = (binary_level){value, 0};
}

static void binaries_walk(binary_walk *walk) {
  while (walk->depth > 0) {
    binary_level *level = &walk->levels[walk->depth - 1];
    if (level->at == level->container.len) {
      walk->depth--;
      continue;
    }
    uint32_t at = level->at++;
    if (peal_val_is(level->container, PEAL_ARRAY))
      binaries_visit(walk, level->container.as.items[at]);
    else
      binaries_visit(walk, level->container.as.pairs[at].value);
  }
}

size_t peal_sio_packet_binaries(peal_args args, peal_slice *out, size_t max) {
  binary_walk walk;
  walk.out = out;
  walk.max = max;
  walk.found = 0;
  walk.depth = 0;
  for (size_t i = 0; i < args.count; i++) {
    binaries_visit(&walk, args.items[i]);
    binaries_walk(&walk);
  }
  return walk.found;
}

bool peal_sio_packet_is_reserved(peal_slice event) {
  switch (event.len) {
  case 7:
    return memcmp(event.ptr, "connect", 7) == 0;
  case 10:
    return memcmp(event.ptr, "disconnect", 10) == 0;
  case 11:
    return memcmp(event.ptr, "newListener", 11) == 0;
  case 13:
    return memcmp(event.ptr, "connect_error", 13) == 0 ||
           memcmp(event.ptr, "disconnecting", 13) == 0;
  case 14:
    return memcmp(event.ptr, "removeListener", 14) == 0;
  default:
    return false;
  }
}
