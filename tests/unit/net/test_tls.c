/* SPDX-License-Identifier: MIT */
#include "net/stream.h"
#include "net/stream_tls.h"
#include "net/tls.h"
#include "tls_fixture.h"

/* A server's end and a client's, joined without a network. */
typedef struct scene {
  tls_files files;
  tls_pair ca, pair;
  peal_tls *tls;
  SSL_CTX *ctx;
} scene;

static void open_with(scene *it, const peal_tls_opts *more) {
  *it = (scene){0};
  tls_files_open(&it->files);
  it->ca = tls_make("test authority", NULL);
  it->pair = tls_make("DNS:a.test", &it->ca);
  tls_write(it->files.cert, it->files.key, &it->pair);
  peal_tls_opts opts = more ? *more : (peal_tls_opts){0};
  opts.cert_file = it->files.cert;
  opts.key_file = it->files.key;
  peal_tls_problem why;
  if (peal_tls_new(&it->tls, &opts, &why))
    fail_msg("%s", why.text);
  it->ctx = tls_client_ctx(&it->ca);
}

static void close_scene(scene *it) {
  peal_tls_free(it->tls);
  SSL_CTX_free(it->ctx);
  tls_unmake(&it->ca);
  tls_unmake(&it->pair);
  tls_files_close(&it->files);
}

/* Shakes hands; true if both ends are content. */
static bool meet(SSL *client, SSL *server) {
  BIO *a, *b;
  assert_int_equal(BIO_new_bio_pair(&a, 0, &b, 0), 1);
  SSL_set_bio(client, a, a);
  SSL_set_bio(server, b, b);
  int one = 0, other = 0;
  for (int i = 0; i < 20 && (one != 1 || other != 1); i++) {
    one = SSL_connect(client);
    other = SSL_accept(server);
  }
  char byte;
  (void)SSL_read(client, &byte, 1); /* a late alert, tickets */
  return one == 1 && other == 1 && SSL_get_error(client, -1) != SSL_ERROR_SSL;
}

static bool meet_once(scene *it, const char *name, SSL_SESSION **session,
                      bool *resumed) {
  SSL *client = tls_client(it->ctx, -1, name);
  SSL *server = peal_tls_begin(it->tls);
  if (session && *session)
    SSL_set_session(client, *session);
  ERR_clear_error();
  bool ok = meet(client, server);
  if (resumed)
    *resumed = SSL_session_reused(client);
  if (session) {
    SSL_SESSION_free(*session);
    *session = SSL_get1_session(client);
  }
  SSL_shutdown(client);
  SSL_free(client);
  SSL_free(server);
  ERR_clear_error();
  return ok;
}

/* -- files ------------------------------------------------------------------- */

static void expect_problem(const peal_tls_opts *opts, const char *words) {
  peal_tls *tls;
  peal_tls_problem why;
  assert_int_equal(peal_tls_new(&tls, opts, &why), PEAL_ERR_TLS);
  assert_null(tls);
  if (!strstr(why.text, words))
    fail_msg("\"%s\" says nothing of %s", why.text, words);
}

static void a_problem_names_the_file(void **state) {
  scene it;
  char other[96], text[96];
  (void)state;
  open_with(&it, NULL);
  snprintf(other, sizeof(other), "%s/other.key", it.files.dir);
  snprintf(text, sizeof(text), "%s/text", it.files.dir);
  tls_pair pair = tls_make("DNS:b.test", &it.ca);
  char crt[96];
  snprintf(crt, sizeof(crt), "%s/other.crt", it.files.dir);
  tls_write(crt, other, &pair);
  FILE *out = fopen(text, "w");
  fputs("no certificate\n", out);
  fclose(out);
  expect_problem(&(peal_tls_opts){.cert_file = "/nowhere/x.crt"},
                 "/nowhere/x.crt");
  expect_problem(&(peal_tls_opts){.cert_file = "/nowhere/x.crt"},
                 "No such file");
  expect_problem(&(peal_tls_opts){.cert_file = text}, text);
  expect_problem(&(peal_tls_opts){.cert_file = it.files.cert}, it.files.cert);
  expect_problem(
      &(peal_tls_opts){.cert_file = it.files.cert, .key_file = other}, other);
  expect_problem(&(peal_tls_opts){.cert_file = it.files.cert,
                                  .key_file = it.files.key,
                                  .ciphers = "NOTHING-SUCH"},
                 "NOTHING-SUCH");
  expect_problem(&(peal_tls_opts){.cert_file = it.files.cert,
                                  .key_file = it.files.key,
                                  .client_ca_file = text},
                 text);
  tls_unmake(&pair);
  close_scene(&it);
}

static void a_key_with_a_passphrase_is_called_so(void **state) {
  scene it;
  char locked[96];
  (void)state;
  open_with(&it, NULL);
  snprintf(locked, sizeof(locked), "%s/locked.key", it.files.dir);
  tls_pair pair = tls_make("DNS:b.test", &it.ca);
  FILE *out = fopen(locked, "w");
  assert_int_equal(PEM_write_PrivateKey(out, pair.key, EVP_aes_128_cbc(),
                                        (const unsigned char *)"abc", 3, NULL,
                                        NULL),
                   1);
  fclose(out);
  const peal_tls_opts opts = {.cert_file = it.files.cert, .key_file = locked};
  expect_problem(&opts, locked);
  expect_problem(&opts, "passphrase");
  tls_unmake(&pair);
  close_scene(&it);
}

static void options_that_cannot_be_are_refused(void **state) {
  peal_tls *tls;
  (void)state;
  assert_int_equal(peal_tls_new(NULL, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_tls_new(&tls, NULL, NULL), PEAL_ERR_USAGE);
  assert_int_equal(peal_tls_new(&tls, &(peal_tls_opts){0}, NULL),
                   PEAL_ERR_USAGE);
  assert_int_equal(
      peal_tls_new(&tls,
                   &(peal_tls_opts){.cert_file = "x",
                                    .client_cert = PEAL_TLS_CLIENT_REQUIRED},
                   NULL),
      PEAL_ERR_USAGE);
  assert_int_equal(
      peal_tls_new(&tls,
                   &(peal_tls_opts){.cert_file = "x", .reserved = {[7] = 1}},
                   NULL),
      PEAL_ERR_OPTION);
  assert_int_equal(peal_tls_reload(NULL, NULL), PEAL_ERR_USAGE);
  peal_tls_free(NULL);
}

/* -- names ------------------------------------------------------------------- */

static void each_client_gets_the_certificate_of_its_name(void **state) {
  scene it;
  char cert[96], key[96];
  (void)state;
  open_with(&it, NULL);
  snprintf(cert, sizeof(cert), "%s/more.crt", it.files.dir);
  snprintf(key, sizeof(key), "%s/more.key", it.files.dir);
  tls_pair pair = tls_make("DNS:b.test,DNS:*.c.test", &it.ca);
  tls_write(cert, key, &pair);
  peal_tls_free(it.tls);
  const peal_tls_cert more = {.cert_file = cert, .key_file = key};
  assert_int_equal(peal_tls_new(&it.tls,
                                &(peal_tls_opts){.cert_file = it.files.cert,
                                                 .key_file = it.files.key,
                                                 .more = &more,
                                                 .more_count = 1},
                                NULL),
                   PEAL_OK);
  assert_true(meet_once(&it, "a.test", NULL, NULL));
  assert_true(meet_once(&it, "b.test", NULL, NULL));
  assert_true(meet_once(&it, "x.c.test", NULL, NULL));
  assert_false(meet_once(&it, "x.y.c.test", NULL, NULL));
  assert_false(meet_once(&it, "d.test", NULL, NULL));
  assert_true(meet_once(&it, NULL, NULL, NULL));
  tls_unmake(&pair);
  close_scene(&it);
}

static void it_speaks_http_1_1_and_says_so(void **state) {
  static const struct {
    const char *offer;
    bool ok;
  } cases[] = {
      {"\x08http/1.1", true}, {"\x02h2\x08http/1.1", true}, {"\x02h2", false}};

  scene it;
  (void)state;
  open_with(&it, NULL);
  for (size_t i = 0; i < 3; i++) {
    const unsigned char *chosen;
    unsigned len;
    SSL *client = tls_client(it.ctx, -1, "a.test");
    SSL *server = peal_tls_begin(it.tls);
    SSL_set_alpn_protos(client, (const unsigned char *)cases[i].offer,
                        (unsigned)strlen(cases[i].offer));
    assert_int_equal(meet(client, server), cases[i].ok);
    SSL_get0_alpn_selected(client, &chosen, &len);
    if (cases[i].ok)
      assert_memory_equal(chosen, "http/1.1", 8);
    SSL_free(client);
    SSL_free(server);
    ERR_clear_error();
  }
  close_scene(&it);
}

/* -- sessions and reload ----------------------------------------------------- */

static void a_session_is_taken_up_again(void **state) {
  (void)state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    scene it;
    SSL_SESSION *session = NULL;
    bool resumed;
    open_with(&it, NULL);
    SSL_CTX_set_max_proto_version(it.ctx, version);
    assert_true(meet_once(&it, "a.test", &session, &resumed));
    assert_false(resumed);
    assert_true(meet_once(&it, "a.test", &session, &resumed));
    assert_true(resumed);
    /* Also behind a reload: the keys of tickets stay. */
    assert_int_equal(peal_tls_reload(it.tls, NULL), PEAL_OK);
    assert_true(meet_once(&it, "a.test", &session, &resumed));
    assert_true(resumed);
    SSL_SESSION_free(session);
    close_scene(&it);
  }
}

static void a_reload_takes_what_is_there_now(void **state) {
  scene it;
  peal_tls_problem why;
  (void)state;
  open_with(&it, NULL);
  SSL *waiting = peal_tls_begin(it.tls); /* began with the old one */
  assert_true(meet_once(&it, "a.test", NULL, NULL));
  tls_unmake(&it.pair);
  it.pair = tls_make("DNS:new.test", &it.ca);
  tls_write(it.files.cert, it.files.key, &it.pair);
  assert_false(meet_once(&it, "new.test", NULL, NULL));
  assert_int_equal(peal_tls_reload(it.tls, &why), PEAL_OK);
  assert_true(meet_once(&it, "new.test", NULL, NULL));
  assert_false(meet_once(&it, "a.test", NULL, NULL));
  SSL *client = tls_client(it.ctx, -1, "a.test");
  assert_true(meet(client, waiting));
  SSL_free(client);
  SSL_free(waiting);
  /* One that fails changes nothing. */
  assert_int_equal(unlink(it.files.key), 0);
  assert_int_equal(peal_tls_reload(it.tls, &why), PEAL_ERR_TLS);
  assert_non_null(strstr(why.text, it.files.key));
  assert_true(meet_once(&it, "new.test", NULL, NULL));
  close_scene(&it);
}

/* -- clients ----------------------------------------------------------------- */

static void clients_show_what_is_asked_of_them(void **state) {
  scene it;
  char file[96], unused[96];
  (void)state;
  open_with(&it, NULL);
  snprintf(file, sizeof(file), "%s/ca.crt", it.files.dir);
  snprintf(unused, sizeof(unused), "%s/ca.key", it.files.dir);
  tls_write(file, unused, &it.ca);
  tls_pair mine = tls_make("DNS:client", &it.ca);
  tls_pair liar = tls_make("DNS:client", NULL);

  static const struct {
    peal_tls_client_cert ask;
    bool without, with;
  } cases[] = {{PEAL_TLS_CLIENT_NONE, false, true}, /* the default: required */
               {PEAL_TLS_CLIENT_OPTIONAL, true, true},
               {PEAL_TLS_CLIENT_REQUIRED, false, true}};

  for (size_t i = 0; i < 3; i++) {
    peal_tls_free(it.tls);
    assert_int_equal(peal_tls_new(&it.tls,
                                  &(peal_tls_opts){.cert_file = it.files.cert,
                                                   .key_file = it.files.key,
                                                   .client_ca_file = file,
                                                   .client_cert = cases[i].ask},
                                  NULL),
                     PEAL_OK);
    SSL_CTX_free(it.ctx);
    it.ctx = tls_client_ctx(&it.ca);
    assert_int_equal(meet_once(&it, "a.test", NULL, NULL), cases[i].without);
    SSL_CTX_use_certificate(it.ctx, mine.cert);
    SSL_CTX_use_PrivateKey(it.ctx, mine.key);
    assert_int_equal(meet_once(&it, "a.test", NULL, NULL), cases[i].with);
    SSL_CTX_use_certificate(it.ctx, liar.cert);
    SSL_CTX_use_PrivateKey(it.ctx, liar.key);
    assert_false(meet_once(&it, "a.test", NULL, NULL));
  }
  tls_unmake(&mine);
  tls_unmake(&liar);
  close_scene(&it);
}

/* A ticket lets nobody in whose authority is not trusted any more. */
static void a_ticket_does_not_outlive_the_authority(void **state) {
  (void)state;
  for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
    scene it;
    char file[96], unused[96];
    bool resumed;
    SSL_SESSION *session = NULL;
    open_with(&it, NULL);
    snprintf(file, sizeof(file), "%s/ca.crt", it.files.dir);
    snprintf(unused, sizeof(unused), "%s/ca.key", it.files.dir);
    tls_write(file, unused, &it.ca);
    tls_pair mine = tls_make("DNS:client", &it.ca);
    tls_pair other = tls_make("another authority", NULL);
    peal_tls_free(it.tls);
    assert_int_equal(peal_tls_new(&it.tls,
                                  &(peal_tls_opts){.cert_file = it.files.cert,
                                                   .key_file = it.files.key,
                                                   .client_ca_file = file},
                                  NULL),
                     PEAL_OK);
    SSL_CTX_set_max_proto_version(it.ctx, version);
    SSL_CTX_use_certificate(it.ctx, mine.cert);
    SSL_CTX_use_PrivateKey(it.ctx, mine.key);
    assert_true(meet_once(&it, "a.test", &session, &resumed));
    assert_int_equal(peal_tls_reload(it.tls, NULL), PEAL_OK);
    assert_true(meet_once(&it, "a.test", &session, &resumed));
    assert_true(resumed); /* the same authority */
    tls_write(file, unused, &other);
    assert_int_equal(peal_tls_reload(it.tls, NULL), PEAL_OK);
    assert_false(meet_once(&it, "a.test", &session, &resumed));
    assert_false(resumed);
    SSL_SESSION_free(session);
    tls_unmake(&mine);
    tls_unmake(&other);
    close_scene(&it);
  }
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_problem_names_the_file),
      cmocka_unit_test(a_key_with_a_passphrase_is_called_so),
      cmocka_unit_test(options_that_cannot_be_are_refused),
      cmocka_unit_test(each_client_gets_the_certificate_of_its_name),
      cmocka_unit_test(it_speaks_http_1_1_and_says_so),
      cmocka_unit_test(a_session_is_taken_up_again),
      cmocka_unit_test(a_reload_takes_what_is_there_now),
      cmocka_unit_test(clients_show_what_is_asked_of_them),
      cmocka_unit_test(a_ticket_does_not_outlive_the_authority),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
