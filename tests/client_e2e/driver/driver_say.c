/* SPDX-License-Identifier: MIT */
#include "driver_say.h"

#include <stdio.h>

#include <pthread.h>

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;

void driver_say(peal_val report) {
  peal_bytes *text = peal_json_bytes(report);
  if (!text) {
    (void)fprintf(stderr, "no memory for a report\n");
    return;
  }
  peal_slice line = peal_bytes_slice(text);
  (void)pthread_mutex_lock(&lock);
  (void)fwrite(line.ptr, 1, line.len, stdout);
  (void)fputc('\n', stdout);
  (void)fflush(stdout);
  (void)pthread_mutex_unlock(&lock);
  peal_bytes_unref(text);
}
