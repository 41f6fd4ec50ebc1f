/* SPDX-License-Identifier: MIT */
#pragma once
/* val: one value of JSON plus binary, 16 bytes, the same for received and for
 * sent data. A value never owns memory: it borrows strings, items and pairs.
 * Passing one by value copies these 16 bytes and nothing else.
 *
 *   byte  0       1       2       4              8                          16
 *         +-------+-------+-------+--------------+---------------------------+
 *         | type  | flags | extra | len          | as: bool, int64_t, double,|
 *         |       |       |       |              | or a pointer to bytes,    |
 *         |       |       |       |              | items (16 bytes each) or  |
 *         |       |       |       |              | pairs (24 bytes each)     |
 *         +-------+-------+-------+--------------+---------------------------+
 *
 * What is sent is built in place, without an allocation:
 *
 *   peal_emit(socket, "chat",
 *             PEAL_ARGS(peal_str("hi"), PEAL_OBJECT({"n", peal_int(3)})));
 *
 * What comes is read without looking at its type first: a getter of the wrong
 * type, of a member that is missing, of an index that is too high gives what
 * the caller names, the empty slice, or undefined, which can be asked on:
 *
 *   peal_val order = peal_event_arg(event, 0);
 *   int64_t count = peal_val_int(peal_val_get(order, "count"), 1);
 *   peal_slice city =
 *       peal_val_str(peal_val_get(peal_val_get(order, "to"), "city"));
 *
 * How long does a value live? As long as what it points to:
 *
 *   received (events, answers)   until the handler has returned
 *   built by the macros          in C until the end of the enclosing block, so
 *                                never return it: what it points to is on the
 *                                stack. In C++ until the end of the statement
 *   of a document (peal_doc)     until peal_doc_free
 *   anything, longer             peal_doc_new copies it
 *
 * Thread: pure for all that is below, unless it says otherwise. */
#include <peal/base.h>

#ifdef __cplusplus
#include <initializer_list>

extern "C" {
#endif

/* The kinds of values, and what a JavaScript client has for each.
 *
 *   kind       sent as                    received from        as.
 *   UNDEFINED  nothing; null in an array  never                -
 *   NULL       null                       null, undefined      -
 *   BOOL       true, false                true, false          boolean
 *   INT        digits                     a whole number       integer
 *   DOUBLE     the shortest that reads    any other number     number
 *              back the same
 *   STRING     a string                   a string             bytes, len
 *   BINARY     an attachment              Buffer, ArrayBuffer  bytes, len
 *   ARRAY      an array                   an array             items, len
 *   OBJECT     an object                  an object            pairs, len
 *
 * JavaScript's numbers are doubles: integers beyond 2^53 arrive rounded there,
 * and are better sent as strings. */
typedef enum peal_type {
  PEAL_UNDEFINED, /* absent: null inside an array, left out of an object */
  PEAL_NULL,      /* there, and nothing */
  PEAL_BOOL,      /* true or false */
  PEAL_INT,       /* a number that fits int64_t and was written without fraction
                     and exponent */
  PEAL_DOUBLE,    /* any other number; not finite is sent as null */
  PEAL_STRING,    /* UTF-8 with any character, U+0000 too; not terminated.
                     What is not UTF-8 is sent as U+FFFD */
  PEAL_BINARY,    /* bytes that are no text */
  PEAL_ARRAY,     /* values in order */
  PEAL_OBJECT     /* pairs in order; of equal keys the last counts */
} peal_type;

typedef struct peal_pair peal_pair; /* below */

/* A value. To be built by the functions below and read by the getters; a value
 * that was received is not changed in place: build another. The fields are here
 * for loops over items and pairs:
 *
 *   if (peal_val_is(value, PEAL_ARRAY))
 *     for (uint32_t i = 0; i < value.len; i++)
 *       look_at(value.as.items[i]); */
typedef struct peal_val {
  uint8_t type;   /* one of peal_type */
  uint8_t flags;  /* internal, 0 in values that the caller builds */
  uint16_t extra; /* internal */
  uint32_t len;   /* bytes of a string or binary, count of items or pairs */

  union {
    bool boolean;                 /* PEAL_BOOL */
    int64_t integer;              /* PEAL_INT */
    double number;                /* PEAL_DOUBLE */
    const char *bytes;            /* PEAL_STRING, PEAL_BINARY: borrowed */
    const struct peal_val *items; /* PEAL_ARRAY: borrowed */
    const peal_pair *pairs;       /* PEAL_OBJECT: borrowed, as they came */
  } as;
} peal_val;

/* A member of an object: {"key", value} is a whole pair. */
struct peal_pair {
  const char *key; /* borrowed, terminated; NULL is as "". A key that has a NUL
                      byte inside goes on behind it: peal_val_key says how far */
  peal_val value;  /* of any kind */
};

/* The arguments of an event or acknowledgement: what stands behind the name,
 * any number of values of any kinds; socket.emit("name", a, b) has two. An
 * array of one's own will do: (peal_args){items, count}. */
typedef struct peal_args {
  const peal_val *items; /* borrowed; may be NULL if there are none */
  size_t count;          /* how many items */
} peal_args;

/* -- building ----------------------------------------------------------- */

/* Nothing here allocates, fails or copies: all of it borrows what it is given.
 * A tree may be nested 128 deep; a deeper one is refused when it is encoded
 * (PEAL_ERR_DEPTH). */

/* In the three macros values are given one after the other, separated by
 * commas, and may be built by macros again; a list may be empty. In C++ they
 * look the same. */
#ifndef __cplusplus
/* clang-format off */

/* The lists end with a mark that is counted up to, so that each argument is
 * expanded once however deep they nest. In front of the mark stands a comma,
 * unless the list is empty: that is so if PEAL_MARK_ meets the parentheses that
 * are written behind its first argument, and not one that the argument begins
 * with. */
#define PEAL_END_ 255 /* a type that no value has */
#define PEAL_MARK_(...) ,
#define PEAL_NOTHING_(first)
#define PEAL_COMMA_(first) ,
#define PEAL_FIRST_(first, ...) first
#define PEAL_THIRD_(a, b, c, ...) c
#define PEAL_THIRD_OF_(...) PEAL_THIRD_(__VA_ARGS__)
#define PEAL_THIRD_BEHIND_(...) PEAL_THIRD_(__VA_ARGS__)
#define PEAL_COMMA_TEXT_(first)                                                \
  PEAL_THIRD_BEHIND_(PEAL_MARK_ first (), PEAL_NOTHING_, PEAL_COMMA_, ~)(first)
#define PEAL_COMMA_IF_(first)                                                  \
  PEAL_THIRD_OF_(PEAL_MARK_ first, PEAL_COMMA_, PEAL_COMMA_TEXT_, ~)(first)
#define PEAL_COMMA_BEHIND_(...) PEAL_COMMA_IF_(PEAL_FIRST_(__VA_ARGS__, ~))
#define PEAL_LIST_(type, end, ...)                                             \
  ((const type[]){__VA_ARGS__ PEAL_COMMA_BEHIND_(__VA_ARGS__) end})

/* Arguments: PEAL_ARGS(peal_int(1), peal_str("two")). */
#define PEAL_ARGS(...)                                                         \
  peal_args_(PEAL_LIST_(peal_val, {.type = PEAL_END_}, __VA_ARGS__))
/* No arguments: the event is its name alone. */
#define PEAL_NO_ARGS ((peal_args){NULL, 0})
/* An array: PEAL_ARRAY(peal_int(1), peal_null()). */
#define PEAL_ARRAY(...)                                                        \
  peal_array_(PEAL_LIST_(peal_val, {.type = PEAL_END_}, __VA_ARGS__))
/* An object: PEAL_OBJECT({"x", peal_int(1)}, {"y", y}). Keys are terminated
 * texts. */
#define PEAL_OBJECT(...)                                                       \
  peal_object_(PEAL_LIST_(peal_pair, {.value = {.type = PEAL_END_}}, __VA_ARGS__))

/* clang-format on */

/* What stands behind the macros. */
PEAL_API peal_args peal_args_(const peal_val *items);
PEAL_API peal_val peal_array_(const peal_val *items);
PEAL_API peal_val peal_object_(const peal_pair *pairs);
#endif

/* Absent: where a value may be left out. */
PEAL_API peal_val peal_undefined(void);
/* null: there, and nothing. */
PEAL_API peal_val peal_null(void);
/* true or false. */
PEAL_API peal_val peal_bool(bool value);
/* A whole number. A JavaScript client reads it exactly up to 2^53. */
PEAL_API peal_val peal_int(int64_t value);
/* A number. 3.0 is sent as 3; what is not finite as null, as JSON.stringify
 * does. */
PEAL_API peal_val peal_double(double value);
/* Text that need not be terminated, borrowed: UTF-8, and what of it is not is
 * replaced by U+FFFD when it is sent. At most 4 GiB - 1, longer text is cut. */
PEAL_API peal_val peal_str_slice(peal_slice text);
/* Bytes, borrowed: they travel as an attachment, over polling as base64. At
 * most 4 GiB - 1, the rest is cut. In JSON outside of events (peal_json_bytes)
 * they are a base64 string. */
PEAL_API peal_val peal_binary(peal_slice data);
/* An array of `count` values (below 2^32), borrowed: for loops that fill a
 * table of their own:
 *
 *   peal_val names[COUNT];
 *   for (size_t i = 0; i < COUNT; i++)
 *     names[i] = peal_str(people[i].name);
 *   peal_emit(socket, "names", PEAL_ARGS(peal_array(names, COUNT))); */
PEAL_API peal_val peal_array(const peal_val *items, size_t count);
/* An object of `count` pairs (below 2^32), borrowed, sent in this order. Nobody
 * looks whether two of them have one key: a client takes the last. Filled by a
 * loop as an array is. */
PEAL_API peal_val peal_object(const peal_pair *pairs, size_t count);
/* A terminated string, borrowed; NULL gives null. Of what can hold NUL bytes:
 * peal_str_slice. */
PEAL_API peal_val peal_str(const char *text);

/* -- building what is as long as it is ----------------------------------- */

/* Values whose number only the run knows, and values that a function makes for
 * its caller, are built in memory that goes by itself:
 *
 *   peal_build *build = peal_socket_build(socket);
 *   peal_items *rows = peal_items_new(build);
 *   for (size_t i = 0; i < count; i++)
 *     peal_items_add(rows, row_val(build, &table[i]));
 *   return peal_emit(socket, "rows", PEAL_ARGS(peal_items_val(rows)));
 *
 *   peal_val row_val(peal_build *build, const row *row) {
 *     return peal_build_keep(build, PEAL_OBJECT({"id", peal_int(row->id)},
 *                                               {"name",
 * peal_str(row->name)}));
 *   }
 *
 * Nothing of it is freed or sized, and nothing is asked for in between: when
 * memory is out, every further call does nothing, and what comes out is a value
 * that says so where it is used: peal_emit, peal_ack and kin return
 * PEAL_ERR_NOMEM, peal_http_answer_json answers 503, peal_doc_new and
 * peal_json_bytes return NULL.
 *
 * Where the memory is:
 *
 *   peal_socket_build     of the turn: until the handler has returned. For
 *   peal_worker_build     every other callback of a worker, too
 *   peal_http_req_build   of the request: until it is answered, also later
 *   peal_build_new        its own: until peal_build_free */

/* Memory for values, and the first error. Of one thread at a time. Never NULL:
 * where there is no memory for it, it has that error from the beginning. */
typedef struct peal_build peal_build;
/* An array that grows: from peal_items_new on, as long as its builder. */
typedef struct peal_items peal_items;
/* An object that grows: from peal_pairs_new on, as long as its builder. */
typedef struct peal_pairs peal_pairs;

/* A builder with memory of its own (libc's): for threads of the program's own,
 * before the run, and for what outlives a callback. */
PEAL_API peal_build *peal_build_new(void);
/* Free it with all its values; only of peal_build_new. NULL is a no-op. */
PEAL_API void peal_build_free(peal_build *build);
/* PEAL_OK, or what went wrong first: PEAL_ERR_NOMEM, PEAL_ERR_DEPTH,
 * PEAL_ERR_USAGE (a builder of another thread's worker, or NULL), or as
 * peal_doc_from_json. Nobody has to ask: the values say it, too. */
PEAL_API peal_err peal_build_err(const peal_build *build);
/* The tree of arrays and objects is copied, texts, bytes and keys are borrowed:
 * so what the macros built on the stack may be returned. Deeper than 128:
 * PEAL_ERR_DEPTH. */
PEAL_API peal_val peal_build_keep(peal_build *build, peal_val value);
/* Everything is copied: for texts that go earlier, such as those of a buffer on
 * the stack, and for values of another builder. */
PEAL_API peal_val peal_build_copy(peal_build *build, peal_val value);
/* The value of a JSON text, which is copied; as peal_doc_from_json. What is
 * wrong with the text is the builder's error. */
PEAL_API peal_val peal_build_json(peal_build *build, peal_slice json);

/* An empty array. NULL if memory is out, which the functions below take. */
PEAL_API peal_items *peal_items_new(peal_build *build);
/* Append a value, borrowed with what it points to. */
PEAL_API void peal_items_add(peal_items *items, peal_val value);
/* How many there are so far. */
PEAL_API size_t peal_items_count(const peal_items *items);
/* What there is so far as an array. More may be added: values that were given
 * do not see it. */
PEAL_API peal_val peal_items_val(const peal_items *items);
/* The same as arguments: one for each. */
PEAL_API peal_args peal_items_args(const peal_items *items);

/* An empty object. NULL if memory is out, which the functions below take. */
PEAL_API peal_pairs *peal_pairs_new(peal_build *build);
/* Append a member; key (terminated) and value are borrowed. An undefined value
 * is as if absent. */
PEAL_API void peal_pairs_add(peal_pairs *pairs, const char *key,
                             peal_val value);
/* The same with a key that is copied: it need not be terminated, and may hold
 * NUL bytes. */
PEAL_API void peal_pairs_add_n(peal_pairs *pairs, peal_slice key,
                               peal_val value);
/* How many there are so far. */
PEAL_API size_t peal_pairs_count(const peal_pairs *pairs);
/* What there is so far as an object, as peal_items_val. */
PEAL_API peal_val peal_pairs_val(const peal_pairs *pairs);

/* -- reading; all Thread: pure ------------------------------------------ */

/* Is it of this kind? For numbers peal_val_is_number is what is meant nearly
 * always: 3 is PEAL_INT and 3.5 is PEAL_DOUBLE. */
PEAL_API bool peal_val_is(peal_val value, peal_type type);
/* Is it a number, of either kind? */
PEAL_API bool peal_val_is_number(peal_val value);
/* The text, or the empty slice for any other type: its ptr is never NULL. Not
 * terminated. Borrowed as the value is. */
PEAL_API peal_slice peal_val_str(peal_val value);
/* The bytes of a binary, or the empty slice for any other type. Borrowed as the
 * value is. */
PEAL_API peal_slice peal_val_binary(peal_val value);
/* The number as int64_t; `otherwise` if it is no number, has a fraction or does
 * not fit. 3.0 and 3e0 are 3. Nothing is rounded, so nothing surprises; but its
 * range is still to be checked. */
PEAL_API int64_t peal_val_int(peal_val value, int64_t otherwise);
/* The number as double, rounded if it has more than 53 bits; `otherwise` if it
 * is none. Of a client's JSON it is always finite or an infinity (1e999). */
PEAL_API double peal_val_double(peal_val value, double otherwise);
/* true or false; `otherwise` for any other type: 0, "" and null are not false
 * here. */
PEAL_API bool peal_val_bool(peal_val value, bool otherwise);
/* Item `index` of an array; undefined if there is none, or it is no array. */
PEAL_API peal_val peal_val_at(peal_val array, size_t index);
/* Member of an object by terminated name; the last one of equal names, as
 * JavaScript has it; undefined if there is none, or it is no object. A search
 * from pair to pair: of large objects keep what is used often. */
PEAL_API peal_val peal_val_get(peal_val object, const char *key);
/* The same for a name that need not be terminated, and may hold NUL bytes. */
PEAL_API peal_val peal_val_get_n(peal_val object, peal_slice key);
/* The key of pair `index` of an object, borrowed and terminated; the empty
 * slice if there is none, or it is no object. For loops over the pairs. */
PEAL_API peal_slice peal_val_key(peal_val object, size_t index);
/* Deep comparison: 1 and 1.0 are equal, the order of pairs does not count, a
 * member that is undefined is as if absent. What is nested deeper than 128 is
 * equal to nothing, and so is NaN. Objects cost the product of their sizes: not
 * for large ones that clients send. */
PEAL_API bool peal_val_eq(peal_val a, peal_val b);
/* How the type is called in messages: "undefined", "null", "boolean", "number"
 * (both kinds), "string", "binary", "array", "object". Constant text. */
PEAL_API const char *peal_val_type_name(peal_val value);

/* -- keeping and JSON --------------------------------------------------- */

/* received value --peal_doc_new--> document --peal_doc_val--> value again
 * JSON text --peal_doc_from_json--^     value --peal_json_bytes--> JSON text */

/* A tree of values that owns its memory: for data that must outlive the
 * handler. It does not change, so several threads may read one; it is freed
 * once. Its memory is libc's, some 16 bytes for each value (24 for a pair)
 * besides the texts. */
typedef struct peal_doc peal_doc;

/* Deep copy, of a handful of allocations. Returns NULL if memory is out, or it
 * is nested deeper than 128. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_doc *peal_doc_new(peal_val value);
/* Decode JSON (copied): one value, with blanks around it at most. Strict: no
 * comments, no commas too many, valid UTF-8; half a surrogate pair becomes
 * U+FFFD. On failure *out is NULL and `info`, if not NULL, says why and where.
 * A body of 1 MB of the smallest values takes 8 times that as values.
 * Returns: PEAL_OK, PEAL_ERR_JSON, PEAL_ERR_UTF8, PEAL_ERR_DEPTH (deeper than
 * 128), PEAL_ERR_NOMEM. Thread: any. Spec: RFC8259. */
PEAL_API PEAL_MUST_CHECK peal_err peal_doc_from_json(peal_doc **out,
                                                     peal_slice json,
                                                     peal_err_info *info);
/* The value, borrowed until peal_doc_free; undefined for NULL. */
PEAL_API peal_val peal_doc_val(const peal_doc *doc);
/* Free it with all its values; NULL is a no-op. */
PEAL_API void peal_doc_free(peal_doc *doc);

/* Encode as JSON text, as JSON.stringify does: no blanks, `/` not escaped,
 * undefined left out of objects and null elsewhere (binary becomes a base64
 * string). The caller owns one reference: peal_bytes_unref.
 * Returns NULL if memory is out, or it is nested deeper than 128. Thread:
 * any. */
PEAL_API PEAL_MUST_CHECK peal_bytes *peal_json_bytes(peal_val value);

#ifdef __cplusplus
}

/* The macros in C++. What they point to lives until the end of the statement:
 * long enough for a call that they are written into. */
#define PEAL_ARGS(...) peal_args_({__VA_ARGS__})
#define PEAL_NO_ARGS (peal_args{nullptr, 0})
#define PEAL_ARRAY(...) peal_array_({__VA_ARGS__})
#define PEAL_OBJECT(...) peal_object_({__VA_ARGS__})

inline peal_args peal_args_(std::initializer_list<peal_val> items) {
  return {items.begin(), items.size()};
}

inline peal_val peal_array_(std::initializer_list<peal_val> items) {
  return peal_array(items.begin(), items.size());
}

inline peal_val peal_object_(std::initializer_list<peal_pair> pairs) {
  return peal_object(pairs.begin(), pairs.size());
}
#endif
