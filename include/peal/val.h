/* SPDX-License-Identifier: MIT */
#pragma once
/* val: one value of JSON plus binary, 16 bytes, the same for received and for
 * sent data. A value never owns memory: it borrows strings, items and pairs.
 *
 *   PEAL_ARGS(peal_str("hi"), PEAL_OBJECT({"n", peal_int(3)}))
 *
 * builds the arguments of an event in place, without an allocation; the
 * compound literals live until the end of the enclosing block. */
#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef enum peal_type {
  PEAL_UNDEFINED, /* absent: null inside an array, left out of an object */
  PEAL_NULL,
  PEAL_BOOL,
  PEAL_INT,    /* a number without fraction that fits int64_t */
  PEAL_DOUBLE, /* any other number; not finite is sent as null */
  PEAL_STRING, /* UTF-8, any byte but not necessarily terminated */
  PEAL_BINARY,
  PEAL_ARRAY,
  PEAL_OBJECT
} peal_type;

typedef struct peal_pair peal_pair;

typedef struct peal_val {
  uint8_t type;   /* one of peal_type */
  uint8_t flags;  /* internal, 0 in values that the caller builds */
  uint16_t extra; /* internal */
  uint32_t len;   /* bytes of a string or binary, count of items or pairs */

  union {
    bool boolean;
    int64_t integer;
    double number;
    const char *bytes;            /* borrowed */
    const struct peal_val *items; /* borrowed */
    const peal_pair *pairs;       /* borrowed, in order of arrival */
  } as;
} peal_val;

/* A member of an object. `key_len` 0 means: as far as the terminator. */
struct peal_pair {
  const char *key;
  peal_val value;
  size_t key_len; /* bytes */
};

/* The arguments of an event or acknowledgement. */
typedef struct peal_args {
  const peal_val *items; /* borrowed */
  size_t count;
} peal_args;

/* {"key", value} leaves key_len at zero on purpose, and the braces are the
 * caller's: no narrower place can say so to the compiler. */
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"

/* clang-format off */
#define PEAL_END_ 255 /* a type that no value has */
/* The lists end with a mark that is counted up to, so that each argument is
 * expanded once however deep they nest. */
#define PEAL_ITEMS_(...)                                                       \
  ((const peal_val[]){__VA_ARGS__, {.type = PEAL_END_}})
#define PEAL_PAIRS_(...)                                                       \
  ((const peal_pair[]){__VA_ARGS__, {.value = {.type = PEAL_END_}}})
#define PEAL_ARGS(...) peal_args_(PEAL_ITEMS_(__VA_ARGS__))
#define PEAL_NO_ARGS ((peal_args){NULL, 0})
#define PEAL_ARRAY(...) peal_array_(PEAL_ITEMS_(__VA_ARGS__))
#define PEAL_OBJECT(...) peal_object_(PEAL_PAIRS_(__VA_ARGS__))

/* clang-format on */

static inline peal_val peal_undefined(void) {
  return (peal_val){.type = PEAL_UNDEFINED};
}

static inline peal_val peal_null(void) {
  return (peal_val){.type = PEAL_NULL};
}

static inline peal_val peal_bool(bool value) {
  return (peal_val){.type = PEAL_BOOL, .as.boolean = value};
}

static inline peal_val peal_int(int64_t value) {
  return (peal_val){.type = PEAL_INT, .as.integer = value};
}

static inline peal_val peal_double(double value) {
  return (peal_val){.type = PEAL_DOUBLE, .as.number = value};
}

/* Borrows; at most 4 GiB - 1, longer text is cut. */
static inline peal_val peal_str_slice(peal_slice text) {
  return (peal_val){
      .type = PEAL_STRING,
      .len = (uint32_t)(text.len > UINT32_MAX ? UINT32_MAX : text.len),
      .as.bytes = text.ptr};
}

static inline peal_val peal_binary(peal_slice data) {
  return (peal_val){
      .type = PEAL_BINARY,
      .len = (uint32_t)(data.len > UINT32_MAX ? UINT32_MAX : data.len),
      .as.bytes = data.ptr};
}

static inline peal_val peal_array(const peal_val *items, size_t count) {
  return (peal_val){
      .type = PEAL_ARRAY, .len = (uint32_t)count, .as.items = items};
}

static inline peal_val peal_object(const peal_pair *pairs, size_t count) {
  return (peal_val){
      .type = PEAL_OBJECT, .len = (uint32_t)count, .as.pairs = pairs};
}

/* What stands behind the macros. */
static inline peal_args peal_args_(const peal_val *items) {
  size_t count = 0;
  while (items[count].type != PEAL_END_)
    count++;
  return (peal_args){items, count};
}

static inline peal_val peal_array_(const peal_val *items) {
  return peal_array(items, peal_args_(items).count);
}

static inline peal_val peal_object_(const peal_pair *pairs) {
  size_t count = 0;
  while (pairs[count].value.type != PEAL_END_)
    count++;
  return peal_object(pairs, count);
}

/* A terminated string, borrowed; NULL gives null. */
PEAL_API peal_val peal_str(const char *text);

/* -- reading; all Thread: pure ------------------------------------------ */

static inline bool peal_val_is(peal_val value, peal_type type) {
  return value.type == (uint8_t)type;
}

/* A number of either kind. */
PEAL_API bool peal_val_is_number(peal_val value);
/* The text, or the empty slice for any other type. Borrowed. */
PEAL_API peal_slice peal_val_str(peal_val value);
/* The bytes of a binary, or the empty slice for any other type. Borrowed. */
PEAL_API peal_slice peal_val_binary(peal_val value);
/* The number as int64_t; `otherwise` if it is no number, has a fraction or
 * does not fit. */
PEAL_API int64_t peal_val_int(peal_val value, int64_t otherwise);
PEAL_API double peal_val_double(peal_val value, double otherwise);
PEAL_API bool peal_val_bool(peal_val value, bool otherwise);
/* Item `index` of an array; undefined if there is none. */
PEAL_API peal_val peal_val_at(peal_val array, size_t index);
/* Member of an object by terminated name; the last one of equal names;
 * undefined if there is none. */
PEAL_API peal_val peal_val_get(peal_val object, const char *key);
/* The key of a pair as a slice. */
PEAL_API peal_slice peal_pair_key(const peal_pair *pair);
/* Deep comparison; 1 and 1.0 are equal, the order of pairs does not count. */
PEAL_API bool peal_val_eq(peal_val a, peal_val b);
/* How the type is called in messages: "string", "number", … */
PEAL_API const char *peal_val_type_name(peal_val value);

/* -- keeping and JSON --------------------------------------------------- */

/* A tree of values that owns its memory: for data that must outlive the
 * handler. */
typedef struct peal_doc peal_doc;

/* Deep copy. Returns NULL if memory is out. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_doc *peal_doc_new(peal_val value);
/* Decode JSON (copied). On failure *out is NULL and `info`, if not NULL, says
 * why and where.
 * Returns: PEAL_OK, PEAL_ERR_JSON, PEAL_ERR_UTF8, PEAL_ERR_DEPTH,
 * PEAL_ERR_NOMEM. Thread: any. Spec: RFC8259. */
PEAL_API PEAL_MUST_CHECK peal_err peal_doc_from_json(peal_doc **out,
                                                     peal_slice json,
                                                     peal_err_info *info);
/* The value, borrowed until peal_doc_free. */
PEAL_API peal_val peal_doc_val(const peal_doc *doc);
PEAL_API void peal_doc_free(peal_doc *doc);

/* Encode as JSON text, as JSON.stringify does (binary becomes a base64
 * string). Returns NULL if memory is out. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_bytes *peal_json_bytes(peal_val value);

#ifdef __cplusplus
}
#endif
