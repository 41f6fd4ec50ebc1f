/* SPDX-License-Identifier: MIT */
/* device: the client for small devices on a system with sockets: it tells the
 * server a temperature every second and prints what the server says. Its
 * arguments are the host (an address) and the port. On a board the five
 * functions at the top are its own. */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

#include <arpa/inet.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <peal/device.h>

static uint64_t now_ms(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static uint32_t dice(void *user) {
  uint32_t bits = 0;
  (void)user;
  (void)!getentropy(&bits, sizeof bits);
  return bits;
}

static int dial(const char *host, int port) {
  struct sockaddr_in to = {.sin_family = AF_INET,
                           .sin_port = htons((uint16_t)port)};
  int fd = socket(AF_INET, SOCK_STREAM, 0);
  if (inet_pton(AF_INET, host, &to.sin_addr) == 1 &&
      connect(fd, (struct sockaddr *)&to, sizeof to) == 0 &&
      fcntl(fd, F_SETFL, O_NONBLOCK) == 0)
    return fd;
  close(fd);
  return -1;
}

static ssize_t put(int fd, peal_slice out) {
  return send(fd, out.ptr, out.len, MSG_NOSIGNAL);
}

static ssize_t get(int fd, char *data, size_t cap) {
  return recv(fd, data, cap, 0);
}

/* -- the program -------------------------------------------------------------- */

typedef struct board {
  const char *host;
  int port, fd;
  peal_device *device;
  uint64_t tell_at;
} board;

static void act(board *self, const peal_device_event *event) {
  switch (event->type) {
  case PEAL_DEVICE_DIAL:
    self->fd = dial(self->host, self->port);
    if (self->fd >= 0)
      peal_device_opened(self->device, now_ms());
    else
      peal_device_closed(self->device, PEAL_ERR_IO, now_ms());
    break;
  case PEAL_DEVICE_HANGUP:
    close(self->fd);
    self->fd = -1;
    break;
  case PEAL_DEVICE_CONNECTED:
    puts("connected");
    self->tell_at = now_ms();
    break;
  case PEAL_DEVICE_DISCONNECTED:
    puts("disconnected");
    break;
  case PEAL_DEVICE_CONNECT_ERROR:
    puts("no connection");
    break;
  case PEAL_DEVICE_EVENT:
    printf("%.*s\n", PEAL_SFMT(event->name));
    peal_device_ack(self->device, PEAL_ARGS(peal_str("seen")));
    break;
  case PEAL_DEVICE_ANSWER:
    puts(event->err ? "no answer" : "stored");
    break;
  }
  fflush(stdout);
}

static void exchange(board *self) {
  char data[512];
  peal_device_event event;
  ssize_t len = self->fd < 0 ? 0 : get(self->fd, data, sizeof data);
  if (len > 0)
    peal_device_feed(self->device, data, (size_t)len, now_ms());
  while (peal_device_next(self->device, now_ms(), &event))
    act(self, &event);
  peal_slice out;
  ssize_t sent = 1;
  while (sent > 0 && (out = peal_device_pull(self->device, now_ms())).len) {
    sent = put(self->fd, out);
    if (sent > 0)
      peal_device_sent(self->device, (size_t)sent, now_ms());
  }
}

/* Until something comes or is due; the end of the connection is told. */
static void wait_for_it(board *self, uint64_t at) {
  struct pollfd item = {self->fd, POLLIN, 0};
  uint64_t due = peal_device_deadline(self->device), now = now_ms();
  due = at < due ? at : due;
  int found = poll(&item, 1, due <= now ? 0 : (int)(due - now));
  char end;
  if (found > 0 && recv(self->fd, &end, 1, MSG_PEEK | MSG_DONTWAIT) == 0) {
    close(self->fd);
    self->fd = -1;
    peal_device_closed(self->device, PEAL_OK, now_ms());
  }
}

static void tell(board *self) {
  double celsius = 20 + (double)(dice(NULL) % 100) / 50;
  self->tell_at = now_ms() + 1000;
  (void)peal_device_emit_ack(
      self->device, "temperature",
      PEAL_ARGS(PEAL_OBJECT({"celsius", peal_double(celsius)})), 5000, NULL,
      now_ms());
}

int main(int argc, char **argv) {
  static _Alignas(16) char memory[24 * 1024]; /* all that it ever uses */
  board self = {.host = argc > 1 ? argv[1] : "127.0.0.1",
                .port = argc > 2 ? atoi(argv[2]) : 3000,
                .fd = -1,
                .tell_at = UINT64_MAX};
  peal_device_opts opts = {.host = self.host, .random = dice};
  if (peal_device_new(&self.device, memory, sizeof memory, &opts, now_ms()))
    return 1;
  for (;;) {
    if (peal_device_id(self.device).len && now_ms() >= self.tell_at)
      tell(&self);
    exchange(&self);
    wait_for_it(&self, self.tell_at);
  }
}
