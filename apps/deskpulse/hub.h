/* SPDX-License-Identifier: MIT */
#pragma once
/* hub: one picture to everybody who watches. It is written once for each form
 * that somebody wants, and shared by all of them; what still waits for a viewer
 * is replaced by the next one. So each gets the latest that his line carries,
 * and nobody waits for another.
 *
 *   "posture_update"  the JPEG in base64: pages of old
 *   "posture_frame"   the JPEG as an attachment: auth {"frames": "binary"} */
#include "desk.h"
#include "posture.h"
#include "source.h"

typedef struct hub hub;

/* NULL: out of memory. */
hub *hub_new(desk *app);
void hub_free(hub *h);

/* A socket has connected: it watches in the form that it asked for, until it
 * ends. The hub takes its user pointer. On its worker. */
PEAL_MUST_CHECK peal_err hub_join(hub *h, peal_socket *socket);
/* How many watch. Thread: any. */
uint64_t hub_viewers(const hub *h);
/* How many pictures were shown, and how many of them were written in one form
 * or the other. Thread: any. */
uint64_t hub_shown(const hub *h);
uint64_t hub_written(const hub *h);

/* Show it to all. On worker 0. */
void hub_show(hub *h, const source_frame *frame,
              const posture_verdict *verdict);
