/* SPDX-License-Identifier: MIT */
/* device_main: a program for a small device, as a test: asks the server some
 * thousand questions one after the other, answers its questions, loses the
 * connection now and then, and shows that memory stands still meanwhile.
 *
 *   device_main PORT ROUNDS */
#include <string.h>

#include <peal/device.h>

#include "board.h"

/* Behind so many rounds, a lost connection among them, memory must not grow. */
#define WARM_ROUNDS 300u
/* Bytes read at a time: few, so that everything comes in pieces. */
#define READ_BYTES 97u

typedef struct program {
  peal_device *device;
  unsigned port, rounds;
  unsigned asked, answered, questions, connects;
  size_t warm_bytes;
  int fd;
  bool failed, ended;
} program;

static _Alignas(16) char memory[24 * 1024];

static void fail(program *self, const char *why) {
  board_print("failed: ");
  board_print(why);
  board_print("\n");
  self->failed = true;
}

static unsigned number(const char *text) {
  unsigned value = 0;
  for (; *text >= '0' && *text <= '9'; text++)
    value = value * 10 + (unsigned)(*text - '0');
  return value;
}

static void print_number(const char *before, size_t value) {
  char text[24];
  size_t at = sizeof text - 1;
  text[at] = '\0';
  do
    text[--at] = (char)('0' + value % 10);
  while (value /= 10);
  board_print(before);
  board_print(text + at);
}

static void ask(program *self) {
  const char *event = self->asked % 500 == 250 ? "drop" : "echo";
  static const char bytes[] = {0, 1, (char)254, (char)255};
  peal_val binary = self->asked % 2
                        ? peal_binary((peal_slice){bytes, sizeof bytes})
                        : peal_str("no bytes");
  peal_args args =
      PEAL_ARGS(peal_int(self->asked), peal_double(self->asked / 4.0), binary,
                PEAL_OBJECT({"unit", peal_str("mm")}));
  self->asked++;
  if (peal_device_emit_ack(self->device, event, args, 0, self, board_now_ms()))
    fail(self, "an event was refused");
}

static bool is_echo(const program *self, peal_args args) {
  if (args.count != 4)
    return false;
  int64_t n = peal_val_int(args.items[0], -1);
  peal_slice bytes = peal_val_binary(args.items[2]);
  bool right = n % 2 ? bytes.len == 4 && bytes.ptr[3] == (char)255
                     : peal_slice_is(peal_val_str(args.items[2]), "no bytes");
  return n == self->asked - 1 &&
         peal_val_double(args.items[1], -1) == (double)n / 4 && right &&
         peal_slice_is(peal_val_str(peal_val_get(args.items[3], "unit")), "mm");
}

/* PEAL_ERR_CLOSED: the server has dropped the connection, as it was asked to. */
static void take_answer(program *self, const peal_device_event *event) {
  if (event->err == PEAL_OK && !is_echo(self, event->args))
    fail(self, "an answer is not what was asked");
  if (event->err && event->err != PEAL_ERR_CLOSED)
    fail(self, "a question was not answered");
  self->answered++;
  size_t most = peal_device_most_bytes(self->device);
  if (self->answered == WARM_ROUNDS)
    self->warm_bytes = most;
  if (self->answered == self->rounds)
    peal_device_stop(self->device, board_now_ms());
  else
    ask(self);
}

static void take_question(program *self, const peal_device_event *event) {
  if (!peal_slice_is(event->name, "question") || !event->wants_ack) {
    fail(self, "an event that nobody has promised");
    return;
  }
  self->questions++;
  if (peal_device_ack(self->device, PEAL_ARGS(peal_str("answer"))))
    fail(self, "an acknowledgement was refused");
}

static void dial(program *self) {
  self->fd = board_connect(self->port);
  if (self->fd >= 0)
    peal_device_opened(self->device, board_now_ms());
  else
    peal_device_closed(self->device, PEAL_ERR_IO, board_now_ms());
}

static void hang_up(program *self) {
  if (self->fd >= 0)
    board_close(self->fd);
  self->fd = -1;
  self->ended = self->answered == self->rounds;
}

static void act(program *self, const peal_device_event *event) {
  switch (event->type) {
  case PEAL_DEVICE_DIAL:
    dial(self);
    break;
  case PEAL_DEVICE_HANGUP:
    hang_up(self);
    break;
  case PEAL_DEVICE_CONNECTED:
    if (!self->connects++)
      ask(self);
    break;
  case PEAL_DEVICE_EVENT:
    take_question(self, event);
    break;
  case PEAL_DEVICE_ANSWER:
    take_answer(self, event);
    break;
  case PEAL_DEVICE_CONNECT_ERROR:
    fail(self, "refused");
    break;
  case PEAL_DEVICE_DISCONNECTED:
    break;
  }
}

static void lost(program *self, peal_err err) {
  board_close(self->fd);
  self->fd = -1;
  peal_device_closed(self->device, err, board_now_ms());
}

static void write_waiting(program *self) {
  peal_slice out = peal_device_pull(self->device, board_now_ms());
  while (self->fd >= 0 && out.len) {
    int done = board_write(self->fd, out.ptr, out.len);
    if (done < 0)
      lost(self, PEAL_ERR_IO);
    if (done <= 0)
      return;
    peal_device_sent(self->device, (size_t)done, board_now_ms());
    out = peal_device_pull(self->device, board_now_ms());
  }
}

static void read_waiting(program *self) {
  char data[READ_BYTES];
  int got = self->fd >= 0 ? board_read(self->fd, data, sizeof data) : 0;
  if (got < 0)
    lost(self, PEAL_OK);
  else if (got > 0)
    peal_device_feed(self->device, data, (size_t)got, board_now_ms());
  peal_device_event event;
  while (!self->failed &&
         peal_device_next(self->device, board_now_ms(), &event))
    act(self, &event);
}

static int time_left(const program *self) {
  uint64_t at = peal_device_deadline(self->device), now = board_now_ms();
  uint64_t left = at > now ? at - now : 0;
  return left > 10000 ? 10000 : (int)left;
}

int main(int argc, char **argv) {
  program self = {.fd = -1};
  if (argc < 3)
    return 2;
  self.port = number(argv[1]);
  self.rounds = number(argv[2]);
  peal_device_opts opts = {.host = "127.0.0.1",
                           .random = board_dice,
                           .reconnection_delay_ms = 10,
                           .reconnection_delay_max_ms = 50,
                           .auth = PEAL_OBJECT({"token", peal_str("board")})};
  if (peal_device_new(&self.device, memory, sizeof memory, &opts,
                      board_now_ms()))
    return 3;
  read_waiting(&self);
  while (!self.failed && !self.ended) {
    write_waiting(&self);
    board_wait(self.fd, false, time_left(&self));
    read_waiting(&self);
  }
  size_t most = peal_device_most_bytes(self.device);
  if (self.rounds > WARM_ROUNDS && most > self.warm_bytes + 512)
    fail(&self, "memory has grown");
  print_number("answers ", self.answered);
  print_number(", questions ", self.questions);
  print_number(", connects ", self.connects);
  print_number(", memory ", most);
  board_print("\n");
  peal_device_free(self.device);
  return self.failed ? 1 : 0;
}
