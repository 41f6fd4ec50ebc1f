/* SPDX-License-Identifier: MIT */
/* binary: bytes are values like any other, anywhere in the arguments, both
 * ways.
 *
 *   example-binary [port]
 *
 *   socket.emit("reverse", {name: "x", data: bytes}, ack)
 *                            ack({name: "x", size: 3, data: reversed bytes}) */
#include <stdlib.h>

#include <peal/peal.h>

static void on_reverse(peal_socket *socket, const peal_event *event,
                       void *user) {
  (void)socket;
  (void)user;
  peal_val file = peal_event_arg(event, 0);
  peal_val data = peal_val_get(file, "data");
  if (!peal_val_is(data, PEAL_BINARY)) {
    peal_ack(event, PEAL_ARGS(PEAL_OBJECT(
                        {"error", peal_str("data must be binary")})));
    return;
  }
  peal_slice in = peal_val_binary(data);
  char *out = malloc(in.len ? in.len : 1);
  if (!out)
    return;
  for (size_t i = 0; i < in.len; i++)
    out[i] = in.ptr[in.len - 1 - i];
  /* Encoded by the call: `out` may go right after it. */
  peal_ack(event, PEAL_ARGS(PEAL_OBJECT(
                      {"name", peal_val_get(file, "name")},
                      {"size", peal_int((int64_t)in.len)},
                      {"data", peal_binary((peal_slice){out, in.len})})));
  free(out);
}

int main(int argc, char **argv) {
  peal_server *server = peal_server_new(
      &(peal_server_opts){.port = argc > 1 ? atoi(argv[1]) : 3000,
                          .cors.origins = "*",
                          .max_payload_bytes = 4u << 20});
  peal_on(peal_server_of(server, "/"), "reverse", on_reverse, NULL);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
