/* SPDX-License-Identifier: MIT */
#pragma once
/* tcp: one accepted or connected stream of bytes on a worker. Reads go into
 * the worker's one buffer; writes are pulled from the owner once per turn and
 * leave in one system call.
 * In the flow: the kernel -> [tcp] -> http/, engine/ transports. */
#include <peal/base.h>

#include "base/iovs.h"
#include "net/worker_impl.h"

typedef struct peal_tcp peal_tcp;

typedef struct peal_tcp_callbacks {
  /* `data` lies in the worker's buffer: it may be written to, and is gone
   * when the callback returns. */
  void (*on_read)(peal_tcp *tcp, char *data, size_t len, void *user);
  /* The peer has closed its direction; what we still have may be written.
   * NULL: the connection is closed with PEAL_ERR_CLOSED. */
  void (*on_end)(peal_tcp *tcp, void *user);
  /* Fill `out` with what waits; nothing added means nothing waits. */
  void (*on_pull)(peal_tcp *tcp, peal_iovs *out, void *user);
  /* `len` bytes of what was pulled have left (0 is never told). May queue
   * more and may close. */
  void (*on_sent)(peal_tcp *tcp, size_t len, void *user);
  /* Exactly once and last, never from inside a function called by the owner
   * (it comes when the current callback has returned, or at the end of the
   * turn). `err` is why: PEAL_OK if finished or closed by us without error. */
  void (*on_close)(peal_tcp *tcp, peal_err err, void *user);
} peal_tcp_callbacks;

/* Take an open, non-blocking socket (taken; closed on failure). Reading
 * starts. Returns NULL if memory is out, the loop refuses or the worker is
 * ending. */
PEAL_MUST_CHECK peal_tcp *peal_tcp_adopt(peal_worker *worker, int fd,
                                         const peal_tcp_callbacks *callbacks,
                                         void *user);
/* Another owner from now on (protocol upgrade). */
void peal_tcp_set_owner(peal_tcp *tcp, const peal_tcp_callbacks *callbacks,
                        void *user);
/* Give the descriptor up without closing it: the tcp is gone (no on_close).
 * Nothing may be waiting to be sent. Used to hand a connection to another
 * worker. */
int peal_tcp_release(peal_tcp *tcp);
/* There is something to pull: it leaves at the end of the turn. */
void peal_tcp_flush(peal_tcp *tcp);
/* Stop and start reading (backpressure). A peer that goes away is noticed
 * all the same. */
void peal_tcp_pause(peal_tcp *tcp);
void peal_tcp_resume(peal_tcp *tcp);
/* Write what waits, then send FIN, read and drop what comes for up to 1 s (so
 * that no reset overtakes our last bytes), then close with PEAL_OK. */
void peal_tcp_finish(peal_tcp *tcp);
/* Close now; what waits is lost. */
void peal_tcp_close(peal_tcp *tcp, peal_err err);
/* Close now with a reset (hostile peers). */
void peal_tcp_reset(peal_tcp *tcp, peal_err err);
bool peal_tcp_is_closing(const peal_tcp *tcp);
/* True while the kernel does not take more. */
bool peal_tcp_is_blocked(const peal_tcp *tcp);
peal_worker *peal_tcp_worker(const peal_tcp *tcp);
/* "127.0.0.1" / "::1" (IPv4-mapped as IPv4), terminated; returns its length.
 * `out` has PEAL_TCP_ADDRESS_MAX bytes. Asked from the kernel. */
#define PEAL_TCP_ADDRESS_MAX 64u
size_t peal_tcp_peer(const peal_tcp *tcp, char *out, uint16_t *port);
/* Milliseconds (worker's now) of the last byte in or out. */
uint64_t peal_tcp_last_progress_ms(const peal_tcp *tcp);
/* Bytes that the kernel has taken and the peer has not acknowledged: they
 * shrink while a slow peer reads, long before the kernel takes more. */
size_t peal_tcp_unacked(const peal_tcp *tcp);
/* A number of the owner's that stays with the connection when the owner
 * changes (http/ keeps its account of the address there). */
void peal_tcp_set_tag(peal_tcp *tcp, uint32_t tag);
uint32_t peal_tcp_tag(const peal_tcp *tcp);
/* The worker's: epoll's events have come for a watched peal_tcp. */
void peal_tcp_ready(void *tcp, uint32_t events);
/* Close all connections of a worker. */
void peal_tcp_close_all(peal_worker *worker, peal_err err);

/* An address in the form that the kernel gives: IPv4 is mapped (RFC4291
 * 2.5.5.2). {0} is unknown. */
typedef struct peal_tcp_address {
  uint8_t ip[16];
  uint16_t port;
  bool known;
} peal_tcp_address;

struct sockaddr;
peal_tcp_address peal_tcp_address_of(const struct sockaddr *from);
/* As peal_tcp_peer. */
size_t peal_tcp_address_text(const peal_tcp_address *address, char *out);
