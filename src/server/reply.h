/* SPDX-License-Identifier: MIT */
#pragma once
/* reply: an acknowledgement that is given after the handler has returned, from
 * any thread. It finds its socket again by id, which may have gone; a second
 * answer finds a ticket that was used. */
#include <stdatomic.h>

#include "base/ticket_pool.h"
#include "server/server_impl.h"

struct peal_reply {
  peal_ticket ticket; /* in its worker's pool, which that alone touches */
  peal_mail mail;
  peal_nsp *nsp;
  peal_worker *worker;
  peal_doc *doc; /* the arguments, when they cross threads */
  uint64_t id;
  char socket_id[21];
  atomic_bool answered;
};
