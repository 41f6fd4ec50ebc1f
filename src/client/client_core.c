/* SPDX-License-Identifier: MIT */
#include "client/client_core.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"
#include "client/client_auth.h"
#include "client/client_link.h"
#include "client/client_parts.h"
#include "client/client_spaces.h"
#include "client/client_tell.h"
#include "net/crypto.h"
#include "proto/proto_limits.h"

static void run_pump(peal_client *client);
static void bury(peal_client *client);

/* -- in words -------------------------------------------------------------- */

/* What the last connection ended with. Without memory the number has to do. */
static void remember(peal_client *client, const char *text) {
  peal_mem_free(client->mem, client->why);
  client->why =
      text && *text ? peal_mem_str(client->mem, peal_slice_of(text)) : NULL;
}

static peal_client_problem problem_of(const peal_client *client, peal_err err,
                                      const char *text) {
  peal_client_problem out = {.err = err};
  if (!text)
    text = client->why ? client->why : peal_err_message(err);
  snprintf(out.text, sizeof out.text, "%s", text);
  return out;
}

/* As much as there is room for, and no half of a character. */
static int cut(peal_slice text, size_t room) {
  size_t len = text.len;
  if (len > room)
    for (len = room; len && ((unsigned char)text.ptr[len] & 0xc0u) == 0x80u;)
      len--;
  return (int)len;
}

/* SIO5: an object with `message` and maybe `data`, or a text alone. Socket.IO 2:
 * a text, or the data alone. */
static peal_client_problem problem_of_refusal(peal_val said) {
  peal_client_problem out = {.err = PEAL_ERR_REFUSED,
                             .data = peal_val_get(said, "data")};
  bool is_text = peal_val_is(said, PEAL_STRING);
  peal_slice message = is_text ? peal_val_str(said)
                               : peal_val_str(peal_val_get(said, "message"));
  if (!message.ptr && !is_text)
    out.data = said;
  if (!message.len)
    message = peal_slice_of(peal_err_message(PEAL_ERR_REFUSED));
  snprintf(out.text, sizeof out.text, "%.*s", cut(message, sizeof out.text - 1),
           message.ptr);
  return out;
}

static peal_client_nsp *nsp_of(const peal_sio_client_event *event) {
  return peal_sio_client_nsp_user(event->nsp);
}

/* -- what the machine wants ------------------------------------------------ */

static void lost(peal_client *client, peal_client_reason reason, peal_err err,
                 const char *text) {
  remember(client, text);
  (void)peal_sio_client_closed(&client->machine, reason, err,
                               client->worker->now_ms);
}

static void send_message(peal_client *client,
                         const peal_sio_client_event *event) {
  peal_eio_item item = {.message = event->message,
                        .no_compress = event->no_compress};
  peal_err err = client->link
                     ? peal_client_engine_send(client->link->engine, &item)
                     : PEAL_ERR_CLOSED;
  peal_message_unref(event->message);
  if (!err || err == PEAL_ERR_CLOSED)
    return; /* it goes with its connection */
  /* What is behind it must not overtake it. */
  peal_client_link_free(client->link);
  lost(client, PEAL_CLIENT_TRANSPORT_ERROR, err, NULL);
}

/* -- what the engine brings ------------------------------------------------ */

static void on_open(void *user, const peal_client_engine_hello *hello) {
  peal_client_link *link = user;
  peal_client *client = link->client;
  link->is_open = true;
  if (client->link != link)
    return;
  if (hello->is_websocket)
    client->has_websocket = true;
  remember(client, NULL);
  peal_client_link_note_transport(client);
  peal_err err = client->engine_opts.eio3
                     ? peal_sio_client_set_session(&client->machine,
                                                   peal_slice_of(hello->sid))
                     : PEAL_OK;
  if (err) {
    peal_client_link_free(link);
    lost(client, PEAL_CLIENT_TRANSPORT_ERROR, err, NULL);
  } else {
    (void)peal_sio_client_opened(&client->machine, client->worker->now_ms);
  }
  run_pump(client);
}

static void on_message(void *user, bool binary, peal_slice data) {
  peal_client_link *link = user;
  peal_client *client = link->client;
  if (client->link != link)
    return; /* it was hung up */
  peal_err err = peal_sio_client_feed(&client->machine, binary, data,
                                      client->worker->now_ms);
  if (!err)
    run_pump(client);
}

/* Outside of the pump, which holds the client otherwise. */
static void tell_notice(peal_client *client, peal_client_notice_type type) {
  peal_client_impl_ref(client);
  peal_client_tell_notice(client, &(peal_client_notice){.type = type});
  peal_client_impl_unref(client);
}

static void on_upgrade(void *user) {
  peal_client_link *link = user;
  if (link->client->link != link)
    return;
  link->client->has_websocket = true;
  peal_client_link_note_transport(link->client);
  tell_notice(link->client, PEAL_CLIENT_UPGRADED);
}

static void on_ping(void *user) {
  peal_client_link *link = user;
  if (link->client->link == link)
    tell_notice(link->client, PEAL_CLIENT_PING);
}

/* For other threads that ask. */
static void note_queued(peal_client *client) {
  atomic_store_explicit(&client->queued, peal_client_core_queued(client),
                        memory_order_relaxed);
}

static void on_left(void *user) {
  peal_client_link *link = user;
  note_queued(link->client);
}

/* Whoever waits for it looks at peal_client_queued_bytes. */
static void on_drain(void *user) {
  peal_client_link *link = user;
  peal_client_impl_react(link->client);
}

static void on_close(void *user, peal_client_reason reason, peal_err err,
                     const char *text) {
  peal_client_link *link = user;
  peal_client *client = link->client;
  bool is_current = client->link == link;
  if (is_current && !link->is_open)
    client->has_websocket = false;
  if (is_current)
    lost(client, reason, err, text);
  peal_client_link_free(link);
  run_pump(client);
}

static void dial(peal_client *client) {
  static const peal_client_engine_callbacks callbacks = {
      .on_open = on_open,
      .on_message = on_message,
      .on_upgrade = on_upgrade,
      .on_ping = on_ping,
      .on_drain = on_drain,
      .on_left = on_left,
      .on_close = on_close};
  peal_err err = peal_worker_is_ending(client->worker)
                     ? PEAL_ERR_CANCELLED
                     : peal_client_link_open(client, &callbacks);
  if (err)
    lost(client, PEAL_CLIENT_TRANSPORT_ERROR, err, NULL);
}

/* -- what the machine says ------------------------------------------------- */

static void hang_up(peal_client *client, const peal_sio_client_event *event) {
  if (event->err)
    remember(client, event->err == PEAL_ERR_TIMEOUT
                         ? "no connection was made in time"
                         : NULL);
  peal_client_link_hang_up(client);
}

static void ask_auth(peal_client *client, const peal_sio_client_event *event) {
  if (!peal_client_auth_ask(nsp_of(event), event->ask) || client->is_freed)
    return;
  peal_client_link_free(client->link);
  lost(client, PEAL_CLIENT_TRANSPORT_ERROR, PEAL_ERR_NOMEM, NULL);
}

static void tell_connect(peal_client *client,
                         const peal_sio_client_event *event) {
  peal_client_nsp *nsp = nsp_of(event);
  atomic_store(&client->was_connected, true);
  peal_client_spaces_note(nsp);
  peal_client_spaces_note_id(nsp);
  peal_client_tell_connect(nsp);
}

static void tell_connect_error(peal_client *client,
                               const peal_sio_client_event *event) {
  peal_client_nsp *nsp = nsp_of(event);
  peal_client_spaces_note(nsp);
  peal_client_problem problem =
      event->err ? problem_of(client, event->err, event->text)
                 : problem_of_refusal(event->packet.data);
  peal_client_tell_connect_error(nsp, &problem);
}

static void tell_disconnect(const peal_sio_client_event *event) {
  peal_client_nsp *nsp = nsp_of(event);
  peal_client_spaces_note(nsp);
  peal_client_spaces_note_id(nsp);
  peal_client_tell_disconnect(nsp, (peal_client_reason)event->reason,
                              event->err);
}

static void tell_ack(peal_client *client, const peal_sio_client_event *event) {
  peal_args args = PEAL_NO_ARGS;
  if (!event->err)
    args = (peal_args){event->packet.data.as.items, event->packet.data.len};
  event->fn(client->is_freed ? NULL : nsp_of(event), event->err, args,
            event->user);
}

static void tell_dropped(peal_client *client, uint32_t count) {
  peal_logger_write(client->worker->log, PEAL_LOG_WARN, "client",
                    (peal_slice){0}, (peal_slice){0},
                    "the buffer of %s is full: %u of its oldest events were "
                    "dropped",
                    client->engine_opts.authority, count);
}

static void tell_about(peal_client *client, peal_client_notice_type type,
                       const peal_sio_client_event *event) {
  peal_client_problem problem =
      problem_of(client, event->err, event->err ? event->text : "");
  peal_client_notice notice = {.type = type,
                               .attempt = event->attempt,
                               .delay_ms = event->delay_ms,
                               .reason = (peal_client_reason)event->reason};
  if (type == PEAL_CLIENT_ERROR || type == PEAL_CLIENT_CLOSED ||
      type == PEAL_CLIENT_RECONNECT_ERROR)
    notice.problem = &problem;
  peal_client_tell_notice(client, &notice);
}

static void act(peal_client *client, const peal_sio_client_event *event) {
  switch ((peal_sio_client_event_type)event->type) {
  case PEAL_SIO_CLIENT_NONE:
    break;
  case PEAL_SIO_CLIENT_SEND:
    send_message(client, event);
    break;
  case PEAL_SIO_CLIENT_DIAL:
    dial(client);
    break;
  case PEAL_SIO_CLIENT_HANGUP:
    hang_up(client, event);
    break;
  case PEAL_SIO_CLIENT_ASK_AUTH:
    ask_auth(client, event);
    break;
  case PEAL_SIO_CLIENT_CONNECT:
    tell_connect(client, event);
    break;
  case PEAL_SIO_CLIENT_CONNECT_ERROR:
    tell_connect_error(client, event);
    break;
  case PEAL_SIO_CLIENT_DISCONNECT:
    tell_disconnect(event);
    break;
  case PEAL_SIO_CLIENT_EVENT:
    peal_client_tell_event(nsp_of(event), event);
    break;
  case PEAL_SIO_CLIENT_ACK:
    tell_ack(client, event);
    break;
  case PEAL_SIO_CLIENT_OPEN:
    tell_about(client, PEAL_CLIENT_OPEN, event);
    break;
  case PEAL_SIO_CLIENT_ERROR:
    tell_about(client, PEAL_CLIENT_ERROR, event);
    break;
  case PEAL_SIO_CLIENT_CLOSED:
    tell_about(client, PEAL_CLIENT_CLOSED, event);
    break;
  case PEAL_SIO_CLIENT_RECONNECT_WAIT:
    tell_about(client, PEAL_CLIENT_RECONNECT_WAIT, event);
    break;
  case PEAL_SIO_CLIENT_RECONNECT_ATTEMPT:
    tell_about(client, PEAL_CLIENT_RECONNECT_ATTEMPT, event);
    break;
  case PEAL_SIO_CLIENT_RECONNECT_ERROR:
    tell_about(client, PEAL_CLIENT_RECONNECT_ERROR, event);
    break;
  case PEAL_SIO_CLIENT_RECONNECT_FAILED:
    tell_about(client, PEAL_CLIENT_RECONNECT_FAILED, event);
    break;
  case PEAL_SIO_CLIENT_RECONNECTED:
    tell_about(client, PEAL_CLIENT_RECONNECTED, event);
    break;
  case PEAL_SIO_CLIENT_DROPPED:
    tell_dropped(client, event->count);
    break;
  }
}

/* -- the pump -------------------------------------------------------------- */

size_t peal_client_core_queued(const peal_client *client) {
  size_t bytes = 0;
  if (client->phase != PEAL_CLIENT_OVER)
    bytes = peal_sio_client_buffered_bytes(&client->machine) +
            peal_sio_client_sending_bytes(&client->machine);
  if (client->link)
    bytes += peal_client_engine_queued_bytes(client->link->engine);
  return bytes;
}

/* Until it has nothing to say, or somebody has freed the client. */
static void ask_machine(peal_client *client) {
  peal_arena *turn = &client->worker->turn;
  peal_sio_client_event event;
  while (client->phase != PEAL_CLIENT_OVER) {
    peal_arena_mark mark = peal_arena_mark_get(turn);
    if (!peal_sio_client_next(&client->machine, turn, &event))
      return;
    act(client, &event);
    peal_arena_mark_set(turn, mark);
  }
}

static void note_nsps(peal_client *client) {
  for (peal_client_nsp *nsp = client->nsps; nsp; nsp = nsp->next)
    if (nsp->state)
      peal_client_spaces_note(nsp);
}

/* It was refused, disconnected, or has no attempt left: peal_client_run has an
 * end. A thread of its own goes on, for whoever connects again. */
static void look_at_end(peal_client *client) {
  if (client->phase != PEAL_CLIENT_BEGUN || client->is_left ||
      peal_sio_client_is_active(&client->machine))
    return;
  atomic_store(&client->has_given_up, true);
  if (atomic_load(&client->runs_alone) && !atomic_load(&client->has_thread))
    peal_workers_stop(client->workers, PEAL_LIMIT_CLIENT_STOP_MS);
}

static void finish(peal_client *client) {
  peal_sio_client_end(&client->machine);
  ask_machine(client);
  if (client->phase == PEAL_CLIENT_OVER)
    return; /* it was freed meanwhile */
  note_nsps(client);
  client->phase = PEAL_CLIENT_OVER;
  peal_wheel_stop(&client->worker->wheel, &client->timer);
  peal_sio_client_deinit(&client->machine);
  client->has_machine = false;
}

static void settle(peal_client *client) {
  note_nsps(client);
  note_queued(client);
  look_at_end(client);
  if (client->phase == PEAL_CLIENT_STOPPING &&
      peal_list_is_empty(&client->links)) {
    finish(client);
    return;
  }
  peal_wheel_set(&client->worker->wheel, &client->timer,
                 peal_sio_client_deadline(&client->machine));
}

static void run_pump(peal_client *client) {
  if (client->is_pumping || client->phase == PEAL_CLIENT_OVER)
    return;
  peal_client_impl_ref(client);
  client->is_pumping = true;
  ask_machine(client);
  if (client->phase != PEAL_CLIENT_OVER)
    settle(client);
  client->is_pumping = false;
  if (client->is_freed)
    bury(client);
  peal_client_impl_unref(client);
}

static void on_pump(peal_flush *flush) {
  run_pump(PEAL_LIST_OF(flush, peal_client, pump));
}

static void on_sweep(peal_flush *flush) {
  peal_client *client = PEAL_LIST_OF(flush, peal_client, sweep);
  peal_hook_sweep(&client->hooks);
  for (peal_client_nsp *nsp = client->nsps; nsp; nsp = nsp->next)
    peal_hook_sweep(&nsp->hooks);
}

static void on_timer(peal_wheel_timer *timer, uint64_t now_ms) {
  peal_client *client = PEAL_LIST_OF(timer, peal_client, timer);
  peal_sio_client_tick(&client->machine, now_ms);
  run_pump(client);
}

/* -- life ------------------------------------------------------------------ */

void peal_client_core_init(peal_client *client,
                           const peal_client_setup *setup) {
  const peal_worker *worker = client->worker;
  const peal_ticket_pool_opts pool = {.now_ms = &worker->now_ms,
                                      .max_kept = PEAL_LIMIT_CLIENT_TICKETS,
                                      .account = &client->account_worker,
                                      .mem = worker->mem};
  uint32_t seed = 0;
  if (peal_crypto_random(&seed, sizeof seed))
    seed = (uint32_t)(uintptr_t)client;
  client->url_nsp = setup->nsp;
  client->max_queue_bytes = setup->opts.max_queue_bytes;
  client->no_auto_connect = setup->opts.no_auto_connect;
  client->remember_upgrade = setup->opts.remember_upgrade;
  peal_client_parts_set_machine(client, &setup->opts);
  peal_client_parts_set_engine(client, setup);
  client->machine_opts.conn.seed = seed;
  peal_account_worker_init(&client->account_worker, NULL);
  peal_account_init(&client->account, &client->account_worker, 0);
  peal_hook_init(&client->hooks, client->mem, seed);
  peal_cookie_jar_init(&client->cookies, client->mem);
  peal_list_init(&client->links);
  peal_list_init(&client->asking);
  peal_list_init(&client->pump.node);
  peal_list_init(&client->sweep.node);
  client->pump.fn = on_pump;
  client->sweep.fn = on_sweep;
  peal_wheel_timer_init(&client->timer, on_timer);
  peal_client_auth_pool_init(client, &pool);
  peal_client_tell_pool_init(client, &pool);
  peal_sio_client_init(&client->machine, &client->machine_opts,
                       &client->account, seed, 0);
  client->has_machine = true;
}

static peal_err connect_nsp(peal_client_nsp *nsp) {
  if (nsp->was_left)
    return PEAL_OK;
  peal_sio_client_nsp *state = peal_client_spaces_state(nsp);
  return state ? peal_sio_client_connect(state, nsp->client->worker->now_ms)
               : PEAL_ERR_NOMEM;
}

peal_err peal_client_core_open(peal_client *client) {
  uint64_t now_ms = client->worker->now_ms;
  bool is_new;
  if (client->phase > PEAL_CLIENT_BEGUN)
    return PEAL_ERR_CLOSED;
  client->phase = PEAL_CLIENT_BEGUN;
  if (!client->nsps &&
      !peal_client_spaces_find(client, peal_slice_of(client->url_nsp), &is_new))
    return PEAL_ERR_NOMEM;
  peal_err err = PEAL_OK;
  if (!peal_sio_client_is_active(&client->machine))
    for (peal_client_nsp *nsp = client->nsps; nsp && !err; nsp = nsp->next)
      err = connect_nsp(nsp);
  if (!err)
    err = peal_sio_client_open(&client->machine, now_ms);
  client->is_left = false;
  peal_client_impl_react(client);
  return err;
}

void peal_client_core_stop(peal_client *client) {
  if (client->phase >= PEAL_CLIENT_STOPPING)
    return;
  client->phase = PEAL_CLIENT_STOPPING;
  peal_sio_client_close(&client->machine, client->worker->now_ms);
  peal_client_impl_react(client);
}

/* Tickets may be on their way here still. */
static void on_last(peal_worker *worker, peal_mail *mail) {
  peal_client *client = PEAL_LIST_OF(mail, peal_client, last);
  (void)worker;
  peal_ticket_pool_deinit(&client->asks);
  peal_ticket_pool_deinit(&client->replies);
  peal_account_worker_deinit(&client->account_worker);
  peal_client_impl_unref(client);
}

/* A handler on the stack may look at its event until it returns. */
static void end_machine(peal_client *client) {
  peal_sio_client_event event;
  if (client->is_pumping)
    peal_sio_client_lend(&client->machine);
  peal_sio_client_end(&client->machine);
  while (peal_sio_client_next(&client->machine, &client->worker->turn, &event))
    if (event.type == PEAL_SIO_CLIENT_SEND)
      peal_message_unref(event.message);
    else if (event.type == PEAL_SIO_CLIENT_ACK)
      tell_ack(client, &event);
}

/* Nobody looks at anything of it any more. */
static void bury(peal_client *client) {
  if (client->has_machine)
    peal_sio_client_deinit(&client->machine);
  client->has_machine = false;
  peal_client_impl_ref(client);
  client->last.fn = on_last;
  peal_mail_send(client->worker, &client->last);
}

void peal_client_core_free(peal_client *client) {
  client->is_freed = true;
  peal_client_link_free_all(client);
  peal_wheel_stop(&client->worker->wheel, &client->timer);
  if (peal_list_is_linked(&client->pump.node))
    peal_list_remove(&client->pump.node);
  if (peal_list_is_linked(&client->sweep.node))
    peal_list_remove(&client->sweep.node);
  if (client->phase != PEAL_CLIENT_OVER) {
    client->phase = PEAL_CLIENT_OVER;
    end_machine(client);
  }
  peal_client_op_end(client);
  if (!client->is_pumping)
    bury(client);
}
