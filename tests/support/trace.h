/* SPDX-License-Identifier: MIT */
#pragma once
/* trace: where handlers on other threads write what they were told, a line each,
 * and tests look whether it came. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>
#include <pthread.h>
#include <unistd.h>

#include <peal/base.h>

typedef struct server_trace {
  pthread_mutex_t lock;
  char text[16384]; /* lines */
  size_t len;
} server_trace;

static server_trace trace = {.lock = PTHREAD_MUTEX_INITIALIZER};

static inline void trace_add(const char *format, ...) PEAL_PRINTF(1, 2);

static inline void trace_add(const char *format, ...) {
  va_list args;
  va_start(args, format);
  pthread_mutex_lock(&trace.lock);
  if (trace.len < sizeof trace.text - 256) {
    trace.len += (size_t)vsnprintf(trace.text + trace.len, 250, format, args);
    trace.text[trace.len++] = '\n';
    trace.text[trace.len] = 0;
  }
  pthread_mutex_unlock(&trace.lock);
  va_end(args);
}

static inline void trace_clear(void) {
  pthread_mutex_lock(&trace.lock);
  trace.len = 0;
  trace.text[0] = 0;
  pthread_mutex_unlock(&trace.lock);
}

static inline bool trace_is(const char *text) {
  pthread_mutex_lock(&trace.lock);
  bool is = !strcmp(trace.text, text);
  pthread_mutex_unlock(&trace.lock);
  return is;
}

static inline bool trace_has(const char *text) {
  pthread_mutex_lock(&trace.lock);
  bool has = strstr(trace.text, text) != NULL;
  pthread_mutex_unlock(&trace.lock);
  return has;
}

/* The whole trace becomes `text` within 10 s; it is cleared. */
static inline void trace_expect(const char *text) {
  for (int i = 0; i < 10000 && !trace_is(text); i++)
    usleep(1000);
  pthread_mutex_lock(&trace.lock);
  char *copy = strdup(trace.text);
  pthread_mutex_unlock(&trace.lock);
  trace_clear();
  assert_string_equal(copy, text);
  free(copy);
}

/* A line comes within 10 s. */
static inline void trace_await(const char *text) {
  for (int i = 0; i < 10000 && !trace_has(text); i++)
    usleep(1000);
  if (!trace_has(text))
    fprintf(stderr, "trace: no \"%s\" in:\n%s", text, trace.text);
  assert_true(trace_has(text));
}
