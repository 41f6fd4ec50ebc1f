/* SPDX-License-Identifier: MIT */
#include <signal.h>

#include "dial_fixture.h"
#include "net/stream_tls.h"

/* A scene with a TLS peer whose certificate is made as it is told. */
typedef struct secure {
  dial_scene it;
  dial_peer peer;
  tls_pair pair;
} secure;

static void open_secure(secure *s, const char *names, const tls_recipe *as) {
  dial_open_scene(&s->it);
  dial_use_tls(&s->it, NULL);
  s->pair = tls_make_as(names, &s->it.ca, as);
  dial_peer_listen(&s->peer, 64);
  dial_peer_certify(&s->peer, &s->pair);
  s->peer.then = dial_serve_echo;
  dial_peer_run(&s->peer, dial_serve_tls);
  s->it.opts.port = (uint16_t)s->peer.port;
}

static void close_secure(secure *s) {
  dial_peer_close(&s->peer);
  tls_unmake(&s->pair);
  dial_close_scene(&s->it);
}

static const tls_recipe usual = {.usage = NULL};

static void drop_result(secure *s) {
  peal_stream_parcel_close(&s->it.result.parcel);
}

/* -- what is right ----------------------------------------------------------- */

static void the_parcel_is_a_stream_of_any_worker(void **state) {
  static char large[200000];
  secure s;
  (void)state;
  memset(large, 'x', sizeof(large));
  open_secure(&s, "DNS:localhost,IP:127.0.0.1", &usual);
  for (unsigned i = 0; i < 2; i++) {
    dial_expect(&s.it, PEAL_OK, "");
    assert_non_null(strstr(s.it.result.tls, "TLSv1.3"));
    dial_echo(&s.it, peal_workers_get(s.it.net.workers, i), large,
              sizeof(large));
  }
  s.it.opts.host = "localhost";
  dial_expect(&s.it, PEAL_OK, "");
  dial_echo(&s.it, s.it.worker, "hello", 5);
  close_secure(&s);
}

static void tls_1_2_will_do_unless_it_is_refused(void **state) {
  secure s;
  char ca[96];
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  SSL_CTX_set_max_proto_version(s.peer.tls, TLS1_2_VERSION);
  dial_expect(&s.it, PEAL_OK, "");
  assert_non_null(strstr(s.it.result.tls, "TLSv1.2"));
  dial_echo(&s.it, s.it.worker, "hello", 5);
  strcpy(ca, s.it.files.cert);
  dial_use_tls(&s.it, &(peal_client_tls){.ca_file = ca, .tls13_only = true});
  dial_expect(&s.it, PEAL_ERR_TLS_PEER, "no version of TLS in common");
  close_secure(&s);
}

/* A ticket comes behind the handshake: with the first bytes. */
static void the_next_connection_resumes_the_session(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  for (int version = TLS1_3_VERSION; version >= TLS1_2_VERSION; version--) {
    dial_use_tls(&s.it, NULL);
    SSL_CTX_set_max_proto_version(s.peer.tls, version);
    atomic_store(&s.peer.resumed, 0);
    for (int i = 0; i < 4; i++) {
      dial_expect(&s.it, PEAL_OK, "");
      assert_int_equal(strstr(s.it.result.tls, ", resumed") != NULL, i > 0);
      dial_echo(&s.it, s.it.worker, "hello", 5);
    }
    assert_int_equal(atomic_load(&s.peer.resumed), 3);
  }
  close_secure(&s);
}

static void a_wildcard_stands_for_one_label(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "DNS:*.a.test", &usual);
  const char *right[] = {"b.a.test", "b.a.test."};
  const char *wrong[] = {"a.test", "c.b.a.test", "127.0.0.1"};
  char ca[96];
  strcpy(ca, s.it.files.cert);
  for (int i = 0; i < 2; i++) {
    dial_use_tls(&s.it,
                 &(peal_client_tls){.ca_file = ca, .server_name = right[i]});
    dial_expect(&s.it, PEAL_OK, "");
    drop_result(&s);
  }
  for (int i = 0; i < 3; i++) {
    dial_use_tls(&s.it,
                 &(peal_client_tls){.ca_file = ca, .server_name = wrong[i]});
    dial_expect(&s.it, PEAL_ERR_CERT, "is for another host: it names *.a.test");
  }
  close_secure(&s);
}

/* For OpenSSL it would be all names below it, and none at all would be any. */
static void a_name_with_a_dot_in_front_is_none(void **state) {
  peal_tls_client *client;
  peal_tls_problem why;
  secure s;
  (void)state;
  for (int i = 0; i < 3; i++) {
    const char *names[] = {".a.test", ".test", ""};
    assert_int_equal(
        peal_tls_client_new(&client,
                            &(peal_client_tls){.server_name = names[i]}, &why),
        PEAL_ERR_USAGE);
    assert_null(client);
    assert_non_null(strstr(why.text, "server_name"));
  }
  open_secure(&s, "DNS:b.a.test", &usual);
  s.it.opts.tls_name = ".a.test";
  dial_expect(&s.it, PEAL_ERR_CERT,
              "no certificate is for the host \".a.test\"");
  close_secure(&s);
}

static void a_connection_outlives_the_client_it_came_from(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  dial_expect(&s.it, PEAL_OK, "");
  peal_tls_client_free(s.it.tls);
  s.it.tls = NULL;
  dial_echo(&s.it, s.it.worker, "hello", 5); /* tickets come in it */
  close_secure(&s);
}

/* -- certificates that are not believed -------------------------------------- */

typedef struct refusal {
  const char *names;
  tls_recipe as;
  const char *words[3];
} refusal;

static void a_wrong_certificate_is_refused_in_words_that_help(void **state) {
  static const refusal all[] = {
      {"IP:127.0.0.1",
       {.from_s = -30l * 86400, .until_s = -20l * 86400},
       {"127.0.0.1 expired on 20", "today is 20"}},
      {"IP:127.0.0.1",
       {.from_s = 20l * 86400, .until_s = 30l * 86400},
       {"is not valid before 20", "here it is 20"}},
      {"DNS:a.test,DNS:b.test",
       {.usage = NULL},
       {"127.0.0.1 is for another host: it names a.test, b.test"}},
      {"IP:127.0.0.2,IP:::1",
       {.usage = NULL},
       {"is for another host: it names 127.0.0.2, ::1"}},
      {"IP:127.0.0.1",
       {.no_names = true},
       {"names no host at all", "subjectAltName"}},
      {"IP:127.0.0.1",
       {.usage = "clientAuth"},
       {"was not made for a server", "extendedKeyUsage"}},
  };
  (void)state;
  for (size_t i = 0; i < sizeof(all) / sizeof(all[0]); i++) {
    secure s;
    open_secure(&s, all[i].names, &all[i].as);
    for (int k = 0; k < 3 && all[i].words[k]; k++)
      dial_expect(&s.it, PEAL_ERR_CERT, all[i].words[k]);
    assert_int_equal(s.it.result.step, PEAL_DIAL_TLS);
    close_secure(&s);
  }
}

static void an_authority_that_is_not_known_is_named(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  tls_pair other = tls_make("another authority", NULL);
  tls_write(s.it.files.cert, s.it.files.key, &other);
  dial_use_tls(&s.it, NULL);
  dial_expect(&s.it, PEAL_ERR_CERT,
              "an authority that is not known here: \"test authority\"");
  /* The system's authorities do not know it either. */
  dial_use_tls(&s.it, &(peal_client_tls){.ca_file = NULL});
  dial_expect(&s.it, PEAL_ERR_CERT, "\"test authority\"");
  tls_unmake(&other);
  close_secure(&s);
}

static void a_certificate_that_signed_itself_is_called_so(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  tls_pair alone = tls_make("alone", NULL);
  SSL_CTX_use_certificate(s.peer.tls, alone.cert);
  SSL_CTX_use_PrivateKey(s.peer.tls, alone.key);
  dial_expect(&s.it, PEAL_ERR_CERT, "127.0.0.1 is self-signed");
  tls_unmake(&alone);
  close_secure(&s);
}

/* A certificate that is named itself is believed, without what is above it. */
static void a_certificate_may_be_its_own_authority(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  tls_write(s.it.files.cert, s.it.files.key, &s.pair);
  dial_use_tls(&s.it, NULL);
  dial_expect(&s.it, PEAL_OK, "");
  drop_result(&s);
  close_secure(&s);
}

static void a_folder_of_authorities_is_read(void **state) {
  secure s;
  char command[300];
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  snprintf(command, sizeof(command),
           "cd %s && mkdir cas && cp a.crt cas/a.pem && openssl rehash cas",
           s.it.files.dir);
  assert_int_equal(system(command), 0);
  snprintf(command, sizeof(command), "%s/cas", s.it.files.dir);
  dial_use_tls(&s.it, &(peal_client_tls){.ca_dir = command});
  dial_expect(&s.it, PEAL_OK, "");
  drop_result(&s);
  close_secure(&s);
}

static void insecure_believes_anything(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "DNS:other.test",
              &(tls_recipe){.from_s = -7200, .until_s = -3600});
  dial_use_tls(&s.it, &(peal_client_tls){.insecure_no_verify = true});
  dial_expect(&s.it, PEAL_OK, "");
  dial_echo(&s.it, s.it.worker, "hello", 5);
  close_secure(&s);
}

/* -- pins -------------------------------------------------------------------- */

typedef struct pinned {
  unsigned char want[32];
  int asked;
} pinned;

static bool on_pin(peal_slice sha256, peal_slice der, void *user) {
  pinned *pin = user;
  pin->asked++;
  assert_int_equal(sha256.len, 32);
  const unsigned char *at = (const unsigned char *)der.ptr;
  X509 *cert = d2i_X509(NULL, &at, (long)der.len);
  assert_non_null(cert);
  X509_free(cert);
  return memcmp(sha256.ptr, pin->want, 32) == 0;
}

static void the_pin_is_of_the_key_and_asked_behind_the_checks(void **state) {
  secure s;
  char ca[96];
  pinned pin = {.asked = 0};
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  strcpy(ca, s.it.files.cert);
  peal_client_tls opts = {.ca_file = ca, .pin = on_pin, .pin_user = &pin};
  dial_use_tls(&s.it, &opts);
  dial_expect(&s.it, PEAL_ERR_CERT, "127.0.0.1 is not the one that is pinned");
  unsigned char *der = NULL;
  int len = i2d_PUBKEY(s.pair.key, &der);
  EVP_Digest(der, (size_t)len, pin.want, NULL, EVP_sha256(), NULL);
  OPENSSL_free(der);
  for (int i = 0; i < 2; i++) { /* also of a session that is resumed */
    dial_expect(&s.it, PEAL_OK, "");
    dial_echo(&s.it, s.it.worker, "hello", 5);
  }
  assert_int_equal(pin.asked, 3);
  opts.server_name = "other.test";
  dial_use_tls(&s.it, &opts);
  dial_expect(&s.it, PEAL_ERR_CERT, "another host");
  assert_int_equal(pin.asked, 3);
  close_secure(&s);
}

/* -- certificates of ours ---------------------------------------------------- */

static void a_server_may_ask_who_we_are(void **state) {
  secure s;
  char ca[96], crt[96], key[96];
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  strcpy(ca, s.it.files.cert);
  snprintf(crt, sizeof(crt), "%s/me.crt", s.it.files.dir);
  snprintf(key, sizeof(key), "%s/me.key", s.it.files.dir);
  tls_pair me = tls_make("DNS:me", &s.it.ca);
  tls_write(crt, key, &me);
  X509_STORE_add_cert(SSL_CTX_get_cert_store(s.peer.tls), s.it.ca.cert);
  SSL_CTX_set_verify(s.peer.tls,
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  SSL_CTX_set_max_proto_version(s.peer.tls, TLS1_2_VERSION);
  dial_expect(&s.it, PEAL_ERR_TLS_PEER, "wants a certificate of us");
  dial_use_tls(&s.it, &(peal_client_tls){
                          .ca_file = ca, .cert_file = crt, .key_file = key});
  dial_expect(&s.it, PEAL_OK, "");
  dial_echo(&s.it, s.it.worker, "hello", 5);
  tls_unmake(&me);
  close_secure(&s);
}

/* -- no TLS at all ----------------------------------------------------------- */

static void say_at_once(dial_peer *peer, int fd) {
  dial_say(peer, fd, peer->words, strlen(peer->words));
  dial_serve_echo(peer, fd);
}

static void leave(dial_peer *peer, int fd) {
  (void)peer, (void)fd;
}

static void say_half_and_leave(dial_peer *peer, int fd) {
  char hello[5];
  (void)peer;
  (void)net_read(fd, hello, sizeof(hello));
  net_send(fd, "\x16\x03\x03\x00\x7a\x02", 6);
}

static void a_peer_without_tls_is_told_apart(void **state) {
  dial_scene it;
  dial_peer peer;
  (void)state;
  dial_open_scene(&it);
  dial_use_tls(&it, NULL);
  dial_peer_listen(&peer, 64);
  it.opts.port = (uint16_t)peer.port;
  peer.words = "HTTP/1.1 400 Bad Request\r\nConnection: close\r\n\r\n";
  dial_peer_run(&peer, say_at_once);
  dial_expect(&it, PEAL_ERR_TLS_PEER,
              "127.0.0.1 does not speak TLS: is this a port for http?");
  peer.words = "220 mail.test ESMTP\r\n";
  dial_expect(&it, PEAL_ERR_TLS_PEER, "does not speak TLS");
  peer.serve = leave;
  dial_expect(&it, PEAL_ERR_TLS_PEER, "closed the connection in the middle");
  dial_expect(&it, PEAL_ERR_TLS_PEER, "closed the connection in the middle");
  peer.serve = say_half_and_leave;
  dial_expect(&it, PEAL_ERR_TLS_PEER, "closed the connection in the middle");
  dial_expect(&it, PEAL_ERR_TLS_PEER, "closed the connection in the middle");
  peer.words = "";
  peer.serve = dial_serve_words;
  it.opts.timeout_ms = 100;
  dial_expect(&it, PEAL_ERR_TIMEOUT,
              "while shaking hands (TLS) with 127.0.0.1");
  assert_int_equal(it.result.step, PEAL_DIAL_TLS);
  dial_peer_close(&peer);
  dial_close_scene(&it);
}

static void old_versions_are_refused(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  SSL_CTX_set_min_proto_version(s.peer.tls, TLS1_VERSION);
  SSL_CTX_set_max_proto_version(s.peer.tls, TLS1_1_VERSION);
  SSL_CTX_set_security_level(s.peer.tls, 0);
  dial_expect(&s.it, PEAL_ERR_TLS_PEER, "no version of TLS in common");
  close_secure(&s);
}

/* -- behind the handshake ---------------------------------------------------- */

/* RFC8446 4.4.2.4: a server of TLS 1.3 says it when we are content already. */
static void a_refusal_may_come_behind_the_handshake(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  SSL_CTX_set_verify(s.peer.tls,
                     SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
  dial_expect(&s.it, PEAL_OK, "");
  dial_adopt_now(&s.it, "", 0);
  assert_true(net_wait(&s.it.closed, 1));
  net_sync(s.it.worker);
  assert_int_equal(s.it.close_err, PEAL_ERR_TLS_PEER);
  close_secure(&s);
}

static void renegotiate(dial_peer *peer, int fd) {
  SSL_renegotiate(peer->ssl);
  (void)SSL_do_handshake(peer->ssl);
  dial_serve_echo(peer, fd);
}

static void a_server_that_renegotiates_gets_nothing(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  SSL_CTX_set_max_proto_version(s.peer.tls, TLS1_2_VERSION);
  s.peer.then = renegotiate;
  dial_expect(&s.it, PEAL_OK, "");
  dial_adopt_now(&s.it, "hello", 5);
  assert_true(net_wait(&s.it.closed, 1) || atomic_load(&s.it.reads) == 5);
  if (!atomic_load(&s.it.closed)) {
    net_on_worker(s.it.worker, dial_drop_on, &s.it);
    assert_true(net_wait(&s.it.closed, 1));
  }
  close_secure(&s);
}

static void cut(dial_peer *peer, int fd) {
  (void)fd;
  (void)SSL_write(peer->ssl, "bye", 3);
  SSL_set_quiet_shutdown(peer->ssl, 1);
}

static void an_end_without_notify_is_an_end(void **state) {
  secure s;
  (void)state;
  open_secure(&s, "IP:127.0.0.1", &usual);
  s.peer.then = cut;
  dial_expect(&s.it, PEAL_OK, "");
  dial_adopt_now(&s.it, "", 0);
  assert_true(net_wait(&s.it.closed, 1));
  net_sync(s.it.worker);
  assert_int_equal(s.it.got_len, 3);
  close_secure(&s);
}

/* -- options ----------------------------------------------------------------- */

static void files_that_are_wrong_are_named(void **state) {
  peal_tls_client *client;
  peal_tls_problem why;
  (void)state;
  const peal_client_tls wrong[] = {{.ca_file = "/nowhere/ca.pem"},
                                   {.cert_file = "/nowhere/me.pem"}};
  for (int i = 0; i < 2; i++) {
    assert_int_equal(peal_tls_client_new(&client, &wrong[i], &why),
                     PEAL_ERR_TLS);
    assert_null(client);
    assert_non_null(strstr(why.text, "/nowhere/"));
  }
  const peal_client_tls half = {.key_file = "/nowhere/me.key"};
  assert_int_equal(peal_tls_client_new(&client, &half, NULL), PEAL_ERR_USAGE);
  const peal_client_tls later = {.reserved = {[7] = 1}};
  assert_int_equal(peal_tls_client_new(&client, &later, &why), PEAL_ERR_OPTION);
  assert_int_equal(peal_tls_client_new(&client, NULL, NULL), PEAL_OK);
  peal_tls_client_free(client);
  peal_tls_client_free(NULL);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(the_parcel_is_a_stream_of_any_worker),
      cmocka_unit_test(tls_1_2_will_do_unless_it_is_refused),
      cmocka_unit_test(the_next_connection_resumes_the_session),
      cmocka_unit_test(a_wildcard_stands_for_one_label),
      cmocka_unit_test(a_name_with_a_dot_in_front_is_none),
      cmocka_unit_test(a_connection_outlives_the_client_it_came_from),
      cmocka_unit_test(a_wrong_certificate_is_refused_in_words_that_help),
      cmocka_unit_test(an_authority_that_is_not_known_is_named),
      cmocka_unit_test(a_certificate_that_signed_itself_is_called_so),
      cmocka_unit_test(a_certificate_may_be_its_own_authority),
      cmocka_unit_test(a_folder_of_authorities_is_read),
      cmocka_unit_test(insecure_believes_anything),
      cmocka_unit_test(the_pin_is_of_the_key_and_asked_behind_the_checks),
      cmocka_unit_test(a_server_may_ask_who_we_are),
      cmocka_unit_test(a_peer_without_tls_is_told_apart),
      cmocka_unit_test(old_versions_are_refused),
      cmocka_unit_test(a_refusal_may_come_behind_the_handshake),
      cmocka_unit_test(a_server_that_renegotiates_gets_nothing),
      cmocka_unit_test(an_end_without_notify_is_an_end),
      cmocka_unit_test(files_that_are_wrong_are_named),
  };
  signal(SIGPIPE, SIG_IGN); /* the peers write by OpenSSL's own BIO */
  return cmocka_run_group_tests(tests, NULL, NULL);
}
