/* SPDX-License-Identifier: MIT */
#pragma once
/* uplink: the way to the backend: a client on a thread of its own, and the spool
 * that results wait in until the backend has said that they are stored.
 *
 *   result --> spool (disk) --> sludge-data, acknowledged or sent again
 *   height -------------------> sludge-height-update, or nothing
 *
 * No function waits for the network. */
#include <stdatomic.h>
#include <stdint.h>

#include <peal/client.h>
#include <peal/outbox.h>

#include "options.h"

typedef struct uplink {
  const options *opts;
  peal_client *client;
  peal_client_nsp *nsp;
  peal_outbox *outbox; /* NULL: without a spool (--self-test) */
  char refused[4096];  /* path of what the backend will never take */
  atomic_bool is_connected;
  atomic_bool was_refused; /* the backend said no to the connection */
  atomic_uint delivered;   /* results, or given up */
  atomic_uint given_up;    /* of these */
  char reason[1024];       /* why the one that is given up was refused */
  int64_t try_at_ms;       /* join again, after a refusal; monotonic */
  uint32_t wait_ms;
  bool was_told; /* that there is no connection */
} uplink;

/* Make the client, open the spool, begin to connect. `opts` is borrowed for its
 * life. False: a line on stderr says why. */
bool uplink_open(uplink *up, const options *opts, bool has_spool);
/* What is under way may finish for a moment; the spool stays. */
void uplink_close(uplink *up);
/* Put a result into the spool. False: the disk did not take it. */
bool uplink_result(uplink *up, peal_val result, const char *test_id, int t_min);
/* Where the sludge stands now: of no worth later, so it is not kept. */
void uplink_height(uplink *up, const char *test_id, int64_t t_s, double mm);
/* Once a second or so: what the backend has refused is asked again. */
void uplink_tick(uplink *up, int64_t now_ms);
/* How many results are not acknowledged. */
uint64_t uplink_pending(const uplink *up);
