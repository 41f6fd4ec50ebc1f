/* SPDX-License-Identifier: MIT */
#pragma once
/* base: what every other header of Peal speaks in: slices, errors, memory,
 * shared bytes, log records.
 *
 * Ownership, four words and no other: a pointer is *borrowed* (valid until the
 * call or the callback returns), *copied*, *taken* (the library frees it) or
 * *shared* (reference-counted: `_ref` to keep it).
 *
 * Threads, one line per function: `Thread: worker` (the default: call it on
 * the worker that owns the object), `Thread: any`, or `Thread: pure` (touches
 * only its arguments).
 *
 * Callbacks, four rules: they run on the worker's thread only; never from
 * inside a constructor or setter; a close callback comes exactly once and
 * last; inside an object's callback every function of the object may be
 * called, and `_free` or `_close` there takes effect after it returned. */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PEAL_VERSION "0.1.0"

#define PEAL_API __attribute__((visibility("default")))
#define PEAL_MUST_CHECK __attribute__((warn_unused_result))
#define PEAL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

/* The version of the library that is linked, as "major.minor.patch". */
PEAL_API const char *peal_version(void);

/* -- slices ------------------------------------------------------------- */

/* A piece of somebody else's memory; `ptr` may be NULL only if `len` is 0.
 * Text is UTF-8 and not terminated. */
typedef struct peal_slice {
  const char *ptr;
  size_t len; /* bytes */
} peal_slice;

/* A slice of a string literal. */
#define PEAL_S(literal) ((peal_slice){"" literal, sizeof(literal) - 1})
/* For printf: "%.*s", PEAL_SFMT(slice). */
#define PEAL_SFMT(slice) (int)(slice).len, ((slice).len ? (slice).ptr : "")

/* A slice of a terminated string; NULL gives the empty slice. */
PEAL_API peal_slice peal_slice_of(const char *text);
PEAL_API bool peal_slice_eq(peal_slice a, peal_slice b);
/* Compare with a terminated string. */
PEAL_API bool peal_slice_is(peal_slice a, const char *text);
/* The same, but ASCII letters match in either case (header names). */
PEAL_API bool peal_slice_is_nocase(peal_slice a, const char *text);
PEAL_API bool peal_slice_starts(peal_slice a, const char *prefix);

/* -- errors ------------------------------------------------------------- */

typedef enum peal_err_class {
  PEAL_CLASS_OK,
  PEAL_CLASS_AGAIN,  /* not an error: more bytes, or a later try */
  PEAL_CLASS_CLOSED, /* the other end is gone, or we closed */
  PEAL_CLASS_PEER,   /* the peer broke the protocol */
  PEAL_CLASS_USAGE,  /* the caller's mistake */
  PEAL_CLASS_LIMIT,  /* a ceiling was reached */
  PEAL_CLASS_SYSTEM, /* the operating system refused */
  PEAL_CLASS_MEMORY
} peal_err_class;

/* One line per error: name, class, message, WebSocket close code, HTTP
 * status (0: none applies). */
#define PEAL_ERR_MAP(X)                                                        \
  X(AGAIN, AGAIN, "more is needed", 0, 0)                                      \
  X(CLOSED, CLOSED, "closed", 1001, 0)                                         \
  X(CANCELLED, CLOSED, "cancelled", 1001, 0)                                   \
  X(TIMEOUT, CLOSED, "timed out", 1001, 408)                                   \
  X(NOMEM, MEMORY, "out of memory", 1011, 503)                                 \
  X(USAGE, USAGE, "wrong argument or state", 0, 500)                           \
  X(EXISTS, USAGE, "exists already", 0, 409)                                   \
  X(NOT_FOUND, USAGE, "not found", 0, 404)                                     \
  X(RESERVED, USAGE, "this event name is reserved", 0, 0)                      \
  X(OPTION, USAGE, "unknown or contradictory option", 0, 0)                    \
  X(SYSTEM, SYSTEM, "the system refused", 1011, 500)                           \
  X(PORT_IN_USE, SYSTEM, "address already in use", 0, 0)                       \
  X(NO_FILES, SYSTEM, "no file descriptor left", 0, 503)                       \
  X(IO, SYSTEM, "input or output failed", 1011, 500)                           \
  X(STORE, SYSTEM, "the store failed", 0, 500)                                 \
  X(LIMIT, LIMIT, "a limit was reached", 1008, 413)                            \
  X(QUEUE_FULL, LIMIT, "the send queue is full", 1008, 503)                    \
  X(DEPTH, LIMIT, "nested too deeply", 1008, 400)                              \
  X(TOO_LONG, LIMIT, "too long", 1009, 413)                                    \
  X(UTF8, PEER, "invalid UTF-8", 1007, 400)                                    \
  X(JSON, PEER, "invalid JSON", 1007, 400)                                     \
  X(BASE64, PEER, "invalid base64", 1007, 400)                                 \
  X(HTTP_SYNTAX, PEER, "malformed HTTP", 0, 400)                               \
  X(HTTP_METHOD, PEER, "method not allowed", 0, 405)                           \
  X(HTTP_URI_LEN, LIMIT, "request target too long", 0, 414)                    \
  X(HTTP_HEAD_LEN, LIMIT, "request head too large", 0, 431)                    \
  X(HTTP_BODY_LEN, LIMIT, "request body too large", 0, 413)                    \
  X(HTTP_CODING, PEER, "transfer coding not implemented", 0, 501)              \
  X(HTTP_VERSION, PEER, "HTTP version not supported", 0, 505)                  \
  X(HTTP_EXPECT, PEER, "expectation failed", 0, 417)                           \
  X(WS_OPCODE, PEER, "reserved WebSocket opcode", 1002, 0)                     \
  X(WS_RSV, PEER, "reserved WebSocket bit set", 1002, 0)                       \
  X(WS_MASK, PEER, "WebSocket frame masked wrongly", 1002, 0)                  \
  X(WS_LEN, PEER, "WebSocket frame length malformed", 1002, 0)                 \
  X(WS_CONTROL, PEER, "WebSocket control frame malformed", 1002, 0)            \
  X(WS_FRAGMENT, PEER, "WebSocket fragment out of order", 1002, 0)             \
  X(WS_CLOSE, PEER, "WebSocket close frame malformed", 1002, 0)                \
  X(WS_TOO_BIG, LIMIT, "WebSocket message too big", 1009, 0)                   \
  X(EIO_PACKET, PEER, "invalid Engine.IO packet", 0, 400)                      \
  X(EIO_DIRECTION, PEER, "invalid heartbeat direction", 0, 400)                \
  X(SIO_PACKET, PEER, "invalid Socket.IO packet", 0, 400)                      \
  X(SIO_PAYLOAD, PEER, "invalid Socket.IO payload", 0, 400)                    \
  X(SIO_ATTACHMENTS, PEER, "illegal attachments", 0, 400)                      \
  X(SIO_TOO_MANY, LIMIT, "too many attachments", 0, 400)                       \
  X(SIO_STATE, PEER, "Socket.IO packet out of order", 0, 400)                  \
  X(SIO_RESERVED, PEER, "reserved event name from a peer", 0, 400)

typedef enum peal_err {
  PEAL_OK = 0,
  PEAL_ERR_BASE_ = -1000,

#define PEAL_ERR_ENUM_(name, cls, msg, ws, http) PEAL_ERR_##name,
  PEAL_ERR_MAP(PEAL_ERR_ENUM_)
#undef PEAL_ERR_ENUM_
      PEAL_ERR_END_
} peal_err;

/* Constant text, lower case, no full stop. Thread: pure. */
PEAL_API const char *peal_err_message(peal_err err);
/* The enum's name, "PEAL_ERR_NOMEM". Thread: pure. */
PEAL_API const char *peal_err_name(peal_err err);
PEAL_API peal_err_class peal_err_class_of(peal_err err);
/* The WebSocket close code that tells a peer of it, 0 if none. */
PEAL_API unsigned peal_err_ws_code(peal_err err);
/* The HTTP status that tells a peer of it, 0 if none. */
PEAL_API unsigned peal_err_http_status(peal_err err);

/* Filled by decoders through an optional pointer. */
typedef struct peal_err_info {
  peal_err code;
  const char *msg; /* constant text, more exact than peal_err_message */
  size_t pos;      /* offset in the input where it was noticed */
} peal_err_info;

/* -- memory ------------------------------------------------------------- */

/* The allocator of an object and all it owns. Each function may return NULL.
 * `size` is never 0; free(NULL) is a no-op. Blocks are aligned for any object
 * of pointers and integers, to 8 bytes at least. The struct is borrowed for the
 * life of every object made with it. */
typedef struct peal_mem {
  void *(*alloc)(void *user, size_t size);
  void *(*resize)(void *user, void *ptr, size_t size);
  void (*release)(void *user, void *ptr);
  void *user;
} peal_mem;

/* malloc, realloc, free. Thread: any. */
PEAL_API const peal_mem *peal_mem_libc(void);

/* -- shared bytes ------------------------------------------------------- */

/* Immutable bytes with a reference count. Thread: any. */
typedef struct peal_bytes peal_bytes;

/* Copies `data`. Returns NULL if memory is out. The caller owns one
 * reference. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_bytes *peal_bytes_new(peal_slice data);
PEAL_API peal_bytes *peal_bytes_ref(peal_bytes *bytes);
/* Gives one reference back; NULL is a no-op. */
PEAL_API void peal_bytes_unref(peal_bytes *bytes);
/* Borrowed: valid as long as a reference is held. */
PEAL_API peal_slice peal_bytes_slice(const peal_bytes *bytes);

/* -- log ---------------------------------------------------------------- */

typedef enum peal_log_level {
  PEAL_LOG_DEFAULT, /* as an option: info */
  PEAL_LOG_ERROR,
  PEAL_LOG_WARN,
  PEAL_LOG_INFO,
  PEAL_LOG_DEBUG,
  PEAL_LOG_OFF = 255
} peal_log_level;

/* One line of the log. Everything is borrowed. */
typedef struct peal_log_record {
  peal_log_level level;
  const char *area; /* "http", "engine", "server", "store", … */
  peal_slice text;  /* one line, no newline */
  peal_slice peer;  /* address of the peer concerned, or empty */
  peal_slice sid;   /* session or socket id concerned, or empty */
  int64_t time_ms;  /* wall clock, milliseconds since 1970 */
} peal_log_record;

/* Where log lines go. Called from every thread of the library, one call at a
 * time. Thread: any. */
typedef void (*peal_log_fn)(const peal_log_record *record, void *user);

/* Options of the log, part of other options; {0}: info to stderr. */
typedef struct peal_log_opts {
  peal_log_fn fn; /* NULL: plain lines to stderr */
  void *user;
  peal_log_level level; /* default info */
} peal_log_opts;

#ifdef __cplusplus
}
#endif
