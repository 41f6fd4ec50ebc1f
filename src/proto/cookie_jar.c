/* SPDX-License-Identifier: MIT */
#include "proto/cookie_jar.h"

#include <string.h>

#include "base/err_site.h"
#include "base/mem.h"
#include "base/text.h"
#include "proto/cookie_jar_date.h"
#include "wire/http1.h"

#define NEVER UINT64_MAX

/* One cookie; name, value and path lie behind it. */
struct peal_cookie_jar_item {
  peal_cookie_jar_item *next; /* the newer one */
  peal_slice name, value, path;
  uint64_t until_ms; /* NEVER: while the jar lives */
  bool secure;
  char text[];
};

/* -- life ------------------------------------------------------------------ */

void peal_cookie_jar_init(peal_cookie_jar *jar, const peal_mem *mem) {
  *jar = (peal_cookie_jar){.mem = peal_mem_or_libc(mem)};
}

static size_t bytes_of(const peal_cookie_jar_item *item) {
  return item->name.len + item->value.len + item->path.len;
}

static void remove_at(peal_cookie_jar *jar, peal_cookie_jar_item **at) {
  peal_cookie_jar_item *gone = *at;
  *at = gone->next;
  jar->count--;
  jar->bytes -= bytes_of(gone);
  peal_mem_free(jar->mem, gone);
}

void peal_cookie_jar_deinit(peal_cookie_jar *jar) {
  while (jar->first)
    remove_at(jar, &jar->first);
}

size_t peal_cookie_jar_count(const peal_cookie_jar *jar) {
  return jar->count;
}

/* -- Set-Cookie -------------------------------------------------------------- */

/* RFC6265 5.1.4: what a request's path stands for without a Path. */
static peal_slice default_path(peal_slice path) {
  size_t slash = 0;
  if (!path.len || path.ptr[0] != '/')
    return PEAL_S("/");
  for (size_t i = 1; i < path.len && path.ptr[i] != '?'; i++)
    if (path.ptr[i] == '/')
      slash = i;
  return slash ? (peal_slice){path.ptr, slash} : PEAL_S("/");
}

/* "name=value" at its first '='; RFC6265 5.2: without one it is no cookie. */
static bool split(peal_slice pair, peal_slice *name, peal_slice *value) {
  size_t at = peal_text_find(pair, '=');
  *name = peal_text_trim((peal_slice){pair.ptr, at});
  *value = (peal_slice){0};
  if (at == pair.len)
    return false;
  *value = peal_text_trim((peal_slice){pair.ptr + at + 1, pair.len - at - 1});
  return true;
}

/* RFC6265 5.2.2: seconds from now; 0 and below: over. */
static void read_max_age(peal_slice value, uint64_t now_ms, uint64_t *until) {
  bool is_negative = value.len && value.ptr[0] == '-';
  uint64_t seconds = 0;
  if (is_negative)
    value = (peal_slice){value.ptr + 1, value.len - 1};
  if (!value.len)
    return;
  for (size_t i = 0; i < value.len; i++) {
    if (!peal_text_is_digit(value.ptr[i]))
      return;
    if (seconds < UINT32_MAX)
      seconds = seconds * 10 + (uint64_t)(value.ptr[i] - '0');
  }
  *until = is_negative ? 0 : seconds ? now_ms + seconds * 1000 : 0;
}

static uint64_t read_expires(peal_slice value, int64_t wall_ms,
                             uint64_t now_ms) {
  int64_t seconds;
  if (!peal_cookie_jar_date(value, &seconds))
    return NEVER;
  int64_t left_ms = seconds * 1000 - wall_ms;
  return left_ms <= 0 ? 0 : now_ms + (uint64_t)left_ms;
}

typedef struct cookie {
  peal_slice name, value, path;
  uint64_t until_ms;
  bool secure;
} cookie;

/* RFC6265 5.3: Max-Age has precedence. Domain is not looked at: the jar is one
 * host's. */
static void read_attributes(cookie *out, peal_slice rest, int64_t wall_ms,
                            uint64_t now_ms) {
  peal_slice piece, name, value;
  uint64_t max_age = NEVER, expires = NEVER;
  while (peal_text_next(&rest, ';', &piece)) {
    (void)split(piece, &name, &value);
    if (peal_slice_is_nocase(name, "max-age"))
      read_max_age(value, now_ms, &max_age);
    else if (peal_slice_is_nocase(name, "expires"))
      expires = read_expires(value, wall_ms, now_ms);
    else if (peal_slice_is_nocase(name, "secure"))
      out->secure = true;
    else if (peal_slice_is_nocase(name, "path") && value.len &&
             value.ptr[0] == '/')
      out->path = value;
  }
  out->until_ms = max_age != NEVER ? max_age : expires;
}

/* What would break the field that it is sent in, or its neighbours. */
static bool is_sendable(const cookie *it) {
  return it->name.len && peal_http1_is_token(it->name) &&
         peal_http1_is_field_value(it->value) &&
         peal_text_find(it->value, ';') == it->value.len &&
         it->name.len + it->value.len + it->path.len <= PEAL_COOKIE_JAR_BYTES;
}

static bool read_cookie(cookie *out, peal_slice field, peal_slice path,
                        int64_t wall_ms, uint64_t now_ms) {
  peal_slice pair;
  *out = (cookie){.path = default_path(path), .until_ms = NEVER};
  if (!peal_text_next(&field, ';', &pair) ||
      !split(pair, &out->name, &out->value))
    return false;
  read_attributes(out, field, wall_ms, now_ms);
  return is_sendable(out);
}

/* -- keeping ------------------------------------------------------------------ */

static peal_slice copy_to(char **at, peal_slice text) {
  char *begin = *at;
  if (text.len)
    memcpy(begin, text.ptr, text.len);
  *at += text.len;
  return (peal_slice){begin, text.len};
}

static peal_cookie_jar_item *new_item(const peal_cookie_jar *jar,
                                      const cookie *from) {
  peal_cookie_jar_item *item =
      peal_mem_alloc(jar->mem, sizeof *item + from->name.len + from->value.len +
                                   from->path.len);
  if (!item)
    return NULL;
  char *at = item->text;
  item->next = NULL;
  item->name = copy_to(&at, from->name);
  item->value = copy_to(&at, from->value);
  item->path = copy_to(&at, from->path);
  item->until_ms = from->until_ms;
  item->secure = from->secure;
  return item;
}

static bool is_eq(peal_slice a, peal_slice b) {
  return a.len == b.len && (!a.len || memcmp(a.ptr, b.ptr, a.len) == 0);
}

/* The same one, and what is over. */
static void make_way(peal_cookie_jar *jar, const cookie *for_it,
                     uint64_t now_ms) {
  peal_cookie_jar_item **at = &jar->first;
  while (*at) {
    bool is_same =
        is_eq((*at)->name, for_it->name) && is_eq((*at)->path, for_it->path);
    if (is_same || (*at)->until_ms <= now_ms)
      remove_at(jar, at);
    else
      at = &(*at)->next;
  }
}

peal_err peal_cookie_jar_set(peal_cookie_jar *jar, peal_slice field,
                             peal_slice path, bool secure, int64_t wall_ms,
                             uint64_t now_ms) {
  cookie read;
  if (!read_cookie(&read, field, path, wall_ms, now_ms) ||
      (read.secure && !secure))
    return PEAL_OK;
  if (read.until_ms <= now_ms) { /* so a server takes one back */
    make_way(jar, &read, now_ms);
    return PEAL_OK;
  }
  peal_cookie_jar_item *item = new_item(jar, &read);
  if (!item)
    return PEAL_FAIL(PEAL_ERR_NOMEM);
  make_way(jar, &read, now_ms);
  jar->count++;
  jar->bytes += bytes_of(item);
  while (jar->first && (jar->count > PEAL_COOKIE_JAR_COUNT ||
                        jar->bytes > PEAL_COOKIE_JAR_ALL_BYTES))
    remove_at(jar, &jar->first);
  peal_cookie_jar_item **at = &jar->first;
  while (*at)
    at = &(*at)->next;
  *at = item;
  return PEAL_OK;
}

/* -- sending ------------------------------------------------------------------ */

/* RFC6265 5.1.4 */
static bool matches(peal_slice path, peal_slice cookie_path) {
  if (path.len < cookie_path.len ||
      memcmp(path.ptr, cookie_path.ptr, cookie_path.len) != 0)
    return false;
  return path.len == cookie_path.len ||
         cookie_path.ptr[cookie_path.len - 1] == '/' ||
         path.ptr[cookie_path.len] == '/';
}

static bool goes(const peal_cookie_jar_item *item, peal_slice path, bool secure,
                 uint64_t now_ms) {
  return item->until_ms > now_ms && (!item->secure || secure) &&
         matches(path, item->path);
}

/* The longest path below `below` that something goes by; 0: none. */
static size_t next_length(const peal_cookie_jar *jar, peal_slice path,
                          bool secure, uint64_t now_ms, size_t below) {
  size_t longest = 0;
  for (peal_cookie_jar_item *it = jar->first; it; it = it->next)
    if (goes(it, path, secure, now_ms) && it->path.len < below &&
        it->path.len > longest)
      longest = it->path.len;
  return longest;
}

void peal_cookie_jar_get(const peal_cookie_jar *jar, peal_buf *out,
                         peal_slice path, bool secure, uint64_t now_ms) {
  size_t length = SIZE_MAX, begin = out->len;
  path.len = peal_text_find(path, '?');
  while ((length = next_length(jar, path, secure, now_ms, length)) > 0) {
    for (peal_cookie_jar_item *it = jar->first; it; it = it->next) {
      if (it->path.len != length || !goes(it, path, secure, now_ms))
        continue;
      if (out->len > begin)
        peal_buf_add_str(out, "; ");
      peal_buf_add(out, it->name);
      peal_buf_add_char(out, '=');
      peal_buf_add(out, it->value);
    }
  }
}
