/* SPDX-License-Identifier: MIT */
/* json_decode: JSON text to values, in one pass and without recursion. */
#include <assert.h>
#include <string.h>

#include "base/limits.h"
#include "base/text.h"
#include "base/val_impl.h"
#include "base/wide.h"
#include "wire/json.h"
#include "wire/json_number.h"
#include "wire/json_scan.h"
#include "wire/json_string.h"
#include "wire/utf8.h"

/* Values of open containers wait on one stack of cells, a key being a cell
 * before its value; what a small message needs stands in the reader. */
#define FIRST_CELLS 64u
/* Integers with so many digits fit int64_t whatever they are. */
#define SAFE_DIGITS 18
/* Decimals with so many digits are the shortest ones of their doubles. */
#define DOUBLE_DIGITS 15
/* Containers of shorter texts do not remember them: the head would be most of
 * what they take. */
#define TEXT_MIN 32u

typedef struct json_level {
  const char *text; /* its bracket */
  uint32_t begin;   /* its first cell */
  uint32_t odd;     /* r->odd at its bracket */
  uint32_t height;
  bool object;
} json_level;

typedef struct json_reader {
  const char *begin;
  const char *end;
  const char *failed; /* where, with err */
  peal_arena *arena;
  peal_val *cells;
  uint32_t count;
  uint32_t cap;
  uint32_t depth;
  uint32_t odd;    /* things so far that encoding would write otherwise */
  peal_err err;    /* sticky */
  const char *msg; /* constant, with err */
  bool is_utf8;
  json_level levels[PEAL_LIMIT_JSON_DEPTH];
  peal_val first[FIRST_CELLS];
} json_reader;

/* Each reading function gets where it begins and returns where what follows
 * begins, or NULL: r->err says why. */

static const char *json_fail(json_reader *r, const char *p, peal_err err,
                             const char *msg) {
  r->failed = p;
  r->err = err;
  r->msg = msg;
  return NULL;
}

static const char *no_memory(json_reader *r, const char *p) {
  return json_fail(r, p, PEAL_ERR_NOMEM, "out of memory");
}

static bool is_blank(char c) {
  return c == ' ' || c == '\n' || c == '\t' || c == '\r';
}

static const char *skip_blanks(json_reader *r, const char *p) {
  const char *begin = p;
  while (p < r->end && is_blank(*p))
    p++;
  r->odd += p != begin;
  return p;
}

/* The next character that is not blank, 0 at the end (a zero byte is not JSON
 * either). */
static inline char peek(json_reader *r, const char **p) {
  if (*p != r->end && **p > ' ')
    return **p;
  *p = skip_blanks(r, *p);
  return *p < r->end ? **p : '\0';
}

/* -- cells ------------------------------------------------------------------ */

static bool grow_cells(json_reader *r) {
  size_t old = r->cap * sizeof(peal_val);
  if (r->cap > UINT32_MAX / 2 / sizeof(peal_val))
    return false;
  peal_val *cells = NULL;
  if (r->cells == r->first) {
    cells = peal_arena_alloc(r->arena, old * 2);
    if (cells)
      memcpy(cells, r->first, old);
  } else {
    cells = peal_arena_resize(r->arena, r->cells, old, old * 2);
  }
  if (!cells)
    return false;
  r->cells = cells;
  r->cap *= 2;
  return true;
}

/* The cell of the next value; NULL if memory is out. */
static inline peal_val *next_cell(json_reader *r) {
  if (r->count == r->cap && !grow_cells(r))
    return NULL;
  return &r->cells[r->count];
}

/* -- strings ---------------------------------------------------------------- */

static const char *read_escaped(json_reader *r, const char *p, peal_val *out) {
  peal_json_string string = {.at = p, .end = r->end, .is_utf8 = r->is_utf8};
  peal_err err = peal_json_string_decode(&string, r->arena);
  if (err != PEAL_OK)
    return json_fail(r, string.at, err, string.msg);
  *out = peal_str_slice(string.text);
  r->odd += !string.is_same;
  return string.at;
}

/* What ends the string that begins at `p`: its quote, if it is plain. */
static inline const char *find_stop(const json_reader *r, const char *p) {
  return r->is_utf8 ? peal_json_scan_plain(r->begin, p, r->end, false)
                    : peal_json_scan_text(r->begin, p, r->end);
}

static inline peal_val raw_string(const char *begin, const char *stop) {
  peal_val value = {.type = PEAL_STRING,
                    .flags = PEAL_VAL_IMPL_RAW,
                    .len = (uint32_t)(stop - begin),
                    .as.bytes = begin};
  value.extra = peal_val_impl_seal(value);
  return value;
}

/* At the quote. */
static inline const char *read_string(json_reader *r, const char *p,
                                      peal_val *out) {
  const char *stop = find_stop(r, p + 1);
  if (stop == r->end || *stop != '"')
    return read_escaped(r, p, out);
  *out = raw_string(p + 1, stop);
  return stop + 1;
}

/* At the quote of a key; up to its value. */
static const char *read_key(json_reader *r, const char *p) {
  peal_val *cell = next_cell(r);
  if (!cell)
    return no_memory(r, p);
  p = read_string(r, p, cell);
  if (!p)
    return NULL;
  r->count++;
  if (peek(r, &p) != ':')
    return json_fail(r, p, PEAL_ERR_JSON, "expected ':' after a key");
  return p + 1;
}

/* -- numbers ---------------------------------------------------------------- */

static const char *skip_digits(const char *p, const char *end) {
  while (p < end && peal_text_is_digit(*p))
    p++;
  return p;
}

/* RFC8259 6: from the e on. NULL if it is malformed. */
static const char *skip_exponent(const char *p, const char *end) {
  p++;
  if (p < end && (*p == '+' || *p == '-'))
    p++;
  const char *stop = skip_digits(p, end);
  return stop == p ? NULL : stop;
}

/* Would digits[.fraction], up to `stop`, be written so? Few digits, none at
 * the end that is not needed, and not so small that JavaScript writes an
 * exponent. */
static bool is_shortest(const char *digits, const char *point,
                        const char *stop) {
  const char *p = digits;
  if (stop[-1] == '0')
    return false;
  if (*digits == '0') {
    for (p = point + 1; p < stop && *p == '0'; p++)
      continue;
    if (p - point > 6)
      return false;
    return stop - p <= DOUBLE_DIGITS;
  }
  return stop - p <= DOUBLE_DIGITS + 1; /* the point */
}

/* 19 digits that fit int64_t. */
static bool read_long(const char *digits, const char *stop, bool negative,
                      peal_val *out) {
  uint64_t value = 0;
  if (stop - digits != SAFE_DIGITS + 1)
    return false;
  for (; digits < stop; digits++)
    value = value * 10 + (uint64_t)(*digits - '0');
  if (value > (uint64_t)INT64_MAX + negative)
    return false;
  *out = peal_int((int64_t)(negative ? 0 - value : value));
  return true;
}

/* A number that begins at `p`, with its integer part from `digits` to `point`,
 * and is no short integer. */
static const char *read_long_number(json_reader *r, const char *p,
                                    const char *digits, const char *point,
                                    peal_val *out) {
  const char *stop = point;
  if (stop < r->end && *stop == '.')
    stop = skip_digits(point + 1, r->end);
  const char *fraction = stop;
  if (stop == point + 1)
    stop = NULL;
  else if (stop < r->end && (*stop | 0x20) == 'e')
    stop = skip_exponent(stop, r->end);
  if (!stop)
    return json_fail(r, p, PEAL_ERR_JSON, "expected a digit");
  if (stop == point && read_long(digits, stop, *p == '-', out))
    return stop;
  *out =
      peal_double(peal_json_number_decode((peal_slice){p, (size_t)(stop - p)}));
  r->odd +=
      stop == point || stop != fraction || !is_shortest(digits, point, stop);
  return stop;
}

/* At a digit or a minus. */
static const char *read_number(json_reader *r, const char *p, peal_val *out) {
  bool negative = *p == '-';
  const char *digits = p + negative, *q = digits;
  uint64_t value = 0;
  while (q < r->end && peal_text_is_digit(*q))
    value = value * 10 + (uint64_t)(*q++ - '0'); /* may wrap: then not used */
  if (q == digits)
    return json_fail(r, p, PEAL_ERR_JSON, "expected a digit");
  if (*digits == '0' && q - digits > 1)
    return json_fail(r, p, PEAL_ERR_JSON, "a number begins with zero");
  bool more = q < r->end && (*q == '.' || *q == 'e' || *q == 'E');
  if (more || q - digits > SAFE_DIGITS)
    return read_long_number(r, p, digits, q, out);
  *out = peal_int(negative ? -(int64_t)value : (int64_t)value);
  r->odd += negative && value == 0;
  return q;
}

/* -- values ----------------------------------------------------------------- */

static const char *read_word(json_reader *r, const char *p, const char *word,
                             peal_val value, peal_val *out) {
  size_t len = strlen(word);
  if ((size_t)(r->end - p) < len || memcmp(p, word, len) != 0)
    return json_fail(r, p, PEAL_ERR_JSON, "expected a value");
  *out = value;
  return p + len;
}

/* A value that is no container and no string, and begins with `c`. */
static const char *read_scalar(json_reader *r, const char *p, char c,
                               peal_val *out) {
  if (c == '-' || peal_text_is_digit(c))
    return read_number(r, p, out);
  if (c == 't')
    return read_word(r, p, "true", peal_bool(true), out);
  if (c == 'f')
    return read_word(r, p, "false", peal_bool(false), out);
  if (c == 'n')
    return read_word(r, p, "null", peal_null(), out);
  return json_fail(r, p, PEAL_ERR_JSON, "expected a value");
}

/* -- containers ------------------------------------------------------------- */

/* What the pairs of an object take: themselves, the lengths of their keys if one
 * of these has a NUL byte inside (only an escape can have brought it), and the
 * keys. */
typedef struct pairs_size {
  size_t count, keys;
  bool keyed;
} pairs_size;

static pairs_size measure_pairs(const peal_val *cells, size_t count) {
  pairs_size size = {count, count, false};
  for (size_t i = 0; i < count; i++) {
    peal_val key = cells[i * 2];
    size.keys += key.len;
    if (!key.flags && key.len && memchr(key.as.bytes, 0, key.len))
      size.keyed = true;
  }
  return size;
}

/* Keys are copied, so that they are terminated. */
static void fill_pairs(char *content, const peal_val *cells, pairs_size size) {
  peal_pair *pairs = (peal_pair *)(void *)content;
  uint32_t *lens = (uint32_t *)(void *)(pairs + size.count);
  char *to = size.keyed ? (char *)(lens + size.count) : (char *)lens;
  for (size_t i = 0; i < size.count; i++) {
    peal_val key = cells[i * 2];
    pairs[i].key = to;
    pairs[i].value = cells[i * 2 + 1];
    if (size.keyed)
      lens[i] = key.len;
    if (key.len)
      memcpy(to, key.as.bytes, key.len);
    to[key.len] = '\0';
    to += key.len + 1;
  }
}

_Static_assert(PEAL_LIMIT_JSON_DEPTH <= UINT8_MAX, "a height has eight bits");

/* Memory for the items or pairs of a container, and for its text, if it is
 * remembered, in front of them. */
static inline char *alloc_content(json_reader *r, const json_level *level,
                                  const char *stop, size_t size,
                                  peal_val *out) {
  size_t len = (size_t)(stop - level->text);
  if (len < TEXT_MIN || r->odd != level->odd)
    return peal_arena_alloc(r->arena, size);
  peal_val_impl_text *text =
      peal_arena_alloc(r->arena, sizeof(peal_val_impl_text) + size);
  if (!text)
    return NULL;
  *text =
      (peal_val_impl_text){.ptr = level->text,
                           .len = (uint32_t)len,
                           .height = level->height & 0xffu,
                           .owner = peal_val_impl_owner(text + 1) & 0xffffffu};
  out->flags |= PEAL_VAL_IMPL_RAW;
  return (char *)(text + 1);
}

static bool make_object(json_reader *r, const json_level *level,
                        const char *stop, peal_val *out) {
  uint32_t count = (r->count - level->begin) / 2;
  *out = (peal_val){.type = PEAL_OBJECT, .len = count};
  if (count == 0)
    return true;
  const peal_val *cells = &r->cells[level->begin];
  pairs_size size = measure_pairs(cells, count);
  size_t each = sizeof(peal_pair) + (size.keyed ? sizeof(uint32_t) : 0);
  char *content = alloc_content(r, level, stop, count * each + size.keys, out);
  if (!content)
    return false;
  fill_pairs(content, cells, size);
  out->as.bytes = content;
  if (size.keyed)
    out->flags |= PEAL_VAL_IMPL_KEYED;
  out->extra = peal_val_impl_seal(*out);
  return true;
}

static inline bool make_array(json_reader *r, const json_level *level,
                              const char *stop, peal_val *out) {
  uint32_t count = r->count - level->begin;
  *out = (peal_val){.type = PEAL_ARRAY, .len = count};
  if (count == 0)
    return true;
  size_t size = count * sizeof(peal_val);
  char *content = alloc_content(r, level, stop, size, out);
  if (!content)
    return false;
  peal_wide_copy(content, (const char *)&r->cells[level->begin], size);
  out->as.bytes = content;
  out->extra = peal_val_impl_seal(*out);
  return true;
}

/* Behind the closing bracket: the cells of the level become its items or
 * pairs, and it takes their place as one cell. */
static const char *close_level(json_reader *r, const char *p) {
  const json_level *level = &r->levels[--r->depth];
  peal_val value;
  if (!(level->object ? make_object(r, level, p, &value)
                      : make_array(r, level, p, &value)))
    return no_memory(r, p);
  if (r->depth > 0 && level[-1].height <= level->height)
    r->levels[r->depth - 1].height = level->height + 1;
  r->cells[level->begin] = value;
  r->count = level->begin + 1;
  return p;
}

/* At the bracket; up to the first value of the container, or behind it if it
 * is empty: then *closed is set. */
static const char *open_level(json_reader *r, const char *p, bool *closed) {
  bool object = *p == '{';
  if (r->depth == PEAL_LIMIT_JSON_DEPTH)
    return json_fail(r, p, PEAL_ERR_DEPTH, "nested too deeply");
  r->levels[r->depth++] = (json_level){.text = p,
                                       .begin = r->count,
                                       .odd = r->odd,
                                       .height = 1,
                                       .object = object};
  p++;
  char c = peek(r, &p);
  *closed = c == (object ? '}' : ']');
  if (*closed)
    return close_level(r, p + 1);
  if (!object)
    return p;
  if (c != '"')
    return json_fail(r, p, PEAL_ERR_JSON, "expected a key or '}'");
  return read_key(r, p);
}

/* Behind a comma. */
static const char *read_next_key(json_reader *r, const char *p) {
  if (peek(r, &p) != '"')
    return json_fail(r, p, PEAL_ERR_JSON, "expected a key");
  return read_key(r, p);
}

/* A value is complete: close what ends with it. Up to the next value; NULL
 * also when all is read. */
static inline const char *read_behind(json_reader *r, const char *p) {
  while (r->depth > 0) {
    bool object = r->levels[r->depth - 1].object;
    char c = peek(r, &p);
    if (c == ',')
      return object ? read_next_key(r, p + 1) : p + 1;
    if (c != (object ? '}' : ']'))
      return json_fail(r, p, PEAL_ERR_JSON,
                       object ? "expected ',' or '}'" : "expected ',' or ']'");
    p = close_level(r, p + 1);
    if (!p)
      return NULL;
  }
  if (p != r->end && (peek(r, &p) != '\0' || p != r->end))
    return json_fail(r, p, PEAL_ERR_JSON, "something follows the value");
  return NULL;
}

/* From the beginning of a value on. */
static void read_all(json_reader *r, const char *p) {
  while (p) {
    bool complete = true;
    char c = peek(r, &p);
    peal_val *cell = next_cell(r);
    if (!cell) {
      p = no_memory(r, p);
    } else if (c == '"') {
      p = read_string(r, p, cell);
      r->count++;
    } else if (c == '[' || c == '{') {
      p = open_level(r, p, &complete);
    } else {
      p = read_scalar(r, p, c, cell);
      r->count++;
    }
    if (complete && p)
      p = read_behind(r, p);
  }
}

/* -- the usual message ------------------------------------------------------ */

/* A string without escapes or a number, with a comma or a bracket right behind
 * it; NULL: something else. */
static inline const char *read_simple(json_reader *r, const char *p,
                                      peal_val *out) {
  const char *stop = NULL;
  if (*p == '"') {
    stop = find_stop(r, p + 1);
    if (stop == r->end || *stop != '"')
      return NULL;
    *out = raw_string(p + 1, stop);
    stop++;
  } else if (peal_text_is_digit(*p) || *p == '-') {
    stop = read_number(r, p, out);
  }
  return stop && stop < r->end && (*stop == ',' || *stop == ']') ? stop : NULL;
}

/* An array is read in a straight line as long as its items are simple: as a
 * rule all are, then it is complete, and NULL is returned. Otherwise where the
 * first other item begins. */
static const char *read_flat(json_reader *r) {
  const char *p = r->begin + 1;
  r->levels[0] = (json_level){.text = r->begin, .height = 1};
  while (p < r->end && r->count < FIRST_CELLS) {
    const char *stop = read_simple(r, p, &r->cells[r->count]);
    if (!stop || (*stop == ']' && stop + 1 != r->end))
      break;
    r->count++;
    if (*stop == ']') {
      r->depth = 1;
      (void)close_level(r, r->end);
      return NULL;
    }
    p = stop + 1;
  }
  if (r->count == 0)
    return r->begin;
  r->depth = 1;
  return p;
}

static peal_err json_decode(peal_val *out, peal_slice in, bool is_utf8,
                            peal_arena *arena, peal_err_info *info) {
  json_reader r;
  const char *p = in.len ? in.ptr : "";
  r.begin = p;
  r.end = p + in.len;
  r.arena = arena;
  r.cells = r.first;
  r.cap = FIRST_CELLS;
  r.count = r.depth = r.odd = 0;
  r.err = PEAL_OK;
  r.is_utf8 = is_utf8;
  if (in.len > UINT32_MAX)
    p = json_fail(&r, p, PEAL_ERR_JSON, "longer than 4 GiB");
  else if (in.len > 0 && *p == '[')
    p = read_flat(&r);
  if (p)
    read_all(&r, p);
  if (r.err == PEAL_OK) {
    *out = r.cells[0];
    return PEAL_OK;
  }
  *out = peal_undefined();
  if (info)
    *info = (peal_err_info){r.err, r.msg, (size_t)(r.failed - r.begin)};
  return r.err;
}

peal_err peal_json_decode(peal_val *out, peal_slice in, peal_arena *arena,
                          peal_err_info *info) {
  return json_decode(out, in, false, arena, info);
}

peal_err peal_json_decode_utf8(peal_val *out, peal_slice in, peal_arena *arena,
                               peal_err_info *info) {
  assert(peal_utf8_is_valid(in));
  return json_decode(out, in, true, arena, info);
}
