/* SPDX-License-Identifier: MIT */
/* Namespaces that come and go while the server runs (<peal/namespaces.h>). */
#include <peal/events.h>
#include <peal/handle.h>
#include <peal/namespaces.h>

#include "server_fixture.h"

static char word_a[] = "a", word_b[] = "b";

static peal_err on_connect(peal_socket *socket, void *user) {
  trace_add("%s in %s", (const char *)user,
            peal_nsp_name(peal_socket_nsp(socket)));
  return PEAL_OK;
}

static void on_event(peal_socket *socket, const peal_event *event, void *user) {
  trace_add("%s %.*s in %s", (const char *)user,
            PEAL_SFMT(peal_event_name(event)),
            peal_nsp_name(peal_socket_nsp(socket)));
}

static bool is_refused(sio_client *client, const char *nsp, const char *words) {
  char expected[512];
  snprintf(expected, sizeof expected, "44%s,{\"message\":\"%s\"}", nsp, words);
  if (sio_client_join(client, nsp, NULL))
    return false;
  return client->current && strcmp(client->current->data, expected) == 0;
}

/* -- patterns --------------------------------------------------------------------- */

static void a_pattern_makes_the_children_that_clients_ask_for(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *rooms = peal_server_of_pattern(it.server, "^/room-[0-9]+$");
  assert_non_null(rooms);
  assert_true(peal_nsp_is_parent(rooms));
  assert_false(peal_nsp_is_parent(it.root));
  assert_int_equal(peal_on_connect(rooms, on_connect, word_a), PEAL_OK);
  assert_int_equal(peal_on(rooms, "x", on_event, word_a), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/room-7", NULL));
  trace_expect("a in /room-7\n");
  assert_true(sio_client_send(&client, "42/room-7,[\"x\"]"));
  trace_expect("a x in /room-7\n");
  assert_true(is_refused(&client, "/room-x", "Invalid namespace"));
  assert_true(is_refused(&client, "/a/room-7", "Invalid namespace"));
  assert_int_equal(peal_nsp_child_count(rooms), 1);
  sio_client_close(&client);
  server_stop(&it);
}

static void what_is_no_pattern_is_no_parent(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_null(peal_server_of_pattern(it.server, "^/(room$"));
  assert_null(peal_server_of_pattern(it.server, NULL));
  assert_null(peal_server_of_pattern(NULL, "x"));
  assert_null(peal_server_of_fn(it.server, NULL, NULL));
  assert_int_equal(peal_nsp_set_max_children(it.root, 1), PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_child_count(NULL), 0);
  assert_null(peal_server_find(it.server, "/none"));
  assert_null(peal_server_find(it.server, NULL));
  peal_nsp_ref(NULL);
  peal_nsp_unref(NULL);
  peal_server_free(it.server);
}

static void parents_are_asked_in_the_order_of_their_registration(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *one = peal_server_of_pattern(it.server, "^/a");
  peal_nsp *two = peal_server_of_pattern(it.server, "^/[ab]");
  assert_int_equal(peal_on_connect(one, on_connect, word_a), PEAL_OK);
  assert_int_equal(peal_on_connect(two, on_connect, word_b), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/a1", NULL));
  trace_expect("a in /a1\n");
  assert_true(sio_client_join(&client, "/b1", NULL));
  trace_expect("b in /b1\n");
  sio_client_close(&client);
  server_stop(&it);
}

static void a_namespace_of_its_own_goes_before_every_parent(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *own = peal_server_of(it.server, "/a");
  peal_nsp *parent = peal_server_of_pattern(it.server, ".");
  assert_int_equal(peal_on_connect(own, on_connect, word_a), PEAL_OK);
  assert_int_equal(peal_on_connect(parent, on_connect, word_b), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_POLLING));
  assert_true(sio_client_join(&client, "/a", NULL));
  trace_expect("a in /a\n");
  assert_true(sio_client_join(&client, "/b", NULL));
  trace_expect("b in /b\n");
  assert_int_equal(peal_nsp_child_count(parent), 1);
  sio_client_close(&client);
  server_stop(&it);
}

/* -- functions -------------------------------------------------------------------- */

static void by_auth(const char *name, peal_val auth, peal_next *next,
                    void *user) {
  trace_add("%s asked for %s", (const char *)user, name);
  if (peal_val_bool(peal_val_get(auth, "ok"), false))
    peal_next_ok(next);
  else
    peal_next_refuse(next, "dropped", peal_undefined());
}

static void a_function_says_which_names_there_may_be(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *parent = peal_server_of_fn(it.server, by_auth, word_a);
  assert_int_equal(peal_on_connect(parent, on_connect, word_a), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(is_refused(&client, "/x", "Invalid namespace"));
  trace_expect("a asked for /x\n");
  assert_true(sio_client_join(&client, "/x", "{\"ok\":true}"));
  trace_expect("a asked for /x\na in /x\n");
  sio_client other; /* it is there now: nobody is asked */
  assert_true(sio_client_open(&other, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&other, "/x", NULL));
  trace_expect("a in /x\n");
  sio_client_close(&client);
  sio_client_close(&other);
  server_stop(&it);
}

static void one_that_denies_lets_the_next_decide(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *one = peal_server_of_fn(it.server, by_auth, word_a);
  peal_nsp *two = peal_server_of_fn(it.server, by_auth, word_b);
  peal_nsp *three = peal_server_of_pattern(it.server, "^/z");
  assert_int_equal(peal_on_connect(three, on_connect, word_b), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/z", NULL));
  trace_expect("a asked for /z\nb asked for /z\nb in /z\n");
  assert_int_equal(peal_nsp_child_count(one) + peal_nsp_child_count(two), 0);
  assert_true(is_refused(&client, "/y", "Invalid namespace"));
  sio_client_close(&client);
  server_stop(&it);
}

/* Its answer is due until the test gives it. */
static struct {
  peal_next *next;
  peal_worker *worker;
} asked;

static void ask_later(const char *name, peal_val auth, peal_next *next,
                      void *user) {
  (void)auth;
  (void)user;
  asked.next = next;
  asked.worker = peal_worker_self();
  trace_add("asked for %s", name);
}

static void answer_yes(peal_worker *worker, void *user) {
  (void)worker;
  peal_next_ok(user);
  peal_next_ok(user); /* once more: nothing */
  trace_add("answered");
}

static void a_function_may_answer_later(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *parent = peal_server_of_fn(it.server, ask_later, NULL);
  assert_int_equal(peal_on_connect(parent, on_connect, word_a), PEAL_OK);
  assert_int_equal(peal_on(parent, "x", on_event, word_a), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40/slow,"));
  trace_expect("asked for /slow\n");
  assert_int_equal(peal_nsp_child_count(parent), 0);
  assert_int_equal(peal_worker_post(asked.worker, answer_yes, asked.next),
                   PEAL_OK);
  trace_expect("a in /slow\nanswered\n");
  assert_true(sio_client_next(&client, 5000) != NULL);
  assert_true(sio_client_send(&client, "42/slow,[\"x\"]"));
  trace_expect("a x in /slow\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* reference 1.6: the result is ignored if the transport has closed meanwhile. */
static void an_answer_behind_the_end_of_its_client_is_dropped(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *parent = peal_server_of_fn(it.server, ask_later, NULL);
  assert_int_equal(peal_on_connect(parent, on_connect, word_a), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40/slow,"));
  trace_expect("asked for /slow\n");
  sio_client_close(&client);
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(peal_worker_post(asked.worker, answer_yes, asked.next),
                   PEAL_OK);
  trace_expect("answered\n");
  assert_int_equal(peal_nsp_child_count(parent), 0);
  server_stop(&it);
}

static void a_function_that_never_answers_leaves_nothing_behind(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  assert_non_null(peal_server_of_fn(it.server, ask_later, NULL));
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&client, "40/slow,{\"a\":1}"));
  trace_expect("asked for /slow\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* -- what is registered with a parent ---------------------------------------------- */

static void pass(peal_socket *socket, peal_next *next, void *user) {
  trace_add("%s may %s", (const char *)user,
            peal_nsp_name(peal_socket_nsp(socket)));
  peal_next_ok(next);
}

static void what_comes_later_to_a_parent_comes_to_its_children(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_use(parent, pass, word_a), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/d1", NULL));
  trace_expect("a may /d1\n");
  assert_int_equal(peal_on(parent, "x", on_event, word_b), PEAL_OK);
  assert_int_equal(peal_use(parent, pass, word_b), PEAL_OK);
  /* From this thread it holds from a later turn on. */
  assert_true(sio_client_join(&client, "/d2", NULL));
  trace_expect("a may /d2\nb may /d2\n");
  assert_true(sio_client_send(&client, "42/d1,[\"x\"]"));
  trace_expect("b x in /d1\n");
  assert_int_equal(peal_off(parent, "x", on_event, word_b), PEAL_OK);
  peal_nsp *d2 = peal_server_find(it.server, "/d2");
  assert_int_equal(peal_on(d2, "x", on_event, word_a), PEAL_OK);
  peal_nsp_unref(d2);
  assert_true(sio_client_join(&client, "/d3", NULL));
  trace_expect("a may /d3\nb may /d3\n");
  assert_true(sio_client_send(&client, "42/d1,[\"x\"]"));
  assert_true(sio_client_send(&client, "42/d3,[\"x\"]"));
  assert_true(sio_client_send(&client, "42/d2,[\"x\"]"));
  trace_expect("a x in /d2\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* So does a limit, for those that have none of their own. */
static void the_rate_of_a_parent_is_that_of_its_children(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  const peal_event_rate slow = {.per_s = 1, .burst = 2}, none = {0};
  assert_int_equal(peal_nsp_set_event_rate(parent, &slow), PEAL_OK);
  assert_int_equal(
      peal_nsp_set_event_rate(peal_server_of(it.server, "/d2"), &none),
      PEAL_OK);
  assert_int_equal(peal_on(parent, "x", on_event, word_a), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/d1", NULL));
  assert_true(sio_client_join(&client, "/d2", NULL));
  for (int i = 0; i < 5; i++)
    assert_true(sio_client_send(&client, "42/d1,[\"x\"]"));
  for (int i = 0; i < 3; i++)
    assert_true(sio_client_send(&client, "42/d2,[\"x\"]"));
  trace_await("a x in /d2\na x in /d2\na x in /d2\n");
  peal_server_stats stats;
  peal_server_stats_get(it.server, &stats);
  assert_in_range(stats.rate_limited, 1, 3);
  sio_client_close(&client);
  server_stop(&it);
}

static void one_event_for_all_children_is_one_event(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_once(parent, "x", on_event, word_a), PEAL_OK);
  assert_int_equal(peal_on(parent, "y", on_event, word_a), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/d1", NULL));
  assert_true(sio_client_join(&client, "/d2", NULL));
  assert_true(sio_client_send(&client, "42/d2,[\"x\"]"));
  assert_true(sio_client_send(&client, "42/d1,[\"x\"]"));
  assert_true(sio_client_join(&client, "/d3", NULL));
  assert_true(sio_client_send(&client, "42/d3,[\"x\"]"));
  assert_true(sio_client_send(&client, "42/d3,[\"y\"]"));
  trace_expect("a x in /d2\na y in /d3\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* -- to all children ---------------------------------------------------------------- */

static void on_fetched(const peal_fetched *fetched, void *user) {
  (void)fetched;
  (void)user;
}

static void on_acks(const peal_acks *acks, void *user) {
  (void)acks;
  (void)user;
}

static void what_is_said_to_a_parent_reaches_all_its_children(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 2;
  server_fixture it = server_make(&opts);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  server_trace_ends(parent);
  assert_int_equal(peal_nsp_emit(parent, NULL, "nobody", PEAL_NO_ARGS),
                   PEAL_OK);
  server_run(&it);
  sio_client a, b;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_open(&b, it.port, SIO_POLLING));
  assert_true(sio_client_join(&a, "/d1", NULL));
  assert_true(sio_client_join(&b, "/d2", NULL));
  assert_int_equal(peal_nsp_emit(parent, NULL, "hi", PEAL_ARGS(peal_int(1))),
                   PEAL_OK);
  assert_true(sio_client_expect(&a, "42/d1,[\"hi\",1]"));
  assert_true(sio_client_expect(&b, "42/d2,[\"hi\",1]"));
  assert_int_equal(peal_nsp_join(parent, NULL, "r"), PEAL_OK);
  peal_nsp *d1 = peal_server_find(it.server, "d1");
  assert_int_equal(peal_nsp_leave(d1, NULL, "r"), PEAL_OK);
  peal_nsp_unref(d1);
  assert_int_equal(peal_nsp_emit(parent, &(peal_to){.rooms = PEAL_ROOMS("r")},
                                 "room", PEAL_NO_ARGS),
                   PEAL_OK);
  assert_true(sio_client_expect(&b, "42/d2,[\"room\"]"));
  assert_int_equal(peal_nsp_disconnect(parent, NULL, false), PEAL_OK);
  assert_true(sio_client_expect(&a, "41/d1,"));
  assert_true(sio_client_expect(&b, "41/d2,"));
  assert_true(server_has_sockets(&it, 0));
  assert_int_equal(peal_nsp_fetch(parent, NULL, on_fetched, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_fetch_count(parent, NULL, on_fetched, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(
      peal_nsp_emit_ack(parent, NULL, "x", PEAL_NO_ARGS, 0, on_acks, NULL),
      PEAL_ERR_USAGE);
  assert_int_equal(peal_nsp_server_emit(parent, "x", PEAL_NO_ARGS),
                   PEAL_ERR_USAGE);
  sio_client_close(&a);
  sio_client_close(&b);
  server_stop(&it);
}

/* -- made by the program -------------------------------------------------------------- */

static void refuse(peal_socket *socket, peal_next *next, void *user) {
  (void)socket;
  peal_next_refuse(next, user, peal_undefined());
}

static char no_word[] = "not you";

static void on_make(peal_socket *socket, const peal_event *event, void *user) {
  (void)user;
  peal_server *server = peal_nsp_server(peal_socket_nsp(socket));
  peal_nsp *nsp = peal_server_of(server, "/guarded");
  assert_non_null(nsp);
  assert_int_equal(peal_use(nsp, refuse, no_word), PEAL_OK);
  peal_ack(event, PEAL_NO_ARGS);
}

/* Whoever comes sees what was registered in the turn that made it. */
static void what_a_turn_makes_is_set_up_when_the_first_comes(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 4;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on(it.root, "make", on_make, NULL), PEAL_OK);
  server_run(&it);
  sio_client maker, others[8];
  assert_true(sio_client_start(&maker, it.port, SIO_WEBSOCKET));
  for (int i = 0; i < 8; i++)
    assert_true(sio_client_open(&others[i], it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&maker, "421[\"make\"]"));
  assert_true(sio_client_expect(&maker, "431[]"));
  for (int i = 0; i < 8; i++)
    assert_true(is_refused(&others[i], "/guarded", no_word));
  for (int i = 0; i < 8; i++)
    sio_client_close(&others[i]);
  sio_client_close(&maker);
  server_stop(&it);
}

static void one_made_by_name_belongs_to_a_pattern_that_it_matches(
    void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *by_fn = peal_server_of_fn(it.server, by_auth, word_a);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_on_connect(parent, on_connect, word_a), PEAL_OK);
  peal_nsp *d1 = peal_server_of(it.server, "/d1");
  assert_int_equal(peal_nsp_child_count(parent), 1);
  assert_int_equal(peal_nsp_child_count(by_fn), 0);
  assert_int_equal(peal_on_connect(d1, on_connect, word_b), PEAL_OK);
  server_run(&it);
  sio_client client;
  assert_true(sio_client_open(&client, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&client, "/d1", NULL));
  trace_expect("a in /d1\nb in /d1\n");
  sio_client_close(&client);
  server_stop(&it);
}

/* -- the end ------------------------------------------------------------------------- */

static void on_made(peal_nsp *nsp, void *user) {
  (void)user;
  trace_add("made %s", peal_nsp_name(nsp));
}

static void on_ended(peal_nsp *nsp, void *user) {
  (void)user;
  trace_add("ended %s", peal_nsp_name(nsp));
}

static server_fixture cleaning(unsigned workers) {
  peal_server_opts opts = server_opts();
  opts.workers = workers;
  opts.cleanup_empty_namespaces = true;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on_namespace(it.server, on_made, on_ended, NULL),
                   PEAL_OK);
  return it;
}

static void a_child_ends_with_its_last_socket(void **state) {
  (void)state;
  server_fixture it = cleaning(4);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_on_connect(parent, on_connect, word_a), PEAL_OK);
  server_run(&it);
  sio_client a, b;
  for (int i = 0; i < 3; i++) {
    assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_open(&b, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_join(&a, "/d1", NULL));
    assert_true(sio_client_join(&b, "/d1", NULL));
    trace_expect("made /d1\na in /d1\na in /d1\n");
    assert_true(sio_client_send(&a, "41/d1,"));
    assert_true(server_has_sockets(&it, 1));
    assert_int_equal(peal_nsp_child_count(parent), 1);
    sio_client_close(&b);
    trace_expect("ended /d1\n");
    assert_int_equal(peal_nsp_child_count(parent), 0);
    assert_null(peal_server_find(it.server, "/d1"));
    sio_client_close(&a);
  }
  server_stop(&it);
}

static void a_child_ends_if_its_only_socket_was_refused(void **state) {
  (void)state;
  server_fixture it = cleaning(1);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_use(parent, refuse, no_word), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(is_refused(&a, "/d1", no_word));
  trace_expect("made /d1\nended /d1\n");
  assert_int_equal(peal_nsp_child_count(parent), 0);
  sio_client_close(&a);
  server_stop(&it);
}

static void what_was_asked_for_by_name_never_ends(void **state) {
  (void)state;
  server_fixture it = cleaning(1);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  server_run(&it);
  sio_client a;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&a, "/d1", NULL));
  trace_expect("made /d1\n");
  peal_nsp *d1 = peal_server_of(it.server, "/d1");
  assert_non_null(d1);
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(peal_nsp_child_count(parent), 1);
  assert_int_equal(peal_nsp_emit(d1, NULL, "x", PEAL_NO_ARGS), PEAL_OK);
  server_stop(&it);
}

static void without_cleaning_up_children_stay(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  server_run(&it);
  sio_client a;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&a, "/d1", NULL));
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(peal_nsp_child_count(parent), 1);
  server_stop(&it);
}

/* What outlives a child is harmless: references to it, and to its sockets. */
static peal_socket_ref kept_ref;

static peal_err keep_ref(peal_socket *socket, void *user) {
  (void)user;
  kept_ref = peal_ref_of(socket);
  return PEAL_OK;
}

static void references_outlive_a_child(void **state) {
  (void)state;
  server_fixture it = cleaning(2);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_on_connect(parent, keep_ref, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&a, "/d1", NULL));
  trace_expect("made /d1\n");
  peal_socket_ref old = kept_ref;
  assert_int_equal(peal_ref_emit(old, "x", PEAL_NO_ARGS), PEAL_OK);
  assert_true(sio_client_expect(&a, "42/d1,[\"x\"]"));
  peal_nsp *d1 = peal_server_find(it.server, "/d1");
  assert_true(sio_client_send(&a, "41/d1,"));
  trace_expect("ended /d1\n");
  assert_string_equal(peal_nsp_name(d1), "/d1");
  assert_int_equal(peal_nsp_emit(d1, NULL, "x", PEAL_NO_ARGS), PEAL_OK);
  peal_nsp_unref(d1);
  /* Another one, perhaps in its place: the old word reaches nobody in it. */
  assert_true(sio_client_join(&a, "/d2", NULL));
  trace_expect("made /d2\n");
  assert_int_equal(peal_ref_emit(old, "old", PEAL_NO_ARGS), PEAL_OK);
  assert_int_equal(peal_ref_disconnect(old, true), PEAL_OK);
  assert_int_equal(peal_nsp_emit(parent, NULL, "new", PEAL_NO_ARGS), PEAL_OK);
  assert_true(sio_client_expect(&a, "42/d2,[\"new\"]"));
  sio_client_close(&a);
  trace_expect("ended /d2\n");
  server_stop(&it);
}

/* So is a reply to what came in it. */
static peal_reply *kept_reply;
static peal_worker *kept_worker;

static void keep_reply(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)socket;
  (void)user;
  kept_reply = peal_ack_later(event);
  kept_worker = peal_worker_self();
  assert_non_null(kept_reply);
  trace_add("asked");
}

static void say_reply(peal_worker *worker, void *user) {
  (void)worker;
  assert_int_equal(peal_reply_send(user, PEAL_ARGS(peal_str("late"))), PEAL_OK);
  trace_add("answered");
}

static void replies_outlive_a_child(void **state) {
  (void)state;
  server_fixture it = cleaning(2);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_on(parent, "x", keep_reply, NULL), PEAL_OK);
  server_run(&it);
  for (int again = 0; again < 2; again++) {
    sio_client a, other;
    assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_join(&a, "/d1", NULL));
    assert_true(sio_client_send(&a, "42/d1,7[\"x\"]"));
    trace_expect("made /d1\nasked\n");
    assert_true(sio_client_send(&a, "41/d1,"));
    trace_expect("ended /d1\n");
    usleep(20000); /* its workers have given back what they had */
    if (again) {   /* another one in its place */
      assert_true(sio_client_open(&other, it.port, SIO_WEBSOCKET));
      assert_true(sio_client_join(&other, "/d2", NULL));
      trace_expect("made /d2\n");
    }
    assert_int_equal(peal_worker_post(kept_worker, say_reply, kept_reply),
                     PEAL_OK);
    trace_expect("answered\n");
    if (again) {
      assert_true(sio_client_silent(&other, 50));
      sio_client_close(&other);
      trace_expect("ended /d2\n");
    }
    sio_client_close(&a);
  }
  server_stop(&it);
}

/* Who may come back keeps the namespace. */
static void a_child_waits_for_those_who_may_come_back(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 2;
  opts.cleanup_empty_namespaces = true;
  opts.recovery.window_ms = 1500;
  server_fixture it = server_make(&opts);
  assert_int_equal(peal_on_namespace(it.server, on_made, on_ended, NULL),
                   PEAL_OK);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  server_run(&it);
  sio_client a;
  char pid[64], auth[160];
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&a, "/d1", NULL));
  const char *at = strstr(a.current->data, "\"pid\":\"");
  assert_int_equal(sscanf(at, "\"pid\":\"%63[^\"]", pid), 1);
  char id[64];
  memcpy(id, a.socket_id, sizeof id);
  sio_client_reset(&a);
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(peal_nsp_child_count(parent), 1);
  trace_expect("made /d1\n");
  snprintf(auth, sizeof auth, "{\"pid\":\"%s\"}", pid);
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&a, "/d1", auth));
  assert_string_equal(a.socket_id, id);
  sio_client_reset(&a);
  trace_expect("ended /d1\n"); /* behind the window */
  assert_int_equal(peal_nsp_child_count(parent), 0);
  server_stop(&it);
}

/* -- many of them ---------------------------------------------------------------------- */

static void a_parent_has_no_more_children_than_it_may(void **state) {
  (void)state;
  server_fixture it = server_make(NULL);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_nsp_set_max_children(parent, 2), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  assert_true(sio_client_join(&a, "/d1", NULL));
  assert_true(sio_client_join(&a, "/d2", NULL));
  assert_true(is_refused(&a, "/d3", "too many namespaces"));
  assert_int_equal(peal_nsp_child_count(parent), 2);
  sio_client_close(&a);
  server_stop(&it);
}

/* Bytes that are taken at the moment, of the whole process. */
static atomic_size_t taken;

static void *count_resize(void *user, void *ptr, size_t size) {
  max_align_t *head = ptr ? (max_align_t *)ptr - 1 : NULL;
  (void)user;
  size_t before = head ? *(size_t *)head : 0;
  head = realloc(head, size + sizeof *head);
  if (!head)
    return NULL;
  *(size_t *)head = size;
  atomic_fetch_add(&taken, size - before);
  return head + 1;
}

static void *count_alloc(void *user, size_t size) {
  return count_resize(user, NULL, size);
}

static void count_release(void *user, void *ptr) {
  max_align_t *head = ptr ? (max_align_t *)ptr - 1 : NULL;
  (void)user;
  if (head)
    atomic_fetch_sub(&taken, *(size_t *)head);
  free(head);
}

static peal_err deny(peal_socket *socket, void *user) {
  (void)user;
  return peal_refuse(socket, "no", peal_undefined());
}

/* Names that nobody else will ever ask for cost nothing behind their refusal,
 * and the last costs no more time than the first. */
static void names_without_end_cost_nothing(void **state) {
  (void)state;
  const peal_mem mem = {count_alloc, count_resize, count_release, NULL};
  peal_server_opts opts = server_opts();
  opts.mem = &mem;
  opts.cleanup_empty_namespaces = true;
  server_fixture it = server_make(&opts);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_on_connect(parent, deny, NULL), PEAL_OK);
  server_run(&it);
  sio_client a;
  assert_true(sio_client_open(&a, it.port, SIO_WEBSOCKET));
  size_t early = 0;
  for (int i = 0; i < 100000; i++) {
    char text[64];
    /* One that a parent has, and one that nobody has. */
    snprintf(text, sizeof text, "40/%c%d,", i & 1 ? 'd' : 'n', i);
    assert_true(sio_client_send(&a, text));
    if (i % 100 == 99)
      for (int k = 0; k < 100; k++)
        assert_non_null(sio_client_next(&a, 5000));
    if (i == 9999)
      early = atomic_load(&taken);
  }
  size_t late = atomic_load(&taken);

  assert_true(late < early + (1u << 20)); /* some are on their way */
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  assert_int_equal(peal_nsp_child_count(parent), 0);
  server_stop(&it);
  assert_int_equal(atomic_load(&taken), 0);
}

/* -- several workers at one time --------------------------------------------------------- */

#define RACERS 8

static atomic_int made_count, ended_count, in_count;

static void count_made(peal_nsp *nsp, void *user) {
  (void)user;
  atomic_fetch_add(&made_count, 1);
  if (peal_nsp_name(nsp)[1] == 'd')
    assert_int_equal(peal_on_connect(nsp, keep_ref, NULL), PEAL_OK);
}

static void count_ended(peal_nsp *nsp, void *user) {
  (void)nsp;
  (void)user;
  atomic_fetch_add(&ended_count, 1);
}

static peal_err count_in(peal_socket *socket, void *user) {
  (void)socket;
  (void)user;
  atomic_fetch_add(&in_count, 1);
  return PEAL_OK;
}

typedef struct racer {
  pthread_t thread;
  unsigned port;
  bool ok;
} racer;

static void *race(void *user) {
  racer *it = user;
  sio_client client;
  it->ok = true;
  for (int i = 0; i < 30 && it->ok; i++) {
    char name[32];
    snprintf(name, sizeof name, "/d%d", i / 3);
    it->ok = sio_client_open(&client, it->port, SIO_WEBSOCKET) &&
             sio_client_join(&client, name, NULL);
    sio_client_close(&client);
  }
  return NULL;
}

/* Joins, ends, and new ones of the same names, from four workers; and all the
 * while something is registered, and said to all. */
static void many_ask_for_the_same_new_names_at_one_time(void **state) {
  (void)state;
  peal_server_opts opts = server_opts();
  opts.workers = 4;
  opts.cleanup_empty_namespaces = true;
  server_fixture it = server_make(&opts);
  peal_nsp *parent = peal_server_of_pattern(it.server, "^/d");
  assert_int_equal(peal_on_connect(parent, count_in, NULL), PEAL_OK);
  assert_int_equal(peal_on_namespace(it.server, count_made, count_ended, NULL),
                   PEAL_OK);
  server_run(&it);
  racer racers[RACERS];
  for (int i = 0; i < RACERS; i++) {
    racers[i].port = it.port;
    assert_int_equal(pthread_create(&racers[i].thread, NULL, race, &racers[i]),
                     0);
  }
  for (int i = 0; i < 100; i++) {
    assert_int_equal(peal_on(parent, "x", on_event, word_a), PEAL_OK);
    (void)peal_nsp_emit(parent, NULL, "y", PEAL_NO_ARGS);
    assert_int_equal(peal_off(parent, "x", on_event, word_a), PEAL_OK);
    peal_nsp *one = peal_server_find(it.server, "/d3");
    peal_nsp_unref(one);
    usleep(1000);
  }
  for (int i = 0; i < RACERS; i++) {
    pthread_join(racers[i].thread, NULL);
    assert_true(racers[i].ok);
  }
  assert_true(server_has_clients(&it, 0));
  for (int i = 0; i < 5000 && atomic_load(&made_count) != ended_count; i++)
    usleep(1000);
  assert_int_equal(atomic_load(&in_count), RACERS * 30);
  assert_int_equal(atomic_load(&made_count), atomic_load(&ended_count));
  assert_true(atomic_load(&made_count) >= 10);
  assert_int_equal(peal_nsp_child_count(parent), 0);
  server_stop(&it);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_pattern_makes_the_children_that_clients_ask_for),
      cmocka_unit_test(what_is_no_pattern_is_no_parent),
      cmocka_unit_test(parents_are_asked_in_the_order_of_their_registration),
      cmocka_unit_test(a_namespace_of_its_own_goes_before_every_parent),
      cmocka_unit_test(a_function_says_which_names_there_may_be),
      cmocka_unit_test(one_that_denies_lets_the_next_decide),
      cmocka_unit_test(a_function_may_answer_later),
      cmocka_unit_test(an_answer_behind_the_end_of_its_client_is_dropped),
      cmocka_unit_test(a_function_that_never_answers_leaves_nothing_behind),
      cmocka_unit_test(what_comes_later_to_a_parent_comes_to_its_children),
      cmocka_unit_test(the_rate_of_a_parent_is_that_of_its_children),
      cmocka_unit_test(one_event_for_all_children_is_one_event),
      cmocka_unit_test(what_is_said_to_a_parent_reaches_all_its_children),
      cmocka_unit_test(what_a_turn_makes_is_set_up_when_the_first_comes),
      cmocka_unit_test(one_made_by_name_belongs_to_a_pattern_that_it_matches),
      cmocka_unit_test(a_child_ends_with_its_last_socket),
      cmocka_unit_test(a_child_ends_if_its_only_socket_was_refused),
      cmocka_unit_test(what_was_asked_for_by_name_never_ends),
      cmocka_unit_test(without_cleaning_up_children_stay),
      cmocka_unit_test(references_outlive_a_child),
      cmocka_unit_test(replies_outlive_a_child),
      cmocka_unit_test(a_child_waits_for_those_who_may_come_back),
      cmocka_unit_test(a_parent_has_no_more_children_than_it_may),
      cmocka_unit_test(names_without_end_cost_nothing),
      cmocka_unit_test(many_ask_for_the_same_new_names_at_one_time),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
