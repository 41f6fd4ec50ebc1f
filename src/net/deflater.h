/* SPDX-License-Identifier: MIT */
#pragma once
/* deflater: messages deflated and inflated by zlib, raw (RFC1951). A worker has
 * one inflater, and one deflater for each pair of window and options in use, for
 * all connections: they are made when the first message wants them.
 * In the flow: proto/ws_conn -> wire/deflate_verbs -> [deflater]. */
#include <peal/deflate.h>

#include "net/worker.h"
#include "wire/deflate_verbs.h"

/* What one owner (a server, an endpoint, a client) deflates with on a worker.
 */
typedef struct peal_deflater {
  peal_deflate_verbs verbs;
  peal_worker *worker;
  uint8_t level, mem_level;
} peal_deflater;

/* `worker` is borrowed for as long as verbs are called, and it does not move:
 * the verbs point to it. Nothing has to be given back. */
void peal_deflater_init(peal_deflater *deflater, peal_worker *worker,
                        const peal_deflate_opts *opts);
/* What the worker's owners have used. */
void peal_deflater_free_all(peal_worker *worker);
