/* SPDX-License-Identifier: MIT */
#pragma once
/* house_run: the run of an application: what it does at the start, every
 * second, and at the stop. */
#include "house.h"

typedef struct house_turns {
  void (*on_start)(void *user);                          /* on worker 0 */
  void (*on_second)(void *user);                         /* on worker 0 */
  void (*on_stop)(void *user);                           /* on worker 0 */
  void (*on_stop_each)(peal_worker *worker, void *user); /* on every one */
  void *user;
} house_turns;

/* Run until a signal; the URLs are said when it is ready. Any of `turns`
 * (borrowed) may be NULL. Returns the exit code. */
int house_run(house *h, const house_turns *turns);

/* The event `request` {"type":"ping"}, by which pages measure the round trip; a
 * peal_event_fn. */
void house_on_request(peal_socket *socket, const peal_event *event, void *user);
/* connection_response, by which pages know the server's clock. */
PEAL_MUST_CHECK peal_err house_greet(peal_socket *socket);
