/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_machine: a Socket.IO client's machine in virtual time, and what it says as
 * words:
 *
 *   >2["a"] >(3)       SEND: a text, an attachment of three bytes
 *   dial0 hangup ask:/ open error:CLOSED closed:left wait1:1000 attempt1
 *   reconnect_error1:CLOSED failed1 reconnected1 dropped1
 *   connect:/ (recovered: connect!:/) refused:/{…} connect_error:/:TIMEOUT
 *   disconnect:/:lost event:/["a"] (with an id: event:/#7["a"])
 *   ack:tag["ok"] ack:tag:TIMEOUT */
#include "proto/sio_client.h"

typedef struct sio_machine sio_machine;
/* What is done while an event is acted on, besides saying it. */
typedef void (*sio_machine_hook)(sio_machine *m,
                                 const peal_sio_client_event *event);

struct sio_machine {
  peal_sio_client *client; /* in a block of its own; NULL: freed */
  peal_sio_client_opts opts;
  peal_account account;
  peal_arena arena;
  uint64_t now;
  peal_sio_client_nsp *root; /* "/" */
  sio_machine_hook hook;
  peal_val auth;      /* the answer to each question */
  bool auth_later;    /* it is not answered */
  uint32_t ask;       /* the last question */
  peal_sio_link link; /* of the last event */
  peal_err out_of;    /* what a verb that may fail said in a torture */
  size_t len;
  char log[65536];
};

/* opts.conn.client and, without jitter, the delays are set; begins. */
void sio_machine_begin(sio_machine *m);
/* The same with memory that may fail. Returns whether it has begun. */
bool sio_machine_begin_with(sio_machine *m, const peal_mem *mem);
void sio_machine_end(sio_machine *m);
/* Says all that there is to be said. */
void sio_machine_run(sio_machine *m);
/* What was said since the last time. */
void sio_machine_expect(sio_machine *m, const char *words);
void sio_machine_forget(sio_machine *m);

/* Each with a _run behind it. */
void sio_machine_open(sio_machine *m);
void sio_machine_connect(sio_machine *m, const char *nsp);
void sio_machine_leave(sio_machine *m, const char *nsp);
void sio_machine_opened(sio_machine *m);
void sio_machine_closed(sio_machine *m, peal_client_reason reason,
                        peal_err err);
void sio_machine_text(sio_machine *m, const char *text);
void sio_machine_binary(sio_machine *m, peal_slice data);
void sio_machine_wait(sio_machine *m, uint64_t ms);
peal_err sio_machine_emit(sio_machine *m, const char *nsp, const char *event);
/* `tag` (NULL: no acknowledgement) names it in the log. */
peal_err sio_machine_emit_with(sio_machine *m, const char *nsp,
                               const char *event, const char *tag,
                               const peal_sio_client_emit *how);
peal_sio_client_nsp *sio_machine_of(sio_machine *m, const char *nsp);
/* connect, opened, CONNECT accepted; says nothing. */
void sio_machine_online(sio_machine *m);
