/* SPDX-License-Identifier: MIT */
/* parser: a way of its own to write packets: readings of sensors are seven bytes,
 * all else is MessagePack. examples/parser/parser.js is the same for clients in
 * JavaScript.
 *
 *   example-parser [port]
 *
 *   socket.emit("reading", 17, 21.5)       the others get "reading", 17, 21.5
 *   socket.emit("last", 17, ack)           ack(21.5), or ack(null)
 *
 *   byte 0     0: a packet in MessagePack follows
 *              1: "reading" in the namespace "/"
 *   bytes 1-2  the sensor's number      } of a reading, the highest byte first
 *   bytes 3-6  the value, a float32     } */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <peal/peal.h>

enum { OTHER, READING, READING_BYTES = 7, SENSORS = 1 << 16 };

/* -- the parser ------------------------------------------------------------------ */

/* Has it the form of a reading? Another event of this name goes the other way. */
static bool is_reading(const peal_parser_packet *packet) {
  int64_t sensor = peal_val_int(peal_val_at(packet->data, 1), -1);
  return packet->type == PEAL_PARSER_EVENT && !packet->has_id &&
         peal_slice_is(packet->nsp, "/") && packet->data.len == 3 &&
         peal_slice_is(peal_val_str(packet->data.as.items[0]), "reading") &&
         sensor >= 0 && sensor < SENSORS &&
         peal_val_is_number(packet->data.as.items[2]);
}

static void put_number(char *to, uint32_t number, size_t bytes) {
  while (bytes--) {
    to[bytes] = (char)(number & 0xff);
    number >>= 8;
  }
}

static uint32_t get_number(const char *from, size_t bytes) {
  uint32_t number = 0;
  for (size_t i = 0; i < bytes; i++)
    number = number << 8 | (unsigned char)from[i];
  return number;
}

static peal_err encode(const peal_parser_packet *packet, peal_parser_out *out,
                       void *user) {
  (void)user;
  if (!is_reading(packet)) {
    peal_parser_write(out, PEAL_S("\0"));
    return peal_parser_msgpack()->encode(packet, out, NULL);
  }
  char bytes[READING_BYTES] = {READING};
  float value = (float)peal_val_double(packet->data.as.items[2], 0);
  uint32_t bits;
  memcpy(&bits, &value, sizeof bits);
  put_number(bytes + 1, (uint32_t)peal_val_int(packet->data.as.items[1], 0), 2);
  put_number(bytes + 3, bits, 4);
  peal_parser_write(out, (peal_slice){bytes, sizeof bytes});
  peal_parser_end(out, true);
  return PEAL_OK;
}

static peal_err decode_reading(const char *bytes, peal_build *build,
                               peal_parser_packet *out) {
  uint32_t bits = get_number(bytes + 3, 4);
  float value;
  memcpy(&value, &bits, sizeof value);
  peal_items *data = peal_items_new(build);
  peal_items_add(data, peal_str("reading"));
  peal_items_add(data, peal_int(get_number(bytes + 1, 2)));
  peal_items_add(data, peal_double((double)value));
  out->type = PEAL_PARSER_EVENT;
  out->data = peal_items_val(data);
  return PEAL_OK; /* without memory the builder says so */
}

static peal_err decode(const peal_parser_in *in, peal_build *build,
                       peal_parser_packet *out, void *user) {
  (void)user;
  if (!in->binary || !in->data.len)
    return PEAL_ERR_SIO_PACKET;
  if (in->data.ptr[0] == READING)
    return in->data.len == READING_BYTES
               ? decode_reading(in->data.ptr, build, out)
               : PEAL_ERR_SIO_PACKET;
  if (in->data.ptr[0] != OTHER)
    return PEAL_ERR_SIO_PACKET;
  peal_parser_in rest = *in;
  rest.data = (peal_slice){in->data.ptr + 1, in->data.len - 1};
  return peal_parser_msgpack()->decode(&rest, build, out, NULL);
}

static const peal_parser compact = {.encode = encode, .decode = decode};

/* -- the server ------------------------------------------------------------------ */

typedef struct board {
  bool known[SENSORS];
  double last[SENSORS];
} board;

static int64_t sensor_of(const peal_event *event) {
  int64_t sensor = peal_val_int(peal_event_arg(event, 0), -1);
  return sensor < SENSORS ? sensor : -1;
}

static void on_reading(peal_socket *socket, const peal_event *event,
                       void *user) {
  board *it = user;
  int64_t sensor = sensor_of(event);
  if (sensor < 0 || !peal_val_is_number(peal_event_arg(event, 1)))
    return;
  it->known[sensor] = true;
  it->last[sensor] = peal_val_double(peal_event_arg(event, 1), 0);
  peal_emit_to(socket, NULL, "reading", peal_event_args(event));
}

static void on_last(peal_socket *socket, const peal_event *event, void *user) {
  board *it = user;
  (void)socket;
  int64_t sensor = sensor_of(event);
  bool is_known = sensor >= 0 && it->known[sensor];
  peal_ack(event,
           PEAL_ARGS(is_known ? peal_double(it->last[sensor]) : peal_null()));
}

int main(int argc, char **argv) {
  static board it;
  peal_server *server = peal_server_new(
      &(peal_server_opts){.port = argc > 1 ? atoi(argv[1]) : 3000,
                          .parser = &compact,
                          .cors.origins = "*"});
  peal_nsp *nsp = peal_server_of(server, "/");
  peal_on(nsp, "reading", on_reading, &it);
  peal_on(nsp, "last", on_last, &it);
  int code = peal_server_run(server);
  peal_server_free(server);
  return code;
}
