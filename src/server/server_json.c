/* SPDX-License-Identifier: MIT */
/* server_json: a server from options that are written as JSON, for languages
 * that have no structs of C. */
#include <stdio.h>
#include <string.h>

#include <peal/server.h>

#include "base/arena.h"
#include "engine/engine_opts.h"

typedef enum row_kind {
  ROW_TEXT,
  ROW_FLAG,
  ROW_INT,  /* int */
  ROW_U32,  /* unsigned, uint32_t */
  ROW_SIZE, /* size_t */
  ROW_WORD  /* an enum: one of its words, from 0 on */
} row_kind;

typedef struct row {
  const char *name; /* "cors.origins": of an object in the object */
  size_t at;
  row_kind kind;
  const char *words; /* separated by blanks */
} row;

#define ROW(field, kind, words)                                                \
  { #field, offsetof(peal_server_opts, field), kind, words }
#define TEXT(field) ROW(field, ROW_TEXT, NULL)
#define FLAG(field) ROW(field, ROW_FLAG, NULL)
#define U32(field) ROW(field, ROW_U32, NULL)
#define SIZE(field) ROW(field, ROW_SIZE, NULL)

_Static_assert(sizeof(unsigned) == sizeof(uint32_t) &&
                   sizeof(peal_queue_policy) == sizeof(uint32_t),
               "a number of ROW_U32 and ROW_WORD has 32 bits");

static const row rows[] = {
    TEXT(host),
    ROW(port, ROW_INT, NULL),
    FLAG(no_listen),
    U32(workers),
    TEXT(proxies),
    ROW(forwarded, ROW_WORD, "either x rfc7239"),
    FLAG(proxy_protocol),
    SIZE(max_target_bytes),
    SIZE(max_held_bytes),
    ROW(log.level, ROW_WORD, "default error warn info debug"),
    ROW(log.format, ROW_WORD, "text keys json"),
    TEXT(path),
    FLAG(no_trailing_slash),
    U32(transports),
    FLAG(no_upgrades),
    U32(ping_interval_ms),
    U32(ping_timeout_ms),
    U32(upgrade_timeout_ms),
    U32(connect_timeout_ms),
    SIZE(max_payload_bytes),
    SIZE(compress_threshold_bytes),
    TEXT(cors.origins),
    TEXT(cors.methods),
    TEXT(cors.headers),
    TEXT(cors.expose),
    FLAG(cors.credentials),
    U32(cors.max_age_s),
    FLAG(cors.private_network),
    TEXT(cors.option_name),
    TEXT(cookie.name),
    TEXT(cookie.path),
    FLAG(cookie.no_http_only),
    TEXT(cookie.same_site),
    FLAG(cookie.secure),
    U32(cookie.max_age_s),
    FLAG(no_client),
    TEXT(client_dir),
    U32(max_clients),
    U32(max_clients_per_address),
    U32(first_use_timeout_ms),
    SIZE(max_queue_bytes),
    SIZE(max_queue_soft_bytes),
    ROW(queue_policy, ROW_WORD, "close drop_newest drop_oldest"),
    U32(max_attachments),
    U32(max_namespaces),
    U32(max_rooms),
    U32(max_acks),
    SIZE(max_auth_bytes),
};

typedef struct reading {
  peal_server_opts opts;
  peal_arena strings;
  char why[160];
} reading;

static bool complain(reading *r, const char *name, const char *what) {
  snprintf(r->why, sizeof r->why, "%.80s %.78s", name, what);
  return false;
}

static const row *find(const char *name) {
  for (size_t i = 0; i < sizeof rows / sizeof *rows; i++)
    if (strcmp(rows[i].name, name) == 0)
      return &rows[i];
  return NULL;
}

static bool set_text(reading *r, const row *to, peal_val value) {
  const char **at = (const char **)(void *)((char *)&r->opts + to->at);
  peal_slice text = peal_val_str(value);
  if (!peal_val_is(value, PEAL_STRING) || memchr(text.ptr, 0, text.len))
    return complain(r, to->name, "must be a string");
  *at = peal_arena_str(&r->strings, text);
  return *at || complain(r, to->name, "finds no memory");
}

/* The place of a word among others, -1: it is none of them. */
static int word_of(const char *words, peal_slice word) {
  for (int place = 0; *words; place++) {
    size_t len = strcspn(words, " ");
    if (peal_slice_eq((peal_slice){words, len}, word))
      return place;
    words += len + (words[len] == ' ');
  }
  return -1;
}

static bool set_word(reading *r, const row *to, peal_val value) {
  int place = word_of(to->words, peal_val_str(value));
  char what[96];
  snprintf(what, sizeof what, "must be one of: %s", to->words);
  if (place < 0)
    return complain(r, to->name, what);
  memcpy((char *)&r->opts + to->at, &place, sizeof place);
  return true;
}

static bool set_number(reading *r, const row *to, peal_val value) {
  int64_t min = to->kind == ROW_INT ? -1 : 0;
  int64_t max = to->kind == ROW_INT   ? INT32_MAX
                : to->kind == ROW_U32 ? (int64_t)UINT32_MAX
                                      : PTRDIFF_MAX;
  int64_t number = peal_val_int(value, INT64_MIN);
  if (number < min || number > max)
    return complain(r, to->name, "must be a whole number that fits");
  size_t size = (size_t)number;
  uint32_t small = (uint32_t)number;
  if (to->kind == ROW_SIZE)
    memcpy((char *)&r->opts + to->at, &size, sizeof size);
  else
    memcpy((char *)&r->opts + to->at, &small, sizeof small);
  return true;
}

static bool set(reading *r, const char *name, peal_val value) {
  const row *to = find(name);
  if (!to)
    return complain(r, name, "is no option");
  if (to->kind == ROW_TEXT)
    return set_text(r, to, value);
  if (to->kind == ROW_WORD)
    return set_word(r, to, value);
  if (to->kind != ROW_FLAG)
    return set_number(r, to, value);
  if (!peal_val_is(value, PEAL_BOOL))
    return complain(r, name, "must be true or false");
  *((bool *)(void *)((char *)&r->opts + to->at)) = value.as.boolean;
  return true;
}

/* The members of an object, whose own name and a dot stand in front of theirs. */
static bool set_all(reading *r, const char *inside, peal_val object) {
  for (size_t i = 0; i < object.len; i++) {
    char name[64];
    peal_slice key = peal_val_key(object, i);
    peal_val value = object.as.pairs[i].value;
    snprintf(name, sizeof name, "%s%s%.40s", inside, *inside ? "." : "",
             key.ptr);
    if (strlen(key.ptr) != key.len || key.len > 40)
      return complain(r, name, "is no option");
    bool deeper = !*inside && peal_val_is(value, PEAL_OBJECT);
    if (!(deeper ? set_all(r, name, value) : set(r, name, value)))
      return false;
  }
  return true;
}

static bool read_opts(reading *r, peal_slice json) {
  peal_err_info info;
  peal_doc *doc;
  if (peal_doc_from_json(&doc, json, &info)) {
    snprintf(r->why, sizeof r->why, "options: %s at %zu", info.msg, info.pos);
    return false;
  }
  bool read = peal_val_is(peal_doc_val(doc), PEAL_OBJECT)
                  ? set_all(r, "", peal_doc_val(doc))
                  : complain(r, "options", "must be an object");
  peal_doc_free(doc);
  return read;
}

peal_server *peal_server_new_json(peal_slice json) {
  reading r = {.opts = {0}};
  peal_arena_init(&r.strings, NULL, 512, 0);
  peal_server *server = NULL;
  if (read_opts(&r, json))
    server = peal_server_new(&r.opts);
  else
    peal_engine_opts_report(&(peal_engine_server_opts){.log = r.opts.log}, NULL,
                            r.why);
  peal_arena_deinit(&r.strings);
  return server;
}
