/* SPDX-License-Identifier: MIT */
#pragma once
/* chat: the conversation of each person with the assistant: what is asked is
 * stored, then acknowledged, then answered, one question after the other.
 *
 *   any worker                worker 0                         any worker
 *   send_message --post--> chat_desk: budget, store --ack-->   the asker
 *                             |  message {role user} ------->  other tabs
 *                             v
 *                          chat_answer: vitals, context, model or responder
 *                             |  message_delta ... message -->  all tabs
 *                             v
 *                          store
 *
 * A question and its answer are one exchange N: their ids are 2N and 2N + 1, so
 * the id of an answer is known before its first word, and it stands behind its
 * question whenever it comes. All state that moves is worker 0's.
 *
 * Events: send_message {message, key?}, cancel_message {id}, retry_message
 * {id}, get_conversation_history {cursor?, limit?}, clear_conversation;
 * README.md of its pages has their fields. */
#include <peal/web.h>
#include <peal/worker.h>

#include "chat_settings.h"

struct care;
struct chat;

/* The tables, text for the application's migrations. */
extern const char chat_schema[];

/* The chat, with the store open and before the run: questions that a run before
 * this one left without an answer are marked as failed. NULL if memory is out,
 * or the store fails. `app` and `conf` are borrowed for life. */
struct chat *chat_new(struct care *app, const chat_settings *conf);
/* Its events on the default namespace and GET /api/conversations; the routes and
 * sockets have been through the application's checks. */
PEAL_MUST_CHECK peal_err chat_register(struct chat *chat);
/* On worker 0, at the stop: what is being written ends as failed, in the store,
 * too; nothing new begins. */
void chat_on_stop(struct chat *chat);
/* After the run and after the store has been closed. */
void chat_free(struct chat *chat);

/* For /health: is the model well? "ok", or words of what is wrong: static text.
 * Thread: any. */
const char *chat_model_health(const struct chat *chat);
/* Questions and answers since the start. Thread: any. */
void chat_metrics(struct chat *chat, peal_web_metrics_out *out);
