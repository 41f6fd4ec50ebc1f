/* SPDX-License-Identifier: MIT */
/* Any order of calls: clients on one worker, stepped by this thread, against a
 * server on another. Each step is a verb that dice have chosen, from between two
 * steps or from inside a handler. What always holds: each acknowledgement is
 * told once, connect and disconnect take turns, nothing comes behind the
 * end. */
#include "client_fixture.h"

#define CLIENTS 3u
#define STEPS 2000u
#define SEEDS 12u

/* splitmix64 */
typedef struct dice {
  uint64_t state;
} dice;

static unsigned dice_below(dice *it, unsigned count) {
  uint64_t z = it->state += UINT64_C(0x9e3779b97f4a7c15);
  z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
  z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
  return (unsigned)((z ^ z >> 31) % count);
}

typedef struct actor actor;

/* One emit that asks. */
typedef struct question {
  actor *of;
  bool is_told;
} question;

struct actor {
  peal_client *client;
  peal_client_nsp *nsps[2];
  bool is_connected[2];
  bool is_freed;
  size_t asked, told;
};

static actor actors[CLIENTS];
static peal_workers *workers;
static const char *base_url;
static dice rolls;
static size_t depth; /* of handlers */
static size_t connects, heard, answers, frees;

static void act(actor *it);

static size_t index_of(const actor *it, const peal_client_nsp *nsp) {
  return nsp == it->nsps[1];
}

/* Something else, now and then, in the middle of a handler. */
static void meddle(void) {
  if (depth > 2 || dice_below(&rolls, 4))
    return;
  depth++;
  act(&actors[dice_below(&rolls, CLIENTS)]);
  depth--;
}

static void on_connect(peal_client_nsp *nsp, void *user) {
  actor *it = user;
  assert_false(it->is_freed);
  assert_false(it->is_connected[index_of(it, nsp)]);
  assert_int_equal(strlen(peal_client_id(nsp)), 20);
  it->is_connected[index_of(it, nsp)] = true;
  connects++;
  meddle();
}

static void on_disconnect(peal_client_nsp *nsp, peal_client_reason reason,
                          peal_err err, void *user) {
  actor *it = user;
  (void)reason;
  (void)err;
  assert_false(it->is_freed);
  assert_true(it->is_connected[index_of(it, nsp)]);
  it->is_connected[index_of(it, nsp)] = false;
  meddle();
}

static void on_connect_error(peal_client_nsp *nsp,
                             const peal_client_problem *problem, void *user) {
  const actor *it = user;
  (void)nsp;
  assert_false(it->is_freed);
  assert_true(problem->err != PEAL_OK && problem->text[0]);
  meddle();
}

static void on_event(peal_client_nsp *nsp, const peal_event *event,
                     void *user) {
  const actor *it = user;
  /* Those that came in the middle of a CONNECT are told before it, as the
   * reference does it. */
  (void)nsp;
  assert_false(it->is_freed);
  heard++;
  meddle();
  (void)peal_ack(event, PEAL_NO_ARGS);
}

static void on_notice(peal_client *client, const peal_client_notice *notice,
                      void *user) {
  const actor *it = user;
  (void)client;
  (void)notice;
  assert_false(it->is_freed);
  meddle();
}

static void on_auth(peal_client_nsp *nsp, peal_client_auth *ask, void *user) {
  const actor *it = user;
  (void)nsp;
  assert_false(it->is_freed);
  if (dice_below(&rolls, 8)) /* or never */
    assert_int_equal(peal_client_auth_give(ask, peal_undefined()), PEAL_OK);
}

static void on_ack(peal_client_nsp *nsp, peal_err err, peal_args args,
                   void *user) {
  question *it = user;
  assert_false(it->is_told);
  assert_true(err == PEAL_OK || err == PEAL_ERR_CLOSED ||
              err == PEAL_ERR_TIMEOUT || err == PEAL_ERR_QUEUE_FULL);
  assert_true(!err || !args.count);
  it->is_told = true;
  it->of->told++;
  answers += err == PEAL_OK;
  if (nsp)
    meddle();
}

/* All questions of a run; freed at its end. */
static question *questions[STEPS * 8];
static size_t question_count;

static void ask(actor *it, peal_client_nsp *nsp, const peal_client_how *how) {
  if (question_count == sizeof questions / sizeof *questions)
    return;
  question *made = calloc(1, sizeof *made);
  made->of = it;
  questions[question_count++] = made;
  static const char *const names[] = {"echo", "unknown", "bye", "ask"};
  peal_err err = peal_client_emit_ack(nsp, how, names[dice_below(&rolls, 4)],
                                      PEAL_ARGS(peal_int(1)), on_ack, made);
  if (err)
    made->is_told = true;
  else
    it->asked++;
}

static void open_actor(actor *it) {
  peal_client_opts opts = {
      .url = base_url,
      .worker = peal_workers_get(workers, 0),
      .transports = (peal_client_transports)dice_below(&rolls, 4),
      .no_auto_connect = !dice_below(&rolls, 4),
      .no_reconnection = !dice_below(&rolls, 5),
      .reconnection_delay_ms = 1,
      .reconnection_delay_max_ms = 4,
      .reconnection_attempts = dice_below(&rolls, 3),
      .retries = dice_below(&rolls, 3),
      .ack_timeout_ms = dice_below(&rolls, 2) * 5,
      .max_buffer_events = dice_below(&rolls, 2) * 5,
      .buffer_full = (peal_client_full)dice_below(&rolls, 2),
      .proxy = ""};
  *it = (actor){.client = NULL};
  assert_int_equal(peal_client_new(&it->client, &opts, NULL), PEAL_OK);
  for (int i = 0; i < 2; i++) {
    peal_client_nsp *nsp = peal_client_of(it->client, i ? "/other" : "/");
    it->nsps[i] = nsp;
    assert_int_equal(peal_client_on_connect(nsp, on_connect, it), PEAL_OK);
    assert_int_equal(peal_client_on_disconnect(nsp, on_disconnect, it),
                     PEAL_OK);
    assert_int_equal(peal_client_on_connect_error(nsp, on_connect_error, it),
                     PEAL_OK);
    assert_int_equal(peal_client_on_any(nsp, on_event, it), PEAL_OK);
    if (!dice_below(&rolls, 3))
      assert_int_equal(peal_client_on_auth(nsp, on_auth, it), PEAL_OK);
  }
  assert_int_equal(peal_client_on_notice(it->client, on_notice, it), PEAL_OK);
}

/* It can be freed on its worker alone: between two steps nobody is. */
static void free_actor(actor *it) {
  peal_client *client = it->client;
  it->client = NULL;
  if (!client)
    return;
  peal_client_free(client);
  it->is_freed = true;
  frees++;
}

static void act(actor *it) {
  if (!it->client)
    return;
  peal_client_nsp *nsp = it->nsps[dice_below(&rolls, 2)];
  const peal_client_how how = {.is_volatile = !dice_below(&rolls, 3),
                               .no_retry = !dice_below(&rolls, 2),
                               .timeout_ms = dice_below(&rolls, 2) * 10};
  switch (dice_below(&rolls, 14)) {
  case 0:
    (void)peal_client_open(it->client);
    break;
  case 1:
    peal_client_close(it->client);
    break;
  case 2:
  case 3:
    (void)peal_client_connect(nsp);
    break;
  case 4:
    peal_client_leave(nsp);
    break;
  case 5:
    if (!dice_below(&rolls, 6))
      peal_client_stop(it->client);
    break;
  case 6:
    (void)peal_client_set_auth(nsp, PEAL_OBJECT({"name", peal_str("x")}));
    break;
  case 7:
    if (depth && !dice_below(&rolls, 2))
      free_actor(it);
    break;
  case 8:
    (void)peal_client_emit_with(nsp, &how, "echo", PEAL_NO_ARGS);
    break;
  case 9:
    (void)peal_client_queued_bytes(it->client);
    (void)peal_client_is_active(nsp);
    (void)peal_client_transport(it->client);
    break;
  default:
    ask(it, nsp, &how);
  }
}

/* On the worker, for what is only for it. */
static void on_post(peal_worker *worker, void *user) {
  actor *it = user;
  (void)worker;
  depth++;
  if (it->client)
    act(it);
  else
    open_actor(it);
  depth--;
}

static void step(void) {
  actor *it = &actors[dice_below(&rolls, CLIENTS)];
  if (dice_below(&rolls, 3) || !it->client)
    assert_int_equal(
        peal_worker_post(peal_workers_get(workers, 0), on_post, it), PEAL_OK);
  else
    act(it);
  assert_int_equal(peal_workers_step(workers, (int)dice_below(&rolls, 3)),
                   PEAL_OK);
}

static void check_end(void) {
  for (size_t i = 0; i < question_count; i++) {
    assert_true(questions[i]->is_told);
    free(questions[i]);
  }
  question_count = 0;
}

static void run_seed(const server_fixture *server, uint64_t seed) {
  char url[64];
  snprintf(url, sizeof url, "http://127.0.0.1:%u", server->port);
  base_url = url;
  rolls = (dice){seed};
  workers = peal_workers_new(&(peal_workers_opts){.log = {.fn = server_quiet}});
  memset(actors, 0, sizeof actors);
  assert_int_equal(peal_workers_begin(workers), PEAL_OK);
  for (unsigned i = 0; i < STEPS; i++)
    step();
  assert_int_equal(peal_workers_end(workers), 0);
  for (unsigned i = 0; i < CLIENTS; i++)
    free_actor(&actors[i]);
  peal_workers_free(workers);
  check_end();
}

static void any_order_of_calls_keeps_the_promises(void **state) {
  (void)state;
  const char *only = getenv("PEAL_TEST_SEED");
  server_fixture server = fixture_serve();
  for (uint64_t seed = 1; seed <= SEEDS; seed++)
    if (!only || strtoull(only, NULL, 10) == seed)
      run_seed(&server, seed);
  fixture_end(&server);
  if (getenv("PEAL_TEST_LOG"))
    fprintf(stderr, "%zu connects, %zu events, %zu answers, %zu ends\n",
            connects, heard, answers, frees);
  /* It was not idle. */
  assert_true(only || (connects && heard && answers && frees));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(any_order_of_calls_keeps_the_promises),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
