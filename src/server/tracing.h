/* SPDX-License-Identifier: MIT */
#pragma once
/* tracing: events one by one, to whoever asked for them (<peal/trace.h>): a
 * function, the log; and the ids that they are followed by. Nothing of it runs
 * unless the server is odd (PEAL_ODD_TRACE). */
#include <peal/trace.h>

#include "events/event.h"
#include "net/span.h"
#include "proto/eio_queue.h"
#include "server/server_impl.h"

/* An event that is being handled; on the stack. */
typedef struct peal_tracing_event {
  uint64_t began_ns;
  peal_traceparent span;
  char parent_id[17];
  const peal_traceparent *outer;
} peal_tracing_event;

/* Its handlers are about to run. */
void peal_tracing_begin(peal_tracing_event *it, const peal_socket *socket,
                        const peal_event *event);
/* They have; one that waits in its middleware is told when it goes on. */
void peal_tracing_end(peal_tracing_event *it, const peal_socket *socket,
                      const peal_event *event);
/* An acknowledgement has come from this socket. */
void peal_tracing_ack(const peal_socket *socket, peal_args args, size_t bytes);
/* It joins or leaves, or is made to. What a client says as `auth` stays here. */
void peal_tracing_link(const peal_socket *socket, peal_trace_way way,
                       peal_trace_kind kind);
/* This socket was sent it. */
void peal_tracing_out(const peal_socket *socket, const peal_eio_item *item);
/* What the environment asks for. */
void peal_tracing_from_env(peal_server *server);
void peal_tracing_free(peal_server *server);

static inline bool peal_tracing_is_on(const peal_socket *socket) {
  return (atomic_load_explicit(&socket->local->home->odd,
                               memory_order_acquire) &
          PEAL_ODD_TRACE) != 0;
}
