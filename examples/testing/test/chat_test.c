/* SPDX-License-Identifier: MIT */
/* chat_test: unit tests of the chat, in memory and in a time of their own. */
#undef NDEBUG
#include <assert.h>
#include <string.h>

#include <peal/test.h>

#include "../chat.h"

static peal_server *server;
static peal_test *test;

static void begin(void) {
  server = peal_server_new(&(peal_server_opts){.no_listen = true});
  assert(chat_set_up(server));
  assert(peal_test_new(&test, server) == PEAL_OK);
}

static void end(void) {
  peal_test_free(test); /* with whoever is connected */
  peal_server_free(server);
}

static peal_test_client *join(const char *name) {
  peal_test_client *client = peal_test_connect(
      test, &(peal_test_opts){.auth = PEAL_OBJECT({"name", peal_str(name)})});
  assert(peal_test_is_connected(client, NULL));
  return client;
}

static void what_one_says_the_others_hear(void) {
  begin();
  peal_test_client *ada = join("Ada"), *bob = join("Bob");
  peal_args answer;
  assert(peal_test_emit_ack(ada, NULL, "say", PEAL_ARGS(peal_str("hello")), 0,
                            &answer) == PEAL_OK);
  assert(peal_slice_is(peal_val_str(answer.items[0]), "ok"));
  peal_test_event heard;
  assert(peal_test_received(bob, 0, &heard));
  assert(strcmp(heard.name, "said") == 0 && heard.args.count == 2);
  assert(peal_slice_is(peal_val_str(heard.args.items[0]), "Ada"));
  assert(peal_slice_is(peal_val_str(heard.args.items[1]), "hello"));
  assert(peal_test_count(ada) == 0); /* the others */
  end();
}

static void nobody_comes_without_a_name(void) {
  begin();
  peal_test_client *client = peal_test_connect(test, NULL);
  peal_client_problem why;
  assert(peal_test_refused(client, NULL, &why));
  assert(strcmp(why.text, "who are you?") == 0);
  assert(
      peal_slice_is(peal_val_str(peal_val_get(why.data, "missing")), "name"));
  end();
}

static void who_is_silent_for_five_minutes_has_left(void) {
  begin();
  peal_test_client *ada = join("Ada");
  peal_test_advance(test, 4 * 60 * 1000);
  peal_test_emit(ada, NULL, "say", PEAL_ARGS(peal_str("still here")));
  peal_test_advance(test, 5 * 60 * 1000 - 1);
  assert(peal_test_is_connected(ada, NULL));
  peal_test_advance(test, 1);
  assert(!peal_test_is_connected(ada, NULL));
  assert(peal_test_reason(ada, NULL)[0]);
  end();
}

int main(void) {
  what_one_says_the_others_hear();
  nobody_comes_without_a_name();
  who_is_silent_for_five_minutes_has_left();
  return 0;
}
