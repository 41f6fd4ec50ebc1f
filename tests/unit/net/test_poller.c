/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/list.h"
#include "base/mem.h"
#include "net/poller.h"
#include "torture.h"

/* Every case runs with each poller. More than are told in one turn: */
#define COUNT 600

typedef struct watched {
  peal_polled item;
  int told;
  unsigned events;
} watched;

static void on_ready(peal_polled *item, unsigned events) {
  watched *it = PEAL_LIST_OF(item, watched, item);
  it->told++;
  it->events = events;
}

static const peal_polled_kind kind = {on_ready, NULL};

static peal_poller_kind kind_of(const char *name) {
  return strcmp(name, "poll") == 0 ? PEAL_POLLER_POLL : PEAL_POLLER_EPOLL;
}

static peal_poller *open_as(void **state) {
  peal_poller *poller = peal_poller_open(peal_mem_libc(), kind_of(*state));
  assert_non_null(poller);
  assert_string_equal(peal_poller_name(poller), *state);
  return poller;
}

static unsigned turn(peal_poller *poller, watched *it) {
  it->told = 0;
  it->events = 0;
  peal_poller_wait(poller, 0);
  peal_poller_tell(poller);
  return it->events;
}

static void watch(peal_poller *poller, int fd, unsigned events, watched *it,
                  bool again) {
  it->item.kind = &kind;
  assert_true(peal_poller_watch(poller, fd, events, &it->item, again));
}

static void make_pair(int fds[2]) {
  assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
}

static void tells_what_was_asked_for_and_nothing_else(void **state) {
  peal_poller *poller = open_as(state);
  int fds[2];
  watched it = {.told = 0};
  make_pair(fds);
  watch(poller, fds[0], PEAL_POLL_IN, &it, false);
  assert_int_equal(turn(poller, &it), 0);
  assert_int_equal(it.told, 0);
  assert_int_equal(write(fds[1], "x", 1), 1);
  assert_int_equal(turn(poller, &it), PEAL_POLL_IN);
  assert_int_equal(turn(poller, &it), PEAL_POLL_IN); /* it is still there */
  watch(poller, fds[0], PEAL_POLL_OUT, &it, true);
  assert_int_equal(turn(poller, &it), PEAL_POLL_OUT);
  watch(poller, fds[0], PEAL_POLL_IN | PEAL_POLL_OUT, &it, true);
  assert_int_equal(turn(poller, &it), PEAL_POLL_IN | PEAL_POLL_OUT);
  watch(poller, fds[0], PEAL_POLL_END, &it, true);
  assert_int_equal(turn(poller, &it), 0);
  shutdown(fds[1], SHUT_WR);
  assert_int_equal(turn(poller, &it), PEAL_POLL_END);
  peal_poller_forget(poller, fds[0]);
  assert_int_equal(turn(poller, &it), 0);
  peal_poller_forget(poller, fds[0]); /* does no harm */
  close(fds[0]);
  close(fds[1]);
  peal_poller_close(poller);
}

static void tells_of_the_end_of_both_directions_unasked(void **state) {
  peal_poller *poller = open_as(state);
  int fds[2];
  watched it = {.told = 0};
  make_pair(fds);
  watch(poller, fds[0], 0, &it, false);
  assert_int_equal(turn(poller, &it), 0);
  close(fds[1]);
  assert_true(turn(poller, &it) & PEAL_POLL_HUP);
  peal_poller_forget(poller, fds[0]);
  close(fds[0]);
  peal_poller_close(poller);
}

static void many_are_told_each_in_its_turn(void **state) {
  static watched its[COUNT];
  static int fds[COUNT][2];
  peal_poller *poller = open_as(state);
  memset(its, 0, sizeof(its));
  for (int i = 0; i < COUNT; i++) {
    assert_int_equal(pipe(fds[i]), 0);
    watch(poller, fds[i][0], PEAL_POLL_IN, &its[i], false);
    assert_int_equal(write(fds[i][1], "x", 1), 1);
  }
  /* A few waits are enough for all, though one does not hold them. */
  for (int waits = 0; waits < 4; waits++) {
    peal_poller_wait(poller, 0);
    peal_poller_tell(poller);
  }
  for (int i = 0; i < COUNT; i++)
    assert_true(its[i].told > 0);
  for (int i = 0; i < COUNT; i += 2) /* half of them go */
    peal_poller_forget(poller, fds[i][0]);
  for (int i = 0; i < COUNT; i++)
    its[i].told = 0;
  for (int waits = 0; waits < 3; waits++) {
    peal_poller_wait(poller, 0);
    peal_poller_tell(poller);
  }
  for (int i = 0; i < COUNT; i++)
    assert_int_equal(its[i].told > 0, i % 2);
  for (int i = 0; i < COUNT; i++) {
    peal_poller_forget(poller, fds[i][0]);
    close(fds[i][0]);
    close(fds[i][1]);
  }
  peal_poller_close(poller);
}

static void what_cannot_be_watched_is_refused(void **state) {
  peal_poller *poller = open_as(state);
  int fds[2];
  watched it = {.item.kind = &kind};
  make_pair(fds);
  watch(poller, fds[0], PEAL_POLL_IN, &it, false);
  assert_false(
      peal_poller_watch(poller, fds[0], PEAL_POLL_IN, &it.item, false));
  assert_false(peal_poller_watch(poller, fds[1], PEAL_POLL_IN, &it.item, true));
  peal_poller_forget(poller, fds[0]);
  close(fds[0]);
  close(fds[1]);
  peal_poller_close(poller);
}

static void expect_poller(peal_poller_kind wanted, const char *name) {
  peal_poller *poller = peal_poller_open(peal_mem_libc(), wanted);
  assert_non_null(poller);
  assert_string_equal(peal_poller_name(poller), name);
  peal_poller_close(poller);
}

static void the_environment_overrides_the_default_only(void **state) {
  (void)state;
  unsetenv("PEAL_POLLER");
  expect_poller(PEAL_POLLER_DEFAULT, "epoll");
  setenv("PEAL_POLLER", "", 1);
  expect_poller(PEAL_POLLER_DEFAULT, "epoll");
  setenv("PEAL_POLLER", "poll", 1);
  expect_poller(PEAL_POLLER_DEFAULT, "poll");
  expect_poller(PEAL_POLLER_EPOLL, "epoll");
  setenv("PEAL_POLLER", "epoll", 1);
  expect_poller(PEAL_POLLER_DEFAULT, "epoll");
  expect_poller(PEAL_POLLER_POLL, "poll");
  unsetenv("PEAL_POLLER");
}

static void a_poller_that_is_none_is_refused(void **state) {
  (void)state;
  setenv("PEAL_POLLER", "kqueue", 1);
  assert_null(peal_poller_open(peal_mem_libc(), PEAL_POLLER_DEFAULT));
  unsetenv("PEAL_POLLER");
  assert_null(peal_poller_open(peal_mem_libc(), (peal_poller_kind)7));
  peal_poller_close(NULL);
}

static peal_err watch_forty(const peal_mem *mem, void *user) {
  int fds[40][2];
  watched it = {.item.kind = &kind};
  peal_poller *poller = peal_poller_open(mem, kind_of(user));
  bool ok = poller != NULL;
  for (int i = 0; i < 40; i++)
    assert_int_equal(pipe(fds[i]), 0);
  for (int i = 0; ok && i < 40; i++)
    ok = peal_poller_watch(poller, fds[i][0], PEAL_POLL_IN, &it.item, false);
  if (ok)
    peal_poller_wait(poller, 0);
  peal_poller_close(poller);
  for (int i = 0; i < 40; i++) {
    close(fds[i][0]);
    close(fds[i][1]);
  }
  return ok ? PEAL_OK : PEAL_ERR_NOMEM;
}

static void every_allocation_may_fail(void **state) {
  assert_true(torture_run(watch_forty, *state, false, NULL));
}

static bool is_readable(int fd) {
  return poll(&(struct pollfd){.fd = fd, .events = POLLIN}, 1, 0) == 1;
}

/* poll(2) has nothing that could be. */
static void its_descriptor_is_readable_while_something_is_found(void **state) {
  peal_poller *poller = open_as(state);
  int fds[2], fd = peal_poller_fd(poller);
  char byte;
  watched it = {.told = 0};
  if (strcmp(*state, "poll") == 0) {
    assert_int_equal(fd, -1);
    peal_poller_close(poller);
    return;
  }
  make_pair(fds);
  watch(poller, fds[0], PEAL_POLL_IN, &it, false);
  assert_false(is_readable(fd));
  assert_int_equal(write(fds[1], "x", 1), 1);
  assert_true(is_readable(fd));
  assert_int_equal(turn(poller, &it), PEAL_POLL_IN);
  assert_true(is_readable(fd)); /* it was told, and not read */
  assert_int_equal(read(fds[0], &byte, 1), 1);
  assert_false(is_readable(fd));
  peal_poller_forget(poller, fds[0]);
  close(fds[0]);
  close(fds[1]);
  peal_poller_close(poller);
}

#define WITH(name, poller)                                                     \
  { #name " (" poller ")", name, NULL, NULL, poller }
#define WITH_EACH(name) WITH(name, "epoll"), WITH(name, "poll")

int main(void) {
  const struct CMUnitTest tests[] = {
      WITH_EACH(tells_what_was_asked_for_and_nothing_else),
      WITH_EACH(tells_of_the_end_of_both_directions_unasked),
      WITH_EACH(many_are_told_each_in_its_turn),
      WITH_EACH(what_cannot_be_watched_is_refused),
      WITH_EACH(its_descriptor_is_readable_while_something_is_found),
      WITH_EACH(every_allocation_may_fail),
      cmocka_unit_test(the_environment_overrides_the_default_only),
      cmocka_unit_test(a_poller_that_is_none_is_refused),
  };
  return cmocka_run_group_tests(tests, NULL, NULL);
}
