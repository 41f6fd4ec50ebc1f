/* SPDX-License-Identifier: MIT */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>

#include <peal/kit_sim.h>
#include <peal/server.h>

/* ---- dice ------------------------------------------------------------------ */

static void the_same_seed_gives_the_same_dice(void **state) {
  (void)state;
  peal_kit_dice a, b, other;
  peal_kit_dice_init(&a, 7, 1);
  peal_kit_dice_init(&b, 7, 1);
  peal_kit_dice_init(&other, 7, 2);
  int same = 0;
  for (int i = 0; i < 1000; i++) {
    uint32_t thrown = peal_kit_dice_u32(&a);
    assert_int_equal(thrown, peal_kit_dice_u32(&b));
    same += thrown == peal_kit_dice_u32(&other);
    double share = peal_kit_dice_share(&a);
    assert_true(share >= 0 && share < 1);
    (void)peal_kit_dice_share(&b);
  }
  assert_true(same < 5);
}

/* ---- devices with sockets -------------------------------------------------- */

typedef struct seen {
  pthread_mutex_t lock;
  unsigned levels, bad, connects;
} seen;

static void on_level(peal_socket *socket, const peal_event *event, void *user) {
  seen *all = user;
  (void)socket;
  bool is_good =
      peal_val_is_number(peal_val_get(peal_event_arg(event, 0), "level"));
  pthread_mutex_lock(&all->lock);
  all->levels += is_good;
  all->bad += !is_good;
  pthread_mutex_unlock(&all->lock);
  (void)peal_ack(event,
                 PEAL_ARGS(PEAL_OBJECT(
                     {"status", peal_str(is_good ? "success" : "error")})));
}

static peal_err on_connect(peal_socket *socket, void *user) {
  seen *all = user;
  peal_val auth = peal_socket_auth(socket);
  bool is_known =
      peal_slice_starts(peal_val_str(peal_val_get(auth, "device_id")), "SIM") &&
      peal_slice_is(peal_val_str(peal_val_get(auth, "device_key")), "a key");
  pthread_mutex_lock(&all->lock);
  all->connects += is_known;
  pthread_mutex_unlock(&all->lock);
  return is_known ? PEAL_OK : PEAL_ERR_CLOSED;
}

static void *serve(void *user) {
  peal_server_run(user);
  return NULL;
}

typedef struct own {
  int made;
} own;

static unsigned done_count;

static bool make(peal_kit_sim_job *out, const peal_kit_sim_who *who) {
  char text[64];
  own *me = who->more;
  out->event = "level";
  me->made++;
  snprintf(text, sizeof text,
           out->fault == PEAL_KIT_SIM_BAD ? "{\"level\":" : "{\"level\":%d}",
           me->made);
  out->body = (uint8_t *)strdup(text);
  out->len = strlen(text);
  return out->body != NULL;
}

static void on_done(const peal_kit_sim_job *job, const char *text,
                    const peal_kit_sim_who *who) {
  assert_string_equal(job->event, "level");
  assert_string_equal(text, "{\"status\":\"success\"}");
  assert_true(((const own *)who->more)->made > 0);
  done_count++;
}

static void devices_speak_over_sockets_and_come_back(void **state) {
  (void)state;
  static const peal_kit_sim_kind kinds[] = {{"level", 0.02, false}};
  seen all = {.lock = PTHREAD_MUTEX_INITIALIZER};
  char url[64];
  pthread_t thread;
  peal_server *server = peal_server_new(
      &(peal_server_opts){.host = "127.0.0.1", .port = PEAL_PORT_ANY});
  assert_non_null(server);
  peal_nsp *nsp = peal_server_of(server, "/");
  assert_int_equal(peal_on(nsp, "level", on_level, &all), PEAL_OK);
  assert_int_equal(peal_on_connect(nsp, on_connect, &all), PEAL_OK);
  snprintf(url, sizeof url, "http://127.0.0.1:%u",
           peal_http_server_port(peal_server_http(server)));
  assert_int_equal(pthread_create(&thread, NULL, serve, server), 0);
  int code = peal_kit_sim_run(&(peal_kit_sim_opts){.program = "test",
                                                   .url = url,
                                                   .key = "a key",
                                                   .devices = 3,
                                                   .duration_s = 3,
                                                   .fault_drop = 0.05,
                                                   .fault_bad = 0.2,
                                                   .seed = 1,
                                                   .quiet = true,
                                                   .has_events = true,
                                                   .kinds = kinds,
                                                   .kind_count = 1,
                                                   .more_bytes = sizeof(own),
                                                   .make = make,
                                                   .on_done = on_done});
  peal_server_stop(server);
  pthread_join(thread, NULL);
  peal_server_free(server);
  assert_int_equal(code, 0);
  assert_true(done_count > 0);
  assert_true(all.levels >= done_count);
  assert_true(all.bad > 0);
  assert_true(all.connects > 3); // those that were dropped came back
}

static void nobody_there_is_an_exit_code(void **state) {
  (void)state;
  static const peal_kit_sim_kind kinds[] = {{"level", 0.02, false}};
  assert_int_equal(
      peal_kit_sim_run(&(peal_kit_sim_opts){.program = "test",
                                            .url = "http://127.0.0.1:1",
                                            .devices = 1,
                                            .duration_s = 0.2,
                                            .quiet = true,
                                            .has_events = true,
                                            .kinds = kinds,
                                            .kind_count = 1,
                                            .more_bytes = sizeof(own),
                                            .make = make}),
      1);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_same_seed_gives_the_same_dice),
      cmocka_unit_test(devices_speak_over_sockets_and_come_back),
      cmocka_unit_test(nobody_there_is_an_exit_code),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
