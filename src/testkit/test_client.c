/* SPDX-License-Identifier: MIT */
/* test_client: a client of a server under test: it comes, speaks, goes. */
#include <string.h>

#include "base/mem.h"
#include "base/reserved.h"
#include "client/client_engine.h"
#include "client/client_impl.h"
#include "net/stream_core.h"
#include "proto/message.h"
#include "testkit/test_impl.h"

#define URL "http://" PEAL_TEST_HOST

/* -- its namespaces -------------------------------------------------------- */

static peal_test_space *space_of(const peal_test_client *client,
                                 const char *name) {
  peal_test_space *at = client ? client->spaces : NULL;
  for (; at; at = at->next) {
    const char *own = peal_client_nsp_name(at->nsp);
    if (name ? strcmp(own, name) == 0 || strcmp(own + 1, name) == 0 : !at->next)
      return at;
  }
  return NULL;
}

static void on_connect(peal_client_nsp *nsp, void *user) {
  peal_test_space *space = user;
  const char *id = peal_client_id(nsp);
  size_t len = strlen(id);
  if (len >= sizeof(space->id))
    len = sizeof(space->id) - 1;
  memcpy(space->id, id, len);
  space->id[len] = '\0';
  space->is_refused = false;
}

static void on_refused(peal_client_nsp *nsp, const peal_client_problem *problem,
                       void *user) {
  peal_test_space *space = user;
  (void)nsp;
  peal_doc_free(space->data);
  space->data = peal_doc_new(problem->data);
  space->problem = *problem;
  space->problem.data = peal_doc_val(space->data);
  space->is_refused = true;
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  peal_test_space *space = user;
  (void)nsp, (void)err;
  space->id[0] = '\0';
  space->was_left = true;
  space->reason = reason;
}

static peal_err listen_in(peal_test_space *space) {
  peal_client_nsp *nsp = space->nsp;
  peal_err err = peal_client_on_any(nsp, peal_test_inbox_add, space);
  if (!err)
    err = peal_client_on_connect(nsp, on_connect, space);
  if (!err)
    err = peal_client_on_connect_error(nsp, on_refused, space);
  if (!err)
    err = peal_client_on_disconnect(nsp, on_disconnect, space);
  return err;
}

/* The space, made if new; NULL if memory is out, or that is no name. */
static peal_test_space *make_space(peal_test_client *client, const char *name) {
  peal_test_space *space = space_of(client, name);
  if (space && name)
    return space;
  space = peal_mem_zalloc(peal_mem_libc(), sizeof(*space));
  if (!space)
    return NULL;
  space->client = client;
  space->nsp = peal_client_of(client->client, name);
  if (!space->nsp || listen_in(space)) {
    peal_mem_free(peal_mem_libc(), space);
    return NULL;
  }
  space->next = client->spaces;
  client->spaces = space;
  return space;
}

static peal_err fate_of(const peal_test_space *space) {
  if (peal_client_is_connected(space->nsp))
    return PEAL_OK;
  if (space->is_refused)
    return space->problem.err ? space->problem.err : PEAL_ERR_REFUSED;
  return peal_client_is_active(space->nsp) ? PEAL_ERR_AGAIN : PEAL_ERR_CLOSED;
}

/* -- coming and going ------------------------------------------------------ */

static peal_client_opts opts_of(const peal_test *test,
                                const peal_test_opts *opts) {
  return (peal_client_opts){.url = URL,
                            .path = opts->path,
                            .worker = test->worker,
                            .transports = opts->transports,
                            .no_auto_connect = true,
                            .no_reconnection = !opts->reconnects,
                            .proxy = "",
                            .headers = opts->headers,
                            .header_count = opts->header_count,
                            .query = opts->query,
                            .query_count = opts->query_count,
                            .deflate = opts->deflate,
                            .parser = opts->parser,
                            .eio3 = opts->eio3};
}

static peal_err join(peal_test_client *client, const char *nsp, peal_val auth) {
  peal_test_space *space = make_space(client, nsp);
  if (!space)
    return PEAL_ERR_NOMEM;
  space->is_refused = false;
  peal_err err = peal_client_set_auth(space->nsp, auth);
  if (!err)
    err = peal_client_connect(space->nsp);
  if (!err)
    err = peal_test_settle(client->test);
  return err ? err : fate_of(space);
}

peal_test_client *peal_test_connect(peal_test *test,
                                    const peal_test_opts *opts) {
  static const peal_test_opts defaults;
  if (!opts)
    opts = &defaults;
  if (!test || !PEAL_RESERVED_IS_KNOWN(opts))
    return NULL;
  peal_test_client *client = peal_mem_zalloc(peal_mem_libc(), sizeof(*client));
  if (!client)
    return NULL;
  client->test = test;
  client->answer_err = PEAL_ERR_USAGE;
  peal_list_init(&client->node);
  peal_list_push(&test->clients, &client->node);
  peal_client_opts how = opts_of(test, opts);
  if (!peal_client_new(&client->client, &how, NULL)) {
    (void)join(client, opts->nsp ? opts->nsp : "/", opts->auth);
    if (client->spaces)
      return client;
  }
  peal_test_client_free(client);
  return NULL;
}

peal_err peal_test_join(peal_test_client *client, const char *nsp,
                        peal_val auth) {
  if (!client)
    return PEAL_ERR_USAGE;
  return join(client,
              nsp ? nsp : peal_client_nsp_name(space_of(client, NULL)->nsp),
              auth);
}

void peal_test_leave(peal_test_client *client, const char *nsp) {
  peal_test_space *space = space_of(client, nsp);
  if (!space)
    return;
  peal_client_leave(space->nsp);
  (void)peal_test_settle(client->test);
}

void peal_test_disconnect(peal_test_client *client) {
  if (!client)
    return;
  peal_client_close(client->client);
  (void)peal_test_settle(client->test);
}

peal_err peal_test_reconnect(peal_test_client *client) {
  if (!client)
    return PEAL_ERR_USAGE;
  peal_err err = peal_client_open(client->client);
  if (!err)
    err = peal_test_settle(client->test);
  return err ? err : fate_of(space_of(client, NULL));
}

static void free_client(peal_worker *worker, void *user) {
  (void)worker;
  peal_client_free(user);
}

/* On its worker, or anywhere when that has ended. */
static void end_client(peal_test_client *client) {
  peal_worker *worker = client->test->worker;
  if (peal_worker_post(worker, free_client, client->client) == PEAL_OK)
    (void)peal_test_settle(client->test);
  else
    peal_client_free(client->client);
}

void peal_test_client_free(peal_test_client *client) {
  if (!client)
    return;
  peal_test_clear(client);
  if (client->client)
    end_client(client);
  peal_test_clear(client); /* what came meanwhile */
  for (peal_test_space *next, *at = client->spaces; at; at = next) {
    next = at->next;
    peal_doc_free(at->data);
    peal_mem_free(peal_mem_libc(), at);
  }
  peal_doc_free(client->answer);
  peal_list_remove(&client->node);
  peal_mem_free(peal_mem_libc(), client);
}

/* -- its connections ------------------------------------------------------- */

typedef enum trouble { CUT, HOLD, LET_GO } trouble;

typedef struct troubled {
  const peal_test_client *client;
  trouble what;
} troubled;

/* The end of this client's, if the stream is one; or NULL. */
static peal_stream_memory *end_of(const peal_stream *stream,
                                  const peal_test_client *client) {
  if (peal_stream_core_has(stream, PEAL_STREAM_CLOSING) ||
      peal_stream_core_verbs(stream) != &peal_stream_memory_verbs)
    return NULL;
  peal_stream_memory *end = peal_stream_core_state(stream);
  return peal_stream_memory_owner(end) == &client->client->account_worker
             ? end
             : NULL;
}

static void make_trouble(peal_worker *worker, void *user) {
  const troubled *it = user;
  for (peal_list *next, *at = worker->conns.next; at != &worker->conns;
       at = next) {
    next = at->next;
    peal_stream *stream = PEAL_LIST_OF(at, peal_stream, node);
    peal_stream_memory *end = end_of(stream, it->client);
    if (!end)
      continue;
    if (it->what == CUT)
      peal_stream_close(stream, PEAL_ERR_CLOSED);
    else
      peal_stream_memory_hold(end, it->what == HOLD);
  }
}

void peal_test_cut(peal_test_client *client) {
  troubled it = {.client = client, .what = CUT};
  if (client)
    (void)peal_test_run(client->test, make_trouble, &it);
}

void peal_test_hold(peal_test_client *client, bool holds) {
  troubled it = {.client = client, .what = holds ? HOLD : LET_GO};
  if (client)
    (void)peal_test_run(client->test, make_trouble, &it);
}

/* -- what is asked --------------------------------------------------------- */

bool peal_test_is_connected(const peal_test_client *client, const char *nsp) {
  const peal_test_space *space = space_of(client, nsp);
  return space && peal_client_is_connected(space->nsp);
}

bool peal_test_is_recovered(const peal_test_client *client, const char *nsp) {
  const peal_test_space *space = space_of(client, nsp);
  return space && peal_client_is_recovered(space->nsp);
}

const char *peal_test_id(const peal_test_client *client, const char *nsp) {
  const peal_test_space *space = space_of(client, nsp);
  return space ? space->id : "";
}

const char *peal_test_transport(const peal_test_client *client) {
  return client ? peal_client_transport(client->client) : "";
}

bool peal_test_refused(const peal_test_client *client, const char *nsp,
                       peal_client_problem *out) {
  const peal_test_space *space = space_of(client, nsp);
  if (out)
    *out = (peal_client_problem){.err = PEAL_OK};
  if (!space || !space->is_refused)
    return false;
  if (out)
    *out = space->problem;
  return true;
}

const char *peal_test_reason(const peal_test_client *client, const char *nsp) {
  const peal_test_space *space = space_of(client, nsp);
  return space && space->was_left ? peal_client_reason_text(space->reason) : "";
}

/* -- what it says ---------------------------------------------------------- */

peal_err peal_test_emit(peal_test_client *client, const char *nsp,
                        const char *event, peal_args args) {
  peal_test_space *space = space_of(client, nsp);
  if (!space)
    return PEAL_ERR_USAGE;
  peal_err err = peal_client_emit(space->nsp, event, args);
  peal_err rest = peal_test_settle(client->test);
  return err ? err : rest;
}

/* A question, until its answer has come: later ones make it void. */
typedef struct question {
  peal_test_client *client;
  uint64_t number;
} question;

static void on_answer(peal_client_nsp *nsp, peal_err err, peal_args args,
                      void *user) {
  question *asked = user;
  peal_test_client *client = asked->client;
  if (nsp && asked->number == client->asked) {
    client->answer_err = err;
    client->answer = peal_doc_new(peal_array(args.items, args.count));
  }
  peal_mem_free(peal_mem_libc(), asked);
}

peal_err peal_test_emit_ack(peal_test_client *client, const char *nsp,
                            const char *event, peal_args args,
                            uint32_t timeout_ms, peal_args *answer) {
  peal_test_space *space = space_of(client, nsp);
  if (answer)
    *answer = PEAL_NO_ARGS;
  if (!space)
    return PEAL_ERR_USAGE;
  question *asked = peal_mem_alloc(peal_mem_libc(), sizeof(*asked));
  if (!asked)
    return PEAL_ERR_NOMEM;
  *asked = (question){.client = client, .number = ++client->asked};
  peal_doc_free(client->answer);
  client->answer = NULL;
  client->answer_err = PEAL_ERR_AGAIN;
  const peal_client_how how = {.timeout_ms =
                                   timeout_ms ? timeout_ms : PEAL_OFF};
  peal_err err =
      peal_client_emit_ack(space->nsp, &how, event, args, on_answer, asked);
  if (err) {
    client->answer_err = err;
    peal_mem_free(peal_mem_libc(), asked);
    return err;
  }
  err = peal_test_settle(client->test);
  return err ? err : peal_test_answer(client, answer);
}

peal_err peal_test_answer(const peal_test_client *client, peal_args *answer) {
  if (answer)
    *answer = PEAL_NO_ARGS;
  if (!client)
    return PEAL_ERR_USAGE;
  peal_val all = peal_doc_val(client->answer);
  if (answer && peal_val_is(all, PEAL_ARRAY))
    *answer = (peal_args){all.as.items, all.len};
  return client->answer_err;
}

/* -- a packet that is anything --------------------------------------------- */

typedef struct packet {
  peal_client *client;
  bool is_binary;
  peal_slice data;
  peal_err err;
} packet;

static void send_packet(peal_worker *worker, void *user) {
  packet *it = user;
  const peal_mem *mem = worker->mem;
  peal_message *message = it->is_binary
                              ? peal_message_new_binary(it->data, mem)
                              : peal_message_new(it->data, NULL, 0, mem);
  it->err = PEAL_ERR_NOMEM;
  if (message && !it->client->link)
    it->err = PEAL_ERR_CLOSED;
  else if (message)
    it->err = peal_client_engine_send(it->client->link->engine,
                                      &(peal_eio_item){.message = message});
  peal_message_unref(message);
}

peal_err peal_test_packet(peal_test_client *client, bool is_binary,
                          peal_slice data) {
  if (!client)
    return PEAL_ERR_USAGE;
  packet it = {.client = client->client, .is_binary = is_binary, .data = data};
  peal_err err = peal_test_run(client->test, send_packet, &it);
  return it.err ? it.err : err;
}
