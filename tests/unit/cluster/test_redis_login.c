/* SPDX-License-Identifier: MIT */
#include "../net/tls_fixture.h"
#include "redis_fixture.h"

/* Who is let in, and what is said to who is not. */

static void open_with_password(redis_server *server) {
  redis_server_open(server);
  redis_say(server, "CONFIG SET requirepass s3cret:@/", "OK");
}

static void connect_as(redis_scene *it, const redis_server *server,
                       const char *user, const char *behind) {
  redis_scene_set(it);
  snprintf(it->url, sizeof(it->url), "redis://%s127.0.0.1:%u%s", user,
           server->port, behind);
  redis_scene_connect(it);
}

static void the_password_opens(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  open_with_password(&server);
  connect_as(&it, &server, ":s3cret:%40%2F@", "");
  redis_scene_await_up(&it, 1);
  assert_int_equal(redis_command(&it, NULL, "ECHO hi"), PEAL_OK);
  redis_scene_close(&it);
  redis_server_close(&server);
}

/* One line, and no more tries than every 6 times the longest wait. */
static void a_wrong_password_is_one_line_and_is_tried_rarely(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  open_with_password(&server);
  connect_as(&it, &server, ":wrongword@", "");
  assert_true(net_wait(&it.lines, 1));
  assert_true(redis_log_has(&it, "user and password are not right (WRONGPASS"));
  assert_false(redis_log_has(&it, "wrongword"));
  uv_sleep(150);
  assert_int_equal(atomic_load(&it.lines), 1);
  net_sync(it.worker);
  assert_non_null(strstr(redis_look(&it).words, "WRONGPASS"));
  /* When it is mended it is found, without a new start. */
  char said[64];
  assert_true(redis_ask_port(server.port,
                             "AUTH s3cret:@/\r\nCONFIG SET requirepass "
                             "wrongword",
                             said, sizeof(said)));
  redis_scene_await_up(&it, 1);
  redis_scene_close(&it);
  redis_server_close(&server);
}

static void a_password_that_is_missing_is_said(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  open_with_password(&server);
  connect_as(&it, &server, "", "");
  assert_true(net_wait(&it.lines, 1));
  assert_true(redis_log_has(&it, "it wants a password (NOAUTH"));
  redis_scene_close(&it);
  redis_server_close(&server);
}

/* A user of few rights: what is only nice to know is not asked for in vain. */
static void a_user_may_have_the_rights_it_needs_and_no_more(void **state) {
  redis_server server;
  redis_scene it;
  (void)state;
  redis_server_open(&server);
  redis_say(&server,
            "ACL SETUSER peal on >pw -@all +publish +subscribe +ping "
            "resetchannels &a*",
            "OK");
  connect_as(&it, &server, "peal:pw@", "");
  redis_scene_await_up(&it, 1);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a1");
  assert_int_equal(redis_command(&it, NULL, "PING"), PEAL_OK);
  for (int i = 0; i < 3000 && !atomic_load(&it.messages); i++) {
    assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a1", "x"),
                     PEAL_OK);
    uv_sleep(1);
  }
  assert_true(net_wait(&it.messages, 1));
  assert_int_equal(redis_look(&it).version, 0); /* INFO is not allowed */
  /* A channel that is not the user's. */
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "b");
  assert_true(net_wait(&it.downs, 1));
  net_sync(it.worker);
  assert_non_null(strstr(it.words, "the user may not do this (ACL)"));
  redis_unsubscribe(&it, PEAL_REDIS_CHANNEL, "b");
  redis_scene_await_up(&it, 2);
  redis_scene_close(&it);
  redis_server_close(&server);
}

/* -- TLS ------------------------------------------------------------------- */

typedef struct secure {
  redis_server server;
  tls_files ca_files, own_files;
  tls_pair ca, own;
  char port[16];
  unsigned tls_port;
} secure;

static void open_secure(secure *it, const char *names) {
  tls_files_open(&it->ca_files);
  tls_files_open(&it->own_files);
  it->ca = tls_make("test authority", NULL);
  it->own = tls_make(names, &it->ca);
  tls_write(it->ca_files.cert, it->ca_files.key, &it->ca);
  tls_write(it->own_files.cert, it->own_files.key, &it->own);
  redis_server_set(&it->server);
  it->tls_port = redis_free_port();
  snprintf(it->port, sizeof(it->port), "%u", it->tls_port);
  const char *args[] = {"--tls-port",
                        it->port,
                        "--tls-cert-file",
                        it->own_files.cert,
                        "--tls-key-file",
                        it->own_files.key,
                        "--tls-ca-cert-file",
                        it->ca_files.cert,
                        "--tls-auth-clients",
                        "no",
                        NULL};
  memcpy(it->server.args, args, sizeof(args));
  redis_server_run(&it->server);
}

static void close_secure(secure *it) {
  redis_server_close(&it->server);
  tls_unmake(&it->ca);
  tls_unmake(&it->own);
  tls_files_close(&it->ca_files);
  tls_files_close(&it->own_files);
}

static void tls_is_spoken_and_checked(void **state) {
  secure s;
  redis_scene it;
  (void)state;
  open_secure(&s, "IP:127.0.0.1");
  redis_scene_set(&it);
  snprintf(it.url, sizeof(it.url), "rediss://127.0.0.1:%u?ssl_ca_certs=%s",
           s.tls_port, s.ca_files.cert);
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  redis_subscribe(&it, PEAL_REDIS_CHANNEL, "a");
  assert_int_equal(redis_count(&it, PEAL_REDIS_CHANNEL, "a"), 1);
  static char large[300000];
  memset(large, 'z', sizeof(large) - 1);
  assert_int_equal(redis_publish(&it, PEAL_REDIS_CHANNEL, "a", large), PEAL_OK);
  assert_true(net_wait(&it.messages, 1));
  redis_scene_close(&it);
  /* Its files by the options. */
  redis_scene_set(&it);
  const peal_client_tls tls = {.ca_file = s.ca_files.cert};
  it.opts.tls = &tls;
  snprintf(it.url, sizeof(it.url), "rediss://127.0.0.1:%u", s.tls_port);
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  redis_scene_close(&it);
  close_secure(&s);
}

static void a_certificate_that_is_not_believed_is_said(void **state) {
  secure s;
  redis_scene it;
  (void)state;
  open_secure(&s, "DNS:other.test");
  redis_scene_set(&it); /* the system's authorities know nothing of it */
  snprintf(it.url, sizeof(it.url), "rediss://127.0.0.1:%u", s.tls_port);
  redis_scene_connect(&it);
  assert_true(net_wait(&it.lines, 1));
  net_sync(it.worker);
  assert_int_equal(atomic_load(&it.ups), 0);
  redis_scene_close(&it);
  redis_scene_set(&it); /* another's */
  snprintf(it.url, sizeof(it.url), "rediss://127.0.0.1:%u?ssl_ca_certs=%s",
           s.tls_port, s.ca_files.cert);
  redis_scene_connect(&it);
  assert_true(net_wait(&it.lines, 1));
  assert_true(redis_log_has(&it, "is for another host: it names other.test"));
  redis_scene_close(&it);
  redis_scene_set(&it);
  snprintf(it.url, sizeof(it.url), "rediss://127.0.0.1:%u?ssl_cert_reqs=none",
           s.tls_port);
  redis_scene_connect(&it);
  redis_scene_await_up(&it, 1);
  redis_scene_close(&it);
  close_secure(&s);
}

/* A plain port that is spoken to in TLS, and the other way round. */
static void the_wrong_port_ends_in_words(void **state) {
  secure s;
  redis_scene it;
  (void)state;
  open_secure(&s, "IP:127.0.0.1");
  for (int i = 0; i < 2; i++) {
    redis_scene_set(&it);
    it.opts.connect_ms = 1000;
    it.opts.idle_ms = 300;
    snprintf(it.url, sizeof(it.url), "%s://127.0.0.1:%u",
             i ? "redis" : "rediss", i ? s.tls_port : s.server.port);
    redis_scene_connect(&it);
    assert_true(net_wait(&it.lines, 1));
    net_sync(it.worker);
    assert_true(redis_look(&it).words[0] != 0);
    assert_int_equal(atomic_load(&it.ups), 0);
    redis_scene_close(&it);
  }
  close_secure(&s);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_password_opens),
      cmocka_unit_test(a_wrong_password_is_one_line_and_is_tried_rarely),
      cmocka_unit_test(a_password_that_is_missing_is_said),
      cmocka_unit_test(a_user_may_have_the_rights_it_needs_and_no_more),
      cmocka_unit_test(tls_is_spoken_and_checked),
      cmocka_unit_test(a_certificate_that_is_not_believed_is_said),
      cmocka_unit_test(the_wrong_port_ends_in_words),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
