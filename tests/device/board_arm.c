/* SPDX-License-Identifier: MIT */
/* board_arm: the device program as a bare ARM program: no C library start, no
 * allocator; the system calls of Linux (EABI), which qemu-arm serves, stand for
 * the network chip and the clock of a board. */
#include <string.h>

#include "board.h"

int main(int argc, char **argv);

static long call(long number, long a, long b, long c) {
  register long r7 __asm__("r7") = number;
  register long r0 __asm__("r0") = a;
  register long r1 __asm__("r1") = b;
  register long r2 __asm__("r2") = c;
  __asm__ volatile("svc 0" : "+r"(r0) : "r"(r7), "r"(r1), "r"(r2) : "memory");
  return r0;
}

enum {
  SYS_EXIT = 1,
  SYS_READ = 3,
  SYS_WRITE = 4,
  SYS_CLOSE = 6,
  SYS_FCNTL = 55,
  SYS_POLL = 168,
  SYS_CLOCK_GETTIME = 263,
  SYS_SOCKET = 281,
  SYS_CONNECT = 283,
  SYS_GETRANDOM = 384
};

#define EAGAIN_NUMBER 11
#define F_SETFL_NUMBER 4
#define O_NONBLOCK_BIT 04000

uint64_t board_now_ms(void) {
  struct {
    uint32_t seconds, nanoseconds;
  } now;

  call(SYS_CLOCK_GETTIME, 1, (long)&now, 0);
  return (uint64_t)now.seconds * 1000 + now.nanoseconds / 1000000;
}

uint32_t board_dice(void *user) {
  (void)user;
  uint32_t bits = 0;
  call(SYS_GETRANDOM, (long)&bits, sizeof bits, 0);
  return bits;
}

int board_connect(unsigned port) {
  const unsigned char to[16] = {
      2, 0, (unsigned char)(port >> 8), (unsigned char)port, 127, 0, 0, 1};
  long fd = call(SYS_SOCKET, 2, 1, 0);
  if (fd < 0 || call(SYS_CONNECT, fd, (long)to, sizeof to) < 0)
    return -1;
  call(SYS_FCNTL, fd, F_SETFL_NUMBER, O_NONBLOCK_BIT);
  return (int)fd;
}

void board_close(int fd) {
  call(SYS_CLOSE, fd, 0, 0);
}

static int result(long done) {
  return done == -EAGAIN_NUMBER ? 0 : (int)done;
}

int board_read(int fd, void *data, size_t len) {
  long got = call(SYS_READ, fd, (long)data, (long)len);
  return got == 0 ? -1 : result(got);
}

int board_write(int fd, const void *data, size_t len) {
  return result(call(SYS_WRITE, fd, (long)data, (long)len));
}

void board_wait(int fd, bool writes, int timeout_ms) {
  struct {
    int fd;
    short events, got;
  } item = {fd, (short)(writes ? 5 : 1), 0};

  call(SYS_POLL, (long)&item, fd >= 0, timeout_ms);
}

void board_print(const char *text) {
  call(SYS_WRITE, 1, (long)text, (long)strlen(text));
}

/* The stack holds argc, then the arguments. */
__attribute__((used, noreturn)) void begin(int *stack);

void begin(int *stack) {
  int code = main(stack[0], (char **)(void *)(stack + 1));
  call(SYS_EXIT, code, 0, 0);
  for (;;)
    ;
}

__attribute__((naked, noreturn)) void _start(void);

void _start(void) {
  __asm__ volatile("mov r0, sp\n"
                   "bl begin");
}
