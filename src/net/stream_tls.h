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

/* A parcel for an accepted descriptor; `fd` and `ssl` are taken, and closed if
 * memory is out: false. Thread: any. */
PEAL_MUST_CHECK bool peal_stream_tls_parcel(peal_stream_parcel *out, int fd,
                                            SSL *ssl);
/* Frees what a worker has for it. */
void peal_stream_tls_worker_deinit(peal_worker *worker);
