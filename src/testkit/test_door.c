/* SPDX-License-Identifier: MIT */
/* test_door: the way to a server under test: memory in place of a network. */
#include <string.h>

#include "http/http_listen.h"
#include "testkit/test_impl.h"

peal_stream_memory *peal_test_dial(peal_test *test) {
  static const peal_address peer = {
      .ip = {[10] = 0xff, [11] = 0xff, [12] = 127, [15] = 1}, .known = true};
  peal_stream_memory *ends[2];
  if (!peal_stream_memory_open(ends))
    return NULL;
  peal_stream_parcel parcel = peal_stream_memory_parcel(ends[1]);
  peal_http_listen_take(peal_server_http(test->server), test->worker, &parcel,
                        &peer);
  return ends[0];
}

bool peal_test_door_open(const peal_dial_door *door, peal_worker *worker,
                         const char *host, const peal_account_worker *account,
                         peal_stream_parcel *out) {
  peal_test *test = (peal_test *)(uintptr_t)door;
  (void)worker;
  if (strcmp(host, PEAL_TEST_HOST) != 0)
    return false;
  peal_stream_memory *end = peal_test_dial(test);
  if (!end)
    return false;
  peal_stream_memory_set_owner(end, account);
  *out = peal_stream_memory_parcel(end);
  return true;
}
