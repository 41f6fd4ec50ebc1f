/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_pair: two nodes, Ann at the first, Bob at the second, both in a
 * room. */
#include "cluster_fixture.h"

static sio_client ann, bob;

static inline void two_nodes(const peal_cluster_opts *opts) {
  cluster_open(2, opts, 1);
  cluster_start();
  cluster_enter(&ann, 0, "room", "Ann");
  cluster_enter(&bob, 1, "room", "Bob");
}

static inline void all_gone(void) {
  sio_client_close(&ann);
  sio_client_close(&bob);
  cluster_close();
}

static inline void say(size_t at, const char *event) {
  assert_int_equal(
      peal_nsp_emit(nodes[at].it.root, PEAL_TO("room"), event, PEAL_NO_ARGS),
      PEAL_OK);
}

static inline void both_hear(const char *packet) {
  assert_true(sio_client_await(&ann, packet));
  assert_true(sio_client_await(&bob, packet));
}
