/* SPDX-License-Identifier: MIT */
#pragma once
/* answer: what somebody is to be told who asked by HTTP, by an event with an
 * acknowledgement, or by one without. To be given once, from any thread. */
#include <peal/handle.h>
#include <peal/server.h>
#include <peal/web.h>

typedef struct answer answer;

/* Defers the request. NULL: memory is out, and that has been answered. */
PEAL_MUST_CHECK answer *answer_of_request(peal_http_req *req);
/* The same for an event. Who wants no acknowledgement hears what went wrong by
 * the event `error` {"message"}. */
PEAL_MUST_CHECK answer *answer_of_event(peal_socket *socket,
                                        const peal_event *event);

/* Each takes `to`. Thread: any. */

/* {"status":"success"} and the members of `more` (an object, or undefined). */
void answer_success(answer *to, peal_val more);
/* {"status":"error","message","field"}; texts are borrowed, `field` may be
 * NULL. */
void answer_error(answer *to, unsigned status, const char *message,
                  const char *field);
