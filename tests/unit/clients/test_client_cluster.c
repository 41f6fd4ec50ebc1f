/* SPDX-License-Identifier: MIT */
/* Nodes with different parsers: what travels between them is JSON, and the
 * clients of each get what its own parser makes of it. */
#include "../cluster/cluster_fixture.h"
#include "../server/comer.h"
#include "client_fixture.h"

static sio_client ann;   /* of node 0, in JSON */
static peal_client *bob; /* of node 1, in MessagePack */
static sio_client eve;   /* of node 2, in JSON behind a mark */

static peal_err mark(const peal_parser_packet *packet, peal_parser_out *out,
                     void *user) {
  (void)user;
  peal_parser_write(out, PEAL_S("!"));
  return peal_parser_json()->encode(packet, out, NULL);
}

static peal_err unmark(const peal_parser_in *in, peal_build *build,
                       peal_parser_packet *out, void *user) {
  (void)user;
  peal_parser_in rest = *in;
  if (!in->data.len || in->data.ptr[0] != '!')
    return PEAL_ERR_SIO_PACKET;
  rest.data = (peal_slice){in->data.ptr + 1, in->data.len - 1};
  return peal_parser_json()->decode(&rest, build, out, NULL);
}

static const peal_parser marked = {.encode = mark, .decode = unmark};

/* What comes while a node is on its way into the cluster. */
static uint64_t dropped_at_start[3];

static void open_nodes(const peal_cluster_opts *cluster, unsigned workers,
                       uint32_t recovery_ms) {
  const peal_parser *const parsers[] = {NULL, peal_parser_msgpack(), &marked};
  node_count = 3;
  for (size_t i = 0; i < 3; i++) {
    peal_server_opts opts = server_opts();
    opts.parser = parsers[i];
    opts.recovery.window_ms = recovery_ms;
    cluster_make_with(&nodes[i], cluster, workers, &opts);
  }
  cluster_start();
  for (size_t i = 0; i < 3; i++)
    dropped_at_start[i] = cluster_stats(&nodes[i]).dropped_in;
}

/* -- Bob -------------------------------------------------------------------------------- */

static void on_event(peal_client_nsp *nsp, const peal_event *event,
                     void *user) {
  (void)nsp;
  (void)user;
  char line[200];
  int len = snprintf(line, sizeof line, "bob %.*s",
                     PEAL_SFMT(peal_event_name(event)));
  peal_args args = peal_event_args(event);
  for (size_t i = 0; i < args.count; i++) {
    peal_val value = args.items[i];
    if (peal_val_is(value, PEAL_BINARY))
      len += snprintf(line + len, sizeof line - (size_t)len, " <%.*s>",
                      PEAL_SFMT(peal_val_binary(value)));
    else if (peal_val_is(value, PEAL_INT))
      len += snprintf(line + len, sizeof line - (size_t)len, " %lld",
                      (long long)peal_val_int(value, 0));
    else
      len += snprintf(line + len, sizeof line - (size_t)len, " %.*s",
                      PEAL_SFMT(peal_val_str(value)));
  }
  trace_add("%s", line);
  peal_ack(event, PEAL_ARGS(peal_str("Bob")));
}

static void bob_comes(void) {
  peal_client_opts opts = fixture_opts(&nodes[1].it);
  opts.parser = peal_parser_msgpack();
  opts.transports = PEAL_CLIENT_WEBSOCKET_ONLY;
  bob = fixture_client(&opts);
  peal_client_nsp *nsp = peal_client_of(bob, NULL);
  assert_int_equal(peal_client_on_any(nsp, on_event, NULL), PEAL_OK);
  assert_int_equal(peal_client_start(bob), PEAL_OK);
  trace_await("connect /\n");
  assert_int_equal(
      peal_client_emit_ack(nsp, NULL, "enter",
                           PEAL_ARGS(peal_str("room"), peal_str("Bob")),
                           fixture_on_ack, NULL),
      PEAL_OK);
  trace_await("ack / PEAL_OK -1\n");
}

static void eve_comes(void) {
  assert_true(sio_client_open(&eve, nodes[2].it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&eve, "4!0"));
  assert_non_null(sio_client_next(&eve, 5000));
  assert_true(sio_client_send(&eve, "4!21[\"enter\",\"room\",\"Eve\"]"));
  assert_true(sio_client_await(&eve, "4!31[]"));
}

/* Until rooms have channels everywhere. */
static void all_are_there(void) {
  cluster_enter(&ann, 0, "room", "Ann");
  bob_comes();
  eve_comes();
  for (size_t from = 0; from < 3; from++) {
    char event[20], text[40];
    snprintf(event, sizeof event, "bob ready%zu", from);
    for (int i = 0; i < 500 && !trace_has(event); i++) {
      snprintf(text, sizeof text, "ready%zu", from);
      assert_int_equal(peal_nsp_emit(nodes[from].it.root, PEAL_TO("room"), text,
                                     PEAL_NO_ARGS),
                       PEAL_OK);
      usleep(10000);
    }
    assert_true(trace_has(event));
  }
}

static void all_go(void) {
  sio_client_close(&ann);
  sio_client_close(&eve);
  peal_client_stop(bob);
  peal_client_free(bob);
  for (size_t i = 0; i < 3; i++) {
    peal_cluster_stats stats = cluster_stats(&nodes[i]);
    assert_int_equal(stats.dropped_in, dropped_at_start[i]);
    assert_int_equal(stats.dropped_out, 0);
  }
  cluster_close();
}

/* -- what is tried ---------------------------------------------------------------------- */

static void expect_binary(sio_client *client, const char *bytes) {
  const sio_packet *packet = sio_client_next(client, 5000);
  assert_non_null(packet);
  assert_true(packet->binary);
  assert_string_equal(packet->data, bytes);
}

static void all_hear(size_t from) {
  char text[200];
  snprintf(text, sizeof text, "news%zu", from);
  assert_int_equal(
      peal_nsp_emit(nodes[from].it.root, PEAL_TO("room"), text,
                    PEAL_ARGS(peal_int(9007199254740991), peal_str("é"),
                              peal_binary(PEAL_S("bin")))),
      PEAL_OK);
  snprintf(text, sizeof text,
           "51-[\"news%zu\",9007199254740991,\"é\","
           "{\"_placeholder\":true,\"num\":0}]",
           from);
  char packet[240];
  snprintf(packet, sizeof packet, "4%s", text);
  assert_true(sio_client_await(&ann, packet));
  expect_binary(&ann, "bin");
  snprintf(packet, sizeof packet, "4!%s", text);
  assert_true(sio_client_await(&eve, packet));
  expect_binary(&eve, "bin");
  snprintf(text, sizeof text, "bob news%zu 9007199254740991 é <bin>\n", from);
  trace_await(text);
}

static void on_acks(const peal_acks *acks, void *user) {
  (void)user;
  trace_add("acks %s: %zu of %zu", peal_err_name(acks->err),
            acks->responses.count, acks->expected);
}

static void answer(sio_client *client, const char *head, const char *name) {
  char want[40], reply[64];
  const sio_packet *packet;
  snprintf(want, sizeof want, "4%s2", head);
  while ((packet = sio_client_next(client, 5000)))
    if (!packet->binary && strstr(packet->data, "[\"who\"]"))
      break;
  assert_non_null(packet);
  assert_memory_equal(packet->data, want, strlen(want));
  const char *digits = packet->data + strlen(want);
  snprintf(reply, sizeof reply, "4%s3%.*s[\"%s\"]", head,
           (int)strspn(digits, "0123456789"), digits, name);
  assert_true(sio_client_send(client, reply));
}

static void all_answer(size_t from) {
  trace_clear();
  assert_int_equal(peal_nsp_emit_ack(nodes[from].it.root, PEAL_TO("room"),
                                     "who", PEAL_NO_ARGS, 8000, on_acks, NULL),
                   PEAL_OK);
  answer(&ann, "", "Ann");
  answer(&eve, "!", "Eve");
  trace_await("acks PEAL_OK: 3 of 3\n");
}

static void by(const peal_cluster_opts *opts, unsigned workers) {
  open_nodes(opts, workers, 0);
  all_are_there();
  for (size_t from = 0; from < 3; from++)
    all_hear(from);
  for (size_t from = 0; from < 3; from++)
    all_answer(from);
  assert_true(sio_client_send(&eve, "4!2[\"say\",\"room\",{\"a\":1}]"));
  assert_true(sio_client_await(&ann, "42[\"said\",{\"a\":1}]"));
  all_go();
}

static void nodes_with_three_parsers_understand_each_other(void **state) {
  (void)state;
  by(&(peal_cluster_opts){0}, 1);
  by(&(peal_cluster_opts){0}, 2);
  by(&(peal_cluster_opts){.mode = PEAL_CLUSTER_SHARDED}, 1);
  by(&(peal_cluster_opts){.mode = PEAL_CLUSTER_STREAMS}, 1);
  by(&(peal_cluster_opts){.python = true}, 1);
}

/* Each node has its own numbers. */
static void recovery_in_memory_counts_what_comes_from_others(void **state) {
  (void)state;
  open_nodes(&(peal_cluster_opts){0}, 1, 60000);
  all_are_there();
  assert_int_equal(
      peal_nsp_emit(nodes[0].it.root, NULL, "here", PEAL_ARGS(peal_int(5))),
      PEAL_OK);
  const sio_packet *packet;
  while ((packet = sio_client_next(&eve, 5000)))
    if (!strncmp(packet->data, "4!2[\"here\",5,\"", 13))
      break;
  assert_non_null(packet);
  assert_int_equal(strlen(packet->data),
                   strlen("4!2[\"here\",5,\"12345678\"]"));
  all_go();
}

/* A client of node 2 loses its connection and comes back there: what was missed
 * is read from the stream, and has the offsets of the stream. */
static void recovery_over_streams_is_in_the_nodes_own_words(void **state) {
  (void)state;
  open_nodes(
      &(peal_cluster_opts){.mode = PEAL_CLUSTER_STREAMS, .heartbeat_ms = 300},
      1, 60000);
  char pid[80], offset[60] = "", connect[300];
  assert_true(sio_client_open(&eve, nodes[2].it.port, SIO_WEBSOCKET));
  assert_true(sio_client_send(&eve, "4!0"));
  const sio_packet *packet = sio_client_next(&eve, 5000);
  assert_non_null(packet);
  assert_true(member(packet->data, "pid", pid, sizeof pid));
  assert_int_equal(peal_nsp_emit(nodes[0].it.root, NULL, "one", PEAL_NO_ARGS),
                   PEAL_OK);
  packet = sio_client_next(&eve, 5000);
  assert_non_null(packet);
  assert_memory_equal(packet->data, "4!2[\"one\",\"", 11);
  snprintf(offset, sizeof offset, "%.*s", (int)strcspn(packet->data + 11, "\""),
           packet->data + 11);
  sio_client_reset(&eve);
  assert_true(server_has_sockets(&nodes[2].it, 0));
  assert_int_equal(peal_nsp_emit(nodes[1].it.root, NULL, "two",
                                 PEAL_ARGS(peal_binary(PEAL_S("bin")))),
                   PEAL_OK);
  eve = (sio_client){0};
  assert_true(sio_client_open(&eve, nodes[2].it.port, SIO_WEBSOCKET));
  snprintf(connect, sizeof connect, "4!0{\"pid\":\"%s\",\"offset\":\"%s\"}",
           pid, offset);
  assert_true(sio_client_send(&eve, connect));
  bool has_two = false, is_recovered = false;
  while (!(has_two && is_recovered) && (packet = sio_client_next(&eve, 5000))) {
    has_two |= !packet->binary && strstr(packet->data, "4!51-[\"two\"");
    is_recovered |= !packet->binary && strstr(packet->data, pid);
  }
  assert_true(has_two && is_recovered);
  sio_client_close(&eve);
  cluster_close();
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(nodes_with_three_parsers_understand_each_other),
      cmocka_unit_test(recovery_in_memory_counts_what_comes_from_others),
      cmocka_unit_test(recovery_over_streams_is_in_the_nodes_own_words)};
  return cmocka_run_group_tests(tests, cluster_group_up, cluster_group_down);
}
