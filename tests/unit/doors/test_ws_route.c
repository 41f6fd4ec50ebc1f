/* SPDX-License-Identifier: MIT */
/* A route of the web layer decides by its parameters who becomes a WebSocket of
 * an endpoint; beside it Socket.IO's neighbours on the same server go on. */
#include <peal/web.h>

#include "../ws/ws_fixture.h"

static ws_fixture it;

static void on_open(peal_ws *ws, void *user) {
  peal_http_req *req = peal_ws_req(ws);
  (void)user;
  (void)peal_ws_join(ws, peal_http_req_path(req));
  trace_add("open %.*s", PEAL_SFMT(peal_http_req_path(req)));
}

static void on_room(peal_http_req *req, void *user) {
  (void)user;
  if (peal_slice_is(peal_web_param(req, "room"), "closed"))
    peal_http_answer(req, 403, "text/plain", PEAL_S("closed"));
  else
    peal_ws_upgrade(it.endpoint, req);
}

static void a_route_hands_its_request_over(void **state) {
  (void)state;
  http_answer answer;
  it = ws_make(1, NULL, NULL,
               &(peal_ws_opts){.on_open = on_open,
                               .on_message = ws_on_echo,
                               .on_close = ws_on_close});
  assert_non_null(it.endpoint);
  peal_web *app = peal_web_new(it.http.server, NULL);
  assert_non_null(app);
  assert_int_equal(peal_web_get(app, "/rooms/:room", on_room, NULL), PEAL_OK);
  http_run(&it.http);
  int fd = ws_dial(&it, "/rooms/kitchen", "", &answer);
  assert_int_equal(answer.status, 101);
  ws_text(fd, "soup");
  ws_expect(fd, "soup");
  assert_int_equal(peal_ws_group_send(it.endpoint, PEAL_S("/rooms/kitchen"),
                                      PEAL_S("for all"), false),
                   PEAL_OK);
  ws_expect(fd, "for all");
  close(fd);
  trace_await("open /rooms/kitchen");
  close(ws_dial(&it, "/rooms/closed", "", &answer));
  assert_int_equal(answer.status, 403);
  close(ws_dial(&it, "/elsewhere", "", &answer));
  assert_int_equal(answer.status, 404);
  http_expect(it.http.port, HTTP_GET("/rooms/kitchen"), 426, NULL);
  ws_await_open(&it, 0);
  peal_workers_stop(it.http.net.workers, 2000);
  net_fixture_join(&it.http.net);
  peal_web_free(app);
  peal_http_server_free(it.http.server);
}

int main(void) {
  const struct CMUnitTest tests[] = {
      cmocka_unit_test(a_route_hands_its_request_over),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
