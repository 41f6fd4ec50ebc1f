/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_sim_socket: the socket of one device: an event at a time, with its
 * acknowledgement as an answer. */
#include <peal/client.h>

#include "kit/kit_sim_net.h"

typedef struct peal_kit_sim_socket peal_kit_sim_socket;

/* On `worker`, which is stepped by this thread. NULL: out of memory, or no such
 * URL. */
peal_kit_sim_socket *peal_kit_sim_socket_new(const peal_kit_sim_opts *opts,
                                             peal_worker *worker,
                                             const char *device_id,
                                             peal_kit_sim_net_done done,
                                             void *user);
void peal_kit_sim_socket_free(peal_kit_sim_socket *socket);
/* Emit the job, whose body is JSON. False: it cannot be sent; there is no
 * answer then. The answer may come inside. */
bool peal_kit_sim_socket_send(peal_kit_sim_socket *socket,
                              const peal_kit_sim_job *job);
