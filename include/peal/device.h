/* SPDX-License-Identifier: MIT */
#pragma once
/* device: a Socket.IO client for small devices: the machines of the client
 * library alone, without an operating system. It has no socket, clock, dice and
 * allocator of its own: bytes are carried by the program, time and dice are
 * arguments, and all memory it ever uses is one block that is handed in. One
 * namespace over one WebSocket; acknowledgements, binary, reconnection as
 * <peal/client.h>.
 *
 *   static char memory[24 * 1024];
 *   peal_device *device;
 *   peal_device_new(&device, memory, sizeof memory, &opts, now());
 *   for (;;) {
 *     peal_device_event event;
 *     while (peal_device_next(device, now(), &event))
 *       act_on(&event);                   DIAL, HANGUP, and what has come
 *     peal_slice out = peal_device_pull(device, now());
 *     if (out.len)
 *       peal_device_sent(device, write_some(out), now());
 *     wait_until(readable, or writable if out.len, or peal_device_deadline);
 *     if (came)
 *       peal_device_feed(device, bytes, count, now());
 *   }
 *
 * It stands in a library of its own, libpeal_device.a, which is compiled for
 * size and needs nothing but memcpy and kin. The connection under it is the
 * program's: TCP, TLS of the board's library, a modem.
 *
 * Not for use by several threads at a time; none of its functions blocks, or
 * calls what the program gave it but `random` and `sha1`. Without a device
 * (NULL) nothing happens: the result is PEAL_ERR_USAGE, false, 0, empty, or for
 * a deadline UINT64_MAX.
 *
 * Example: examples/device/main.c */
#include <peal/base.h>
#include <peal/val.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The client; it lies in the block that was handed in. */
typedef struct peal_device peal_device;

/* Options; `host` and `random` are needed. Strings are borrowed for life. */
typedef struct peal_device_opts {
  const char *host;  /* the Host field: "example.com" or "10.0.0.1:3000" */
  const char *path;  /* of the endpoint; default "/socket.io/" */
  const char *query; /* "key=value&…", percent-encoded; NULL: none */
  const char *lines; /* more fields of the request: "Name: value\r\n…" */
  const char *nsp;   /* default "/" */
  peal_val auth;     /* sent with CONNECT, an object; with all that is in it
                        borrowed for life. undefined (or null): none */
  /* 32 bits that nobody can foresee: they mask what is sent (RFC6455 10.3). */
  uint32_t (*random)(void *user);
  /* SHA-1 of `len` bytes, to check that who answers speaks WebSocket; NULL: it
   * is believed. */
  void (*sha1)(unsigned char out[20], const void *data, size_t len, void *user);
  void *user; /* the last argument of both */

  bool no_reconnection;
  uint32_t reconnection_delay_ms;     /* default 1000, doubling */
  uint32_t reconnection_delay_max_ms; /* default 5000 */
  uint32_t timeout_ms;      /* of an attempt to connect; default 20000 */
  size_t max_payload_bytes; /* of a message that comes; default 8192 */
  size_t max_queue_bytes;   /* of what waits to be sent; default 8192 */
  /* 0: for what comes (docs/abi.md). */
  uintptr_t reserved[8];
} peal_device_opts;

typedef enum peal_device_event_type {
  PEAL_DEVICE_DIAL,          /* connect to the host, then tell it by
                         peal_device_opened or peal_device_closed */
  PEAL_DEVICE_HANGUP,        /* close the connection; nothing is to be told */
  PEAL_DEVICE_CONNECTED,     /* the namespace is joined */
  PEAL_DEVICE_DISCONNECTED,  /* `err` says why; it reconnects by itself, unless
                                the server sent it away */
  PEAL_DEVICE_CONNECT_ERROR, /* no connection (`err`), or refused: `args` has
                                what the server said */
  PEAL_DEVICE_EVENT,         /* `name`, `args`, `wants_ack` */
  PEAL_DEVICE_ANSWER /* to peal_device_emit_ack: `token`, `err` (PEAL_OK,
                        PEAL_ERR_TIMEOUT, PEAL_ERR_CLOSED), `args` */
} peal_device_event_type;

/* Borrowed until the next call of peal_device_next. */
typedef struct peal_device_event {
  peal_device_event_type type;
  peal_err err;
  peal_slice name;
  peal_args args;
  bool wants_ack; /* by peal_device_ack, until the next peal_device_next */
  void *token;
} peal_device_event;

/* Make one inside of `memory` (borrowed for life, `bytes` of them; 16 KiB and
 * twice max_payload_bytes are a good start) and begin to connect. Copies `opts`
 * without its strings.
 * Returns: PEAL_OK; PEAL_ERR_USAGE; PEAL_ERR_OPTION; PEAL_ERR_NOMEM: the block
 * is too small. Thread: any. */
PEAL_API PEAL_MUST_CHECK peal_err peal_device_new(peal_device **out,
                                                  void *memory, size_t bytes,
                                                  const peal_device_opts *opts,
                                                  uint64_t now_ms);
/* Nothing is said to the server (peal_device_stop does). The block is the
 * caller's again. Thread: any. */
PEAL_API void peal_device_free(peal_device *device);
/* What is to be done and what has happened, one at a time, until false.
 * Thread: any. */
PEAL_API bool peal_device_next(peal_device *device, uint64_t now_ms,
                               peal_device_event *event);
/* When peal_device_next wants to be asked again if nothing comes; UINT64_MAX:
 * never. Thread: any. */
PEAL_API uint64_t peal_device_deadline(const peal_device *device);

/* The connection of the last DIAL is open. Thread: any. */
PEAL_API void peal_device_opened(peal_device *device, uint64_t now_ms);
/* It could not be made, or has gone. Thread: any. */
PEAL_API void peal_device_closed(peal_device *device, peal_err err,
                                 uint64_t now_ms);
/* Bytes that came by it: lent, and written to, until peal_device_next has said
 * false, which it is asked for behind each. Thread: any. */
PEAL_API void peal_device_feed(peal_device *device, char *data, size_t len,
                               uint64_t now_ms);
/* Bytes to be written to it, borrowed until the next call of a function of the
 * device; empty if there are none now. Thread: any. */
PEAL_API peal_slice peal_device_pull(peal_device *device, uint64_t now_ms);
/* `len` of them have been written. Thread: any. */
PEAL_API void peal_device_sent(peal_device *device, size_t len,
                               uint64_t now_ms);

/* Emit; encoded at once. While there is no connection it waits for one.
 * Returns: PEAL_OK, PEAL_ERR_RESERVED, PEAL_ERR_DEPTH, PEAL_ERR_LIMIT,
 * PEAL_ERR_QUEUE_FULL, PEAL_ERR_NOMEM. Thread: any. */
PEAL_API peal_err peal_device_emit(peal_device *device, const char *event,
                                   peal_args args, uint64_t now_ms);
/* The same, and an ANSWER with this token comes, exactly once, within
 * `timeout_ms` (0: no limit, the end of the connection ends it). Thread:
 * any. */
PEAL_API peal_err peal_device_emit_ack(peal_device *device, const char *event,
                                       peal_args args, uint32_t timeout_ms,
                                       void *token, uint64_t now_ms);
/* Acknowledge the EVENT that was told last. Thread: any. */
PEAL_API peal_err peal_device_ack(peal_device *device, peal_args args);
/* Leave the namespace and hang up: HANGUP comes when what was emitted has been
 * pulled. Nothing reconnects. Thread: any. */
PEAL_API void peal_device_stop(peal_device *device, uint64_t now_ms);

/* The id that the server gave; empty while it is not connected. Thread: any. */
PEAL_API peal_slice peal_device_id(const peal_device *device);
/* How much of the block has been in use at one time, at most. Thread: any. */
PEAL_API size_t peal_device_most_bytes(const peal_device *device);

#ifdef __cplusplus
}
#endif
