/* SPDX-License-Identifier: MIT */
#pragma once
/* stream_tls: a stream's transport over TLS. OpenSSL sees no socket: cipher
 * text is read from the kernel once per wake-up and written once, through
 * buffers of the worker that idle connections do not own.
 *
 *   kernel -> worker's buffer -> SSL_read  -> the stream
 *   kernel <- worker's buffer <- SSL_write <- the stream
 *                `-> what the kernel does not take waits in `held`
 *
 * What has been encrypted has been taken: it leaves as it is, and before
 * anything else. */
#include "net/stream_verbs.h"
#include "net/tls.h"

extern const peal_stream_verbs peal_stream_tls;

/* A parcel for a descriptor and one end of TLS, either role; `fd` and `ssl`
 * (NULL: memory is out) are taken, and closed if memory is out: false.
 * Thread: any. */
PEAL_MUST_CHECK bool peal_stream_tls_parcel(peal_stream_parcel *out, int fd,
                                            SSL *ssl);
/* The same over what a parcel has, which may be TLS itself (a proxy's); it
 * belongs to no worker. */
PEAL_MUST_CHECK bool peal_stream_tls_over(peal_stream_parcel *parcel, SSL *ssl);
/* Go on with the handshake of a parcel that is attached to a worker, reading
 * nothing behind it. Returns 0: it is done; -EAGAIN: when the descriptor is
 * ready (the verb `wants`); otherwise it has failed, -EPROTO with OpenSSL's
 * error in *why. */
int peal_stream_tls_shake(const peal_stream_parcel *parcel, unsigned long *why);
/* As the verb `recv`, but nothing is read that is not asked for: the rest can be
 * another's. */
ptrdiff_t peal_stream_tls_recv(const peal_stream_parcel *parcel, char *out,
                               size_t cap);
/* Borrowed; NULL: it is not encrypted. */
SSL *peal_stream_tls_ssl(const peal_stream_parcel *parcel);
/* Frees what a worker has for it. */
void peal_stream_tls_worker_deinit(peal_worker *worker);
