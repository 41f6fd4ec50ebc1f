/* SPDX-License-Identifier: MIT */
/* What the log says of an error, and, in builds with asserts, where in the
 * source it was made. */
#include <arpa/inet.h>
#include <sys/socket.h>

#include "server_fixture.h"

/* The number of a line differs with each edit of the source. */
static void keep(const peal_log_record *record, void *user) {
  char text[200];
  size_t len = 0;
  (void)user;
  if (!memmem(record->text.ptr, record->text.len, "session closed", 14) &&
      !memmem(record->text.ptr, record->text.len, "refused", 7))
    return;
  for (size_t i = 0; i < record->text.len && len < sizeof text - 1; i++)
    if (!len || text[len - 1] != ':' || record->text.ptr[i] < '0' ||
        record->text.ptr[i] > '9')
      text[len++] = record->text.ptr[i];
  text[len] = 0;
  trace_add("%s: %s", record->area, text);
}

static server_fixture logging_server(void) {
  peal_server_opts opts = server_opts();
  opts.log.fn = keep;
  return server_make(&opts);
}

#ifndef NDEBUG
#define SITE(file) " (" file ":)"
#else
#define SITE(file) ""
#endif

static void a_closed_session_says_where_the_error_was_made(void **state) {
  (void)state;

  static const struct {
    const char *packet, *line;
  } cases[] = {
      {"49",
       "engine: session closed: forced close, invalid Socket.IO packet" SITE(
           "wire/sio_packet.c")},
      {"7",
       "engine: session closed: parse error, invalid Engine.IO packet" SITE(
           "wire/eio_packet.c")},
  };

  for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
    server_fixture it = logging_server();
    sio_client a;
    server_run(&it);
    assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
    assert_true(sio_client_send(&a, cases[i].packet));
    (void)sio_client_ends(&a, 5000);
    sio_client_close(&a);
    server_stop(&it);
    trace_await(cases[i].line);
  }
}

static void a_session_that_ends_well_names_no_place(void **state) {
  (void)state;
  server_fixture it = logging_server();
  sio_client a;
  server_run(&it);
  assert_true(sio_client_start(&a, it.port, SIO_WEBSOCKET));
  sio_client_close(&a);
  assert_true(server_has_clients(&it, 0));
  server_stop(&it);
  trace_expect("engine: session closed: transport close\n");
}

static void send_raw(unsigned port, const char *text) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port)};
  char answer[512];
  to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  assert_int_equal(connect(fd, (struct sockaddr *)&to, sizeof to), 0);
  assert_int_equal(send(fd, text, strlen(text), 0), strlen(text));
  while (recv(fd, answer, sizeof answer, 0) > 0) {}
  close(fd);
}

static void a_refused_request_says_where_the_error_was_made(void **state) {
  (void)state;
  server_fixture it = logging_server();
  server_run(&it);
  send_raw(it.port, "GET / HTTP/9.9\r\n\r\n");
  server_stop(&it);
  trace_await(
      "http: refused: HTTP version is not 1.0 or 1.1" SITE("wire/http1.c"));
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_closed_session_says_where_the_error_was_made),
      cmocka_unit_test(a_session_that_ends_well_names_no_place),
      cmocka_unit_test(a_refused_request_says_where_the_error_was_made),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
