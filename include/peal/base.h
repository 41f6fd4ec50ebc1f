/* SPDX-License-Identifier: MIT */
#pragma once
/* base: what every other header of Peal speaks in: slices, errors, memory,
 * shared bytes, log records.
 *
 * Ownership, four words and no other, for a pointer that is passed:
 *
 *   borrowed   valid until the call or the callback returns, unless it says for
 *              how long; who has it neither keeps nor frees it
 *   copied     the library makes a copy: yours may go when the call returns
 *   taken      the library frees it, also if the call fails, unless it says so
 *   shared     reference-counted: `_ref` to keep it, `_unref` when done
 *
 * What a `_new` or `_open` gives is the caller's, who gives it back by the
 * `_free`, `_close` or `_unref` of that name; each of these does nothing for
 * NULL. Only references are counted here, no objects: who makes something frees
 * it, after what stands on it.
 *
 * Threads, one line per function: `Thread: worker` (the default: call it on
 * the worker that owns the object), `Thread: any`, or `Thread: pure` (touches
 * only its arguments, so any thread may).
 *
 * Options, one struct per object, copied: a field that is 0 means its default,
 * so {0} is right, and so is NULL where it says so. What a default of 0 leaves
 * no room for ("off") is a named constant. Structs that the program makes have
 * the same size for as long as the name of the shared library is the same:
 * words that are reserved become fields. A word that this library knows no
 * field in is refused if it is not 0 (PEAL_ERR_OPTION), never ignored.
 *
 * Errors are returned: what may fail returns a peal_err, or NULL if there is
 * only one reason. Memory that is out is an error like others; nothing ends the
 * program, and nothing is printed but through the log.
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

/* The version of these headers, as "major.minor.patch". */
#define PEAL_VERSION "0.2.0"

/* Mark of a public function: the shared library exports it, and nothing
 * else. */
#define PEAL_API __attribute__((visibility("default")))
/* Mark of a function whose failure only its result tells: the compiler warns if
 * nobody looks at it. */
#define PEAL_MUST_CHECK __attribute__((warn_unused_result))
/* Mark of a function that takes a format and its arguments as printf does: the
 * compiler compares them. */
#define PEAL_PRINTF(fmt, args) __attribute__((format(printf, fmt, args)))

#ifdef __cplusplus
#define PEAL_OR_(value) = value
#else
/* What a member is in C++ if a row leaves it out; C needs no such word. */
#define PEAL_OR_(value)
#endif

/* The version of the library that is linked, as "major.minor.patch": it may be
 * another than PEAL_VERSION. Thread: pure. */
PEAL_API const char *peal_version(void);

/* -- slices ------------------------------------------------------------- */

/* A piece of somebody else's memory, passed by value; `ptr` may be NULL only if
 * `len` is 0. Text is UTF-8 and not terminated:
 *
 *   ptr --> | G | E | T |   | / | ...      the bytes go on behind the slice
 *           |<-- len -->|
 *
 * Where a function returns "NULL ptr if absent", absent and empty differ; where
 * that does not matter `len` 0 is enough to ask for. */
typedef struct peal_slice {
  const char *ptr; /* borrowed: valid as long as what it was cut from */
  size_t len;      /* bytes */
} peal_slice;

#ifdef __cplusplus
#define PEAL_S(literal) (peal_slice{"" literal, sizeof(literal) - 1})
#define PEAL_SFMT(slice)                                                       \
  static_cast<int>((slice).len), ((slice).len ? (slice).ptr : "")
#else
/* A slice of a string literal; NUL bytes inside count. */
#define PEAL_S(literal) ((peal_slice){"" literal, sizeof(literal) - 1})
/* For printf: "%.*s", PEAL_SFMT(slice). Printing ends at a NUL byte. */
#define PEAL_SFMT(slice) (int)(slice).len, ((slice).len ? (slice).ptr : "")
#endif

/* A slice of a terminated string; NULL gives the empty slice with a NULL ptr.
 * Thread: pure. */
PEAL_API peal_slice peal_slice_of(const char *text);
/* The same bytes? Empty ones are equal, whatever their ptr. Not for secrets:
 * how long it takes tells where they differ. Thread: pure. */
PEAL_API bool peal_slice_eq(peal_slice a, peal_slice b);
/* Compare with a terminated string; NULL is as "". Thread: pure. */
PEAL_API bool peal_slice_is(peal_slice a, const char *text);
/* The same, but ASCII letters match in either case (header names). Thread:
 * pure. */
PEAL_API bool peal_slice_is_nocase(peal_slice a, const char *text);
/* Does it begin with these bytes? Everything begins with "" and NULL. Thread:
 * pure. */
PEAL_API bool peal_slice_starts(peal_slice a, const char *prefix);

/* -- options ------------------------------------------------------------ */

/* For options whose 0 means "default": none, never, no limit. */
#define PEAL_OFF UINT32_MAX

/* -- errors ------------------------------------------------------------- */

/* What kind of error it is: what a switch asks for that has to decide what to
 * do and not what to print.
 *
 *   AGAIN    wait, go on           PEER      close, log at debug: anybody can
 *   CLOSED   clean up              LIMIT     less, later, or a larger ceiling
 *   USAGE    mend the program      SYSTEM    look at the machine
 *   MEMORY   drop this one, go on */
typedef enum peal_err_class {
  PEAL_CLASS_OK,     /* no error */
  PEAL_CLASS_AGAIN,  /* not an error: more bytes, or a later try */
  PEAL_CLASS_CLOSED, /* the other end is gone, or we closed */
  PEAL_CLASS_PEER,   /* the peer broke the protocol */
  PEAL_CLASS_USAGE,  /* the caller's mistake */
  PEAL_CLASS_LIMIT,  /* a ceiling was reached */
  PEAL_CLASS_SYSTEM, /* the operating system refused */
  PEAL_CLASS_MEMORY  /* memory is out, or its ceiling is reached */
} peal_err_class;

/* One line per error: name, number, class, message, WebSocket close code, HTTP
 * status (0: none applies). A number is never changed and never given to
 * another: a new error takes the next one. Those that callers meet, and where:
 *
 *   AGAIN        taken, but wait before the next (peal_http_answer_write)
 *   CLOSED       the socket, connection, worker or store has gone
 *   CANCELLED    the end of the run came first, or the answer was given first
 *   TIMEOUT      no acknowledgement, or no body, within its time
 *   NOMEM        memory is out; nothing was done
 *   USAGE        NULL, an argument out of range, too late (the server runs)
 *   EXISTS       a route, mount or row with this key is there already
 *   NOT_FOUND    no such folder (peal_web_static)
 *   RESERVED     names that Socket.IO itself uses: "connect" and kin (peal_on)
 *   OPTION       options that contradict each other
 *   PORT_IN_USE  somebody else listens there (peal_http_server_new)
 *   SYSTEM, NO_FILES, IO, STORE    what the system refused; the log says more
 *   TLS          files of certificates and keys (peal_tls_new)
 *   HOST, CONNECT, PROXY, TLS_PEER, CERT, ANSWER    why there is no connection
 *                (peal_client_on_connect_error): which step it was
 *   LIMIT        rooms, acknowledgements, what a client may make us hold
 *   QUEUE_FULL   of a client (peal_emit), between workers (peal_nsp_emit), an
 *                answer, a store
 *   DEPTH        values nested deeper than 128
 *   TOO_LONG     a result of the store over max_rows or max_result_bytes
 *
 * A caller that need not tell them apart asks for the class:
 *
 *   peal_err err = peal_emit(socket, "news", args);
 *   if (peal_err_class_of(err) == PEAL_CLASS_CLOSED)
 *     forget(socket);
 *   else if (err)
 *     complain(peal_err_message(err));
 *
 * From UTF8 on they say what a peer has done wrong, or too much of. They come
 * with the end of its socket (peal_on_disconnect), as the reason why there is
 * no body (peal_http_body_fn), from decoders (peal_doc_from_json), and in the
 * log. */
/* clang-format off */
#define PEAL_ERR_MAP(X)                                                        \
  X(AGAIN, -999, AGAIN, "more is needed", 0, 0)                                \
  X(CLOSED, -998, CLOSED, "closed", 1001, 0)                                   \
  X(CANCELLED, -997, CLOSED, "cancelled", 1001, 0)                             \
  X(TIMEOUT, -996, CLOSED, "timed out", 1001, 408)                             \
  X(NOMEM, -995, MEMORY, "out of memory", 1011, 503)                           \
  X(USAGE, -994, USAGE, "wrong argument or state", 0, 500)                     \
  X(EXISTS, -993, USAGE, "exists already", 0, 409)                             \
  X(NOT_FOUND, -992, USAGE, "not found", 0, 404)                               \
  X(RESERVED, -991, USAGE, "this event name is reserved", 0, 0)                \
  X(OPTION, -990, USAGE, "unknown or contradictory option", 0, 0)              \
  X(SYSTEM, -989, SYSTEM, "the system refused", 1011, 500)                     \
  X(PORT_IN_USE, -988, SYSTEM, "address already in use", 0, 0)                 \
  X(NO_FILES, -987, SYSTEM, "no file descriptor left", 0, 503)                 \
  X(IO, -986, SYSTEM, "input or output failed", 1011, 500)                     \
  X(STORE, -985, SYSTEM, "the store failed", 0, 500)                           \
  X(LIMIT, -984, LIMIT, "a limit was reached", 1008, 413)                      \
  X(QUEUE_FULL, -983, LIMIT, "the send queue is full", 1008, 503)              \
  X(DEPTH, -982, LIMIT, "nested too deeply", 1008, 400)                        \
  X(TOO_LONG, -981, LIMIT, "too long", 1009, 413)                              \
  X(UTF8, -980, PEER, "invalid UTF-8", 1007, 400)                              \
  X(JSON, -979, PEER, "invalid JSON", 1007, 400)                               \
  X(BASE64, -978, PEER, "invalid base64", 1007, 400)                           \
  X(HTTP_SYNTAX, -977, PEER, "malformed HTTP", 0, 400)                         \
  X(HTTP_METHOD, -976, PEER, "method not allowed", 0, 405)                     \
  X(HTTP_URI_LEN, -975, LIMIT, "request target too long", 0, 414)              \
  X(HTTP_HEAD_LEN, -974, LIMIT, "request head too large", 0, 431)              \
  X(HTTP_BODY_LEN, -973, LIMIT, "request body too large", 0, 413)              \
  X(HTTP_CODING, -972, PEER, "transfer coding not implemented", 0, 501)        \
  X(HTTP_VERSION, -971, PEER, "HTTP version not supported", 0, 505)            \
  X(HTTP_EXPECT, -970, PEER, "expectation failed", 0, 417)                     \
  X(WS_OPCODE, -969, PEER, "reserved WebSocket opcode", 1002, 0)               \
  X(WS_RSV, -968, PEER, "reserved WebSocket bit set", 1002, 0)                 \
  X(WS_MASK, -967, PEER, "WebSocket frame masked wrongly", 1002, 0)            \
  X(WS_LEN, -966, PEER, "WebSocket frame length malformed", 1002, 0)           \
  X(WS_CONTROL, -965, PEER, "WebSocket control frame malformed", 1002, 0)      \
  X(WS_FRAGMENT, -964, PEER, "WebSocket fragment out of order", 1002, 0)       \
  X(WS_CLOSE, -963, PEER, "WebSocket close frame malformed", 1002, 0)          \
  X(WS_TOO_BIG, -962, LIMIT, "WebSocket message too big", 1009, 0)             \
  X(EIO_PACKET, -961, PEER, "invalid Engine.IO packet", 0, 400)                \
  X(EIO_DIRECTION, -960, PEER, "invalid heartbeat direction", 0, 400)          \
  X(SIO_PACKET, -959, PEER, "invalid Socket.IO packet", 0, 400)                \
  X(SIO_PAYLOAD, -958, PEER, "invalid Socket.IO payload", 0, 400)              \
  X(SIO_ATTACHMENTS, -957, PEER, "illegal attachments", 0, 400)                \
  X(SIO_TOO_MANY, -956, LIMIT, "too many attachments", 0, 400)                 \
  X(SIO_STATE, -955, PEER, "Socket.IO packet out of order", 0, 400)            \
  X(SIO_RESERVED, -954, PEER, "reserved event name from a peer", 0, 400)       \
  X(TLS, -953, SYSTEM, "certificate or key cannot be used", 0, 500)            \
  X(HOST, -952, SYSTEM, "no such host", 0, 502)                                \
  X(CONNECT, -951, SYSTEM, "no connection could be made", 0, 502)              \
  X(PROXY, -950, SYSTEM, "the proxy makes no connection", 0, 502)              \
  X(TLS_PEER, -949, PEER, "no encryption could be agreed on", 0, 502)          \
  X(CERT, -948, PEER, "the certificate is not believed", 0, 502)               \
  X(ANSWER, -947, PEER, "the server answers otherwise than asked", 0, 502)     \
  X(REFUSED, -946, PEER, "the server has refused it", 0, 0)                    \
  X(WS_DEFLATE, -945, PEER, "compressed WebSocket message malformed", 1007, 0)

/* clang-format on */

/* An error as a number: 0 or negative, as above. */
typedef enum peal_err {
  PEAL_OK = 0, /* done */

#define PEAL_ERR_ENUM_(name, number, cls, msg, ws, http)                       \
  PEAL_ERR_##name = number,
  PEAL_ERR_MAP(PEAL_ERR_ENUM_)
#undef PEAL_ERR_ENUM_
} peal_err;

/* In words, for a log: constant text, lower case, no full stop; "ok" for
 * PEAL_OK, "unknown error" for a number that is none. Thread: pure. */
PEAL_API const char *peal_err_message(peal_err err);
/* The enum's name, "PEAL_ERR_NOMEM"; "PEAL_ERR_UNKNOWN" for a number that is
 * none. Constant text. Thread: pure. */
PEAL_API const char *peal_err_name(peal_err err);
/* Its class; PEAL_CLASS_USAGE for a number that is none. Thread: pure. */
PEAL_API peal_err_class peal_err_class_of(peal_err err);
/* The WebSocket close code that tells a peer of it, 0 if none. Thread: pure.
 * Spec: RFC6455 7.4.1. */
PEAL_API unsigned peal_err_ws_code(peal_err err);
/* The HTTP status that tells a peer of it, 0 if none. Thread: pure.
 * Spec: RFC9110 15. */
PEAL_API unsigned peal_err_http_status(peal_err err);

/* What was wrong, and where: filled by decoders through an optional pointer, on
 * failure only. */
typedef struct peal_err_info {
  peal_err code;   /* what the decoder returned */
  const char *msg; /* constant text, more exact than peal_err_message */
  size_t pos;      /* offset in the input where it was noticed */
} peal_err_info;

/* -- memory ------------------------------------------------------------- */

/* The allocator of an object and all it owns: an option of the objects that are
 * made first, handed down by them. Each worker keeps free lists in front of it,
 * so that it is called rarely once a server is warm. Several workers call it,
 * at the same time: it has to be safe for that.
 *
 * Each function may return NULL. `size` is never 0; to release NULL is a no-op.
 * Blocks are aligned for any object of pointers and integers, to 8 bytes at
 * least. The struct is borrowed for the life of every object made with it. */
typedef struct peal_mem {
  void *(*alloc)(void *user, size_t size); /* as malloc */
  /* As realloc: `ptr` may be NULL, and stays valid on failure. */
  void *(*resize)(void *user, void *ptr, size_t size);
  void (*release)(void *user, void *ptr); /* as free */
  void *user;                             /* the first argument of these */
} peal_mem;

/* malloc, realloc, free: what every object has if its options say nothing.
 * Thread: any. */
PEAL_API const peal_mem *peal_mem_libc(void);

/* -- shared bytes ------------------------------------------------------- */

/* Immutable bytes with a reference count: one copy of what goes to many.
 *
 *   peal_bytes_new --> 1 --_ref--> 2 --_unref--> 1 --_unref--> freed
 *
 * Who is given one and wants it beyond the call takes a reference of its own.
 * The count may be changed on any thread. */
typedef struct peal_bytes peal_bytes;

/* Make them from `data`, which is copied; empty ones are fine. The caller owns
 * one reference. Returns NULL if memory is out. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_bytes *peal_bytes_new(peal_slice data);
/* One reference more; returns `bytes`, which is not NULL. Thread: any. */
PEAL_API peal_bytes *peal_bytes_ref(peal_bytes *bytes);
/* Gives one reference back; with the last one they are freed. NULL is a no-op.
 * Thread: any. */
PEAL_API void peal_bytes_unref(peal_bytes *bytes);
/* What they are, borrowed: valid as long as a reference is held. `bytes` is not
 * NULL. Thread: any. */
PEAL_API peal_slice peal_bytes_slice(const peal_bytes *bytes);

/* -- log ---------------------------------------------------------------- */

/* How important a line is; as an option: what is told is this and all that is
 * more important. */
typedef enum peal_log_level {
  PEAL_LOG_DEFAULT,  /* as an option: info */
  PEAL_LOG_ERROR,    /* somebody has to do something */
  PEAL_LOG_WARN,     /* it goes on, but not as it should */
  PEAL_LOG_INFO,     /* what was begun and ended, the access log */
  PEAL_LOG_DEBUG,    /* also what peers do wrong: anybody can cause these */
  PEAL_LOG_OFF = 255 /* as an option: nothing */
} peal_log_level;

/* One line of the log. Everything is borrowed. What a peer has sent cannot end
 * a line or talk to a terminal: control characters and what is not UTF-8 are
 * `?`. */
typedef struct peal_log_record {
  peal_log_level level; /* error to debug, never default or off */
  const char *area;     /* "http", "engine", "server", "store", … */
  peal_slice text;      /* one line, no newline, at most 1023 bytes */
  peal_slice peer;      /* address of the peer concerned, or empty */
  peal_slice sid;       /* session or socket id concerned, or empty */
  int64_t time_ms;      /* wall clock, milliseconds since 1970 */
  peal_slice trace_id;  /* of the event that was being handled, in hex, or */
  peal_slice span_id;   /* empty: peal_trace_opts.ids of <peal/trace.h> */
} peal_log_record;

/*   worker -+
 *   worker -+-> lines of a kind  --> 256 KiB --> the log's  --> fn, or stderr
 *   store  -+   are summed up        at most     own thread
 */

/* Where log lines go, one call at a time: while workers run, from a thread of
 * the log's own, so that a slow log holds up nobody (256 KiB of lines may wait;
 * what does not fit is dropped, and a line says how many); before and after
 * the run, from the thread that has something to say. Of lines of one kind a
 * second brings five and one that counts the others, but for debug and the
 * access log. When the run ends, what waits is told for up to a second. What
 * the callback itself makes the library say is left out. The callback may
 * block; it has no worker (peal_worker_self is NULL) and must not touch a
 * worker's objects. Thread: any. */
typedef void (*peal_log_fn)(const peal_log_record *record, void *user);

/* How a record becomes a line. */
typedef enum peal_log_format {
  PEAL_LOG_TEXT, /* for people:
                    TIME warn http: the text peer=192.0.2.7 sid=… */
  PEAL_LOG_KEYS, /* key=value, as log collectors read it:
                    time=TIME level=warn area="http" peer="…" msg="the text" */
  PEAL_LOG_JSON  /* an object:
                    {"time":"TIME","level":"warn","area":"http","msg":"…"} */
} peal_log_format;

#define PEAL_LOG_LINE_MIN 1024u /* room that peal_log_line asks for */

/* Write a record as a line, with newline and terminator, into `out` of `cap`
 * bytes (at least PEAL_LOG_LINE_MIN; 4096 hold whatever the library says). Peer,
 * sid and ids are left out if they are empty. What does not fit is left out behind
 * a whole character, so that the line stays one and JSON stays JSON.
 * Returns its length without the terminator; 0 without record or room.
 * Thread: pure. */
PEAL_API size_t peal_log_line(char *out, size_t cap,
                              const peal_log_record *record,
                              peal_log_format format);

/* Options of the log, part of other options; {0}: info to stderr, as text. Who
 * makes the workers makes the log: what lives on workers that it is given has
 * theirs. Into a file that rotates: peal_logfile_new. */
typedef struct peal_log_opts {
  peal_log_fn fn;         /* NULL: lines to stderr */
  void *user;             /* its last argument */
  peal_log_level level;   /* default info */
  peal_log_format format; /* of the lines to stderr; default text */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[4];
} peal_log_opts;

#ifdef __cplusplus
}
#endif
