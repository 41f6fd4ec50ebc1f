/* SPDX-License-Identifier: MIT */
#include "engine/engine_handshake.h"

#include <stddef.h>
#include <string.h>

#include "base/mem.h"
#include "base/text.h"
#include "wire/http1_name.h"
#include "wire/percent.h"
#include "wire/query.h"

#define FIELD_HEADER 4u /* two lengths of two bytes */

/* By name alone, so that fields of one name stay together and in order. */
typedef enum field_kind {
  SHARED,   /* the browser's and the site's: many clients send it alike */
  OWN,      /* what a client, its user or its request has for itself */
  TRANSIENT /* says nothing of the client but how this one request came */
} field_kind;

static const uint8_t kinds[PEAL_HTTP1_NAME_COUNT] = {
    [PEAL_HTTP1_NAME_CONNECTION] = TRANSIENT,
    [PEAL_HTTP1_NAME_UPGRADE] = TRANSIENT,
    [PEAL_HTTP1_NAME_SEC_WEBSOCKET_KEY] = TRANSIENT,
    [PEAL_HTTP1_NAME_SEC_WEBSOCKET_VERSION] = TRANSIENT,
    [PEAL_HTTP1_NAME_SEC_WEBSOCKET_EXTENSIONS] = TRANSIENT,
    [PEAL_HTTP1_NAME_COOKIE] = OWN,
    [PEAL_HTTP1_NAME_AUTHORIZATION] = OWN,
    [PEAL_HTTP1_NAME_REFERER] = OWN,
    [PEAL_HTTP1_NAME_X_FORWARDED_FOR] = OWN,
    [PEAL_HTTP1_NAME_X_FORWARDED_PROTO] = OWN};

static bool is_other_own(peal_slice name) {
  static const peal_slice names[] = {{"proxy-authorization", 19},
                                     {"forwarded", 9},
                                     {"traceparent", 11},
                                     {"tracestate", 10}};
  if (name.len > 2 && (name.ptr[0] | 32) == 'x' && name.ptr[1] == '-')
    return true;
  for (size_t i = 0; i < sizeof names / sizeof *names; i++)
    if (name.len == names[i].len && peal_text_eq_nocase(name, names[i]))
      return true;
  return false;
}

static field_kind kind_of(peal_slice name) {
  peal_http1_name known = peal_http1_name_of(name);
  if (known != PEAL_HTTP1_NAME_OTHER)
    return (field_kind)kinds[known];
  return is_other_own(name) ? OWN : SHARED;
}

static char *put(char *at, peal_slice text) {
  if (text.len)
    memcpy(at, text.ptr, text.len);
  return at + text.len;
}

static char *put_field(char *at, peal_slice name, peal_slice value) {
  uint16_t lens[2] = {(uint16_t)name.len, (uint16_t)value.len};
  memcpy(at, lens, FIELD_HEADER);
  return put(put(at + FIELD_HEADER, name), value);
}

/* What the request had, as whoever knows it gives it. */
typedef struct fields {
  const void *from;
  size_t count;
  peal_slice (*at)(const void *from, size_t index, peal_slice *value);
} fields;

static peal_slice at_of_req(const void *from, size_t index, peal_slice *value) {
  return peal_http_req_header_at(from, index, value);
}

static peal_slice at_of_record(const void *from, size_t index,
                               peal_slice *value) {
  const peal_handover_record *record = from;
  *value = record->fields[index].value;
  return record->fields[index].name;
}

/* Room for all fields, whatever they are. */
static size_t all_len(const fields *all) {
  size_t len = 0;
  for (size_t i = 0; i < all->count; i++) {
    peal_slice value;
    peal_slice name = all->at(all->from, i, &value);
    len += FIELD_HEADER + name.len + value.len;
  }
  return len;
}

/* The shared fields with `tail` behind them, and the own ones, in the scratch.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. */
static peal_err split(peal_slice out[2], const fields *all, peal_slice tail,
                      peal_arena *scratch) {
  size_t room = all_len(all) + tail.len;
  char *begin = peal_arena_alloc(scratch, 2 * room + 1);
  if (!begin)
    return PEAL_ERR_NOMEM;
  char *ends[2] = {begin, begin + room};
  for (size_t i = 0; i < all->count; i++) {
    peal_slice value;
    peal_slice name = all->at(all->from, i, &value);
    field_kind kind = kind_of(name);
    if (kind != TRANSIENT && name.len <= UINT16_MAX && value.len <= UINT16_MAX)
      ends[kind] = put_field(ends[kind], name, value);
  }
  ends[SHARED] = put(ends[SHARED], tail);
  out[SHARED] = (peal_slice){begin, (size_t)(ends[SHARED] - begin)};
  out[OWN] = (peal_slice){begin + room, (size_t)(ends[OWN] - (begin + room))};
  return PEAL_OK;
}

/* One that says nothing but how the session began. */
static bool is_plain_url(peal_slice url) {
  const peal_slice plain = PEAL_S("?EIO=4&transport=websocket");
  return url.len >= plain.len &&
         !memcmp(url.ptr + url.len - plain.len, plain.ptr, plain.len);
}

/* What is behind the '?'. */
static peal_slice query_of(peal_slice url) {
  size_t at = peal_text_find(url, '?');
  return at < url.len ? (peal_slice){url.ptr + at + 1, url.len - at - 1}
                      : (peal_slice){0};
}

/* Are there parameters that do not stand in it as they are? */
static bool is_encoded(peal_slice url) {
  return !peal_percent_is_plain(query_of(url));
}

/* Where the room for decoded parameters is: behind all else. */
static size_t decoded_at(const peal_engine_handshake *handshake) {
  return handshake->fields_len +
         (handshake->shares_url ? 0 : handshake->url_len) +
         handshake->address_len;
}

static size_t bytes_of(const peal_engine_handshake *handshake) {
  return offsetof(peal_engine_handshake, data) + decoded_at(handshake) +
         (handshake->decodes_url ? handshake->url_len : 0);
}

/* `like` has the lengths. */
static peal_engine_handshake *alloc(const peal_engine_handshake *like,
                                    peal_head_pool *pool) {
  size_t bytes = bytes_of(like);
  if (peal_account_worker_charge(pool->account, bytes))
    return NULL;
  peal_engine_handshake *handshake = peal_mem_alloc(pool->mem, bytes);
  if (handshake)
    memcpy(handshake, like, offsetof(peal_engine_handshake, data));
  else
    peal_account_worker_release(pool->account, bytes);
  return handshake;
}

/* `like` has what is no text. */
/* `like` has what is not written here. */
static peal_engine_handshake *make(peal_engine_handshake *like,
                                   const fields *all, peal_slice url,
                                   peal_slice address, peal_head_pool *pool,
                                   peal_arena *scratch) {
  const peal_slice none = {0};
  bool shared = is_plain_url(url);
  peal_slice parts[2];
  if (split(parts, all, shared ? url : none, scratch))
    return NULL;
  like->head = peal_head_pool_take(pool, parts[SHARED]);
  like->fields_len = (uint32_t)parts[OWN].len;
  like->url_len = (uint32_t)url.len;
  like->address_len = (uint16_t)address.len;
  like->shares_url = shared;
  like->decodes_url = is_encoded(url);
  peal_engine_handshake *handshake = like->head ? alloc(like, pool) : NULL;
  if (!handshake) {
    peal_head_pool_give(pool, like->head);
    return NULL;
  }
  char *at = put(handshake->data, parts[OWN]);
  (void)put(put(at, shared ? none : url), address);
  return handshake;
}

peal_engine_handshake *peal_engine_handshake_new(const peal_http_req *req,
                                                 peal_head_pool *pool,
                                                 peal_arena *scratch) {
  const fields all = {req, peal_http_req_header_count(req), at_of_req};
  peal_engine_handshake like = {.time_ms = peal_wall_ms(),
                                .is_secure = peal_http_req_is_secure(req)};
  return make(&like, &all, peal_http_req_target(req),
              peal_http_req_address(req), pool, scratch);
}

peal_engine_handshake *peal_engine_handshake_restore(
    const peal_handover_record *record, peal_head_pool *pool,
    peal_arena *scratch) {
  const fields all = {record, record->field_count, at_of_record};
  peal_engine_handshake like = {.time_ms = record->since_ms,
                                .is_secure = record->is_secure};
  return make(&like, &all, record->url, record->address, pool, scratch);
}

void peal_engine_handshake_free(peal_engine_handshake *handshake,
                                peal_head_pool *pool) {
  if (!handshake)
    return;
  peal_account_worker_release(pool->account, bytes_of(handshake));
  peal_head_pool_give(pool, handshake->head);
  peal_mem_free(pool->mem, handshake);
}

/* Of the fields in the common part. */
static size_t head_len(const peal_engine_handshake *handshake) {
  return handshake->head->len -
         (handshake->shares_url ? handshake->url_len : 0);
}

peal_slice peal_engine_handshake_url(const peal_engine_handshake *handshake) {
  const char *at = handshake->shares_url
                       ? handshake->head->data + head_len(handshake)
                       : handshake->data + handshake->fields_len;
  return (peal_slice){at, handshake->url_len};
}

peal_slice peal_engine_handshake_address(
    const peal_engine_handshake *handshake) {
  const char *at = handshake->data + handshake->fields_len +
                   (handshake->shares_url ? 0 : handshake->url_len);
  return (peal_slice){at, handshake->address_len};
}

/* The next of the fields between `at` and `end`; where the one behind it is. */
static const char *take_field(const char *at, peal_slice *name,
                              peal_slice *value) {
  uint16_t lens[2];
  memcpy(lens, at, FIELD_HEADER);
  *name = (peal_slice){at + FIELD_HEADER, lens[0]};
  *value = (peal_slice){name->ptr + name->len, lens[1]};
  return value->ptr + value->len;
}

static peal_slice find(const char *at, size_t len, const char *name) {
  const char *end = at + len;
  peal_slice key, value;
  while (at < end) {
    at = take_field(at, &key, &value);
    if (peal_slice_is_nocase(key, name))
      return value;
  }
  return (peal_slice){0};
}

/* A name is either among its own fields or among the others'. */
peal_slice peal_engine_handshake_field(const peal_engine_handshake *handshake,
                                       const char *name) {
  return kind_of(peal_slice_of(name)) == OWN
             ? find(handshake->data, handshake->fields_len, name)
             : find(handshake->head->data, head_len(handshake), name);
}

static peal_slice raw_param(const peal_engine_handshake *handshake,
                            const char *name) {
  peal_slice value = {0};
  (void)peal_query_find(query_of(peal_engine_handshake_url(handshake)), name,
                        &value);
  return value;
}

/* The room is as long as the URL, and each part has its own place in it: asking
 * again writes the same bytes. */
static peal_slice decoded(peal_engine_handshake *handshake, peal_slice raw) {
  if (!raw.len || !handshake->decodes_url)
    return raw;
  const char *url = peal_engine_handshake_url(handshake).ptr;
  char *out = handshake->data + decoded_at(handshake) + (raw.ptr - url);
  return (peal_slice){out, peal_percent_decode_form(out, raw)};
}

peal_slice peal_engine_handshake_param(peal_engine_handshake *handshake,
                                       const char *name) {
  return decoded(handshake, raw_param(handshake, name));
}

/* -- one after the other ------------------------------------------------------------- */

/* Field `index` of these, and otherwise how many there are. */
static size_t walk(const char *at, size_t len, size_t index, peal_slice *name,
                   peal_slice *value) {
  const char *end = at + len;
  size_t count = 0;
  for (; at < end && count <= index; count++)
    at = take_field(at, name, value);
  return count;
}

/* Those of its own stand behind the common ones. */
static size_t walk_all(const peal_engine_handshake *handshake, size_t index,
                       peal_slice *name, peal_slice *value) {
  size_t count =
      walk(handshake->head->data, head_len(handshake), index, name, value);
  if (count > index)
    return count;
  return count + walk(handshake->data, handshake->fields_len, index - count,
                      name, value);
}

size_t peal_engine_handshake_field_count(
    const peal_engine_handshake *handshake) {
  peal_slice name, value;
  return walk_all(handshake, SIZE_MAX, &name, &value);
}

peal_slice peal_engine_handshake_field_at(
    const peal_engine_handshake *handshake, size_t index, peal_slice *value) {
  peal_slice name = {0}, found = {0};
  bool there = walk_all(handshake, index, &name, &found) > index;
  *value = there ? found : (peal_slice){0};
  return there ? name : (peal_slice){0};
}

size_t peal_engine_handshake_param_count(
    const peal_engine_handshake *handshake) {
  peal_slice rest = query_of(peal_engine_handshake_url(handshake));
  peal_query_param param;
  size_t count = 0;
  while (peal_query_next(&rest, &param))
    count++;
  return count;
}

peal_slice peal_engine_handshake_param_at(peal_engine_handshake *handshake,
                                          size_t index, peal_slice *value) {
  peal_slice rest = query_of(peal_engine_handshake_url(handshake));
  peal_query_param param;
  *value = (peal_slice){0};
  do {
    if (!peal_query_next(&rest, &param))
      return (peal_slice){0};
  } while (index--);
  *value = decoded(handshake, param.value);
  return decoded(handshake, param.name);
}
