/* SPDX-License-Identifier: MIT */
#include "proto/eio_due.h"

typedef struct rank {
  uint8_t bit, type;
} rank;

/* What waits on a WebSocket is understood only behind the answer to its probe
 * and behind its `5`. */
static const rank ranks[] = {
    {PEAL_EIO_DUE_PROBE_PING, PEAL_EIO_PING},
    {PEAL_EIO_DUE_PROBE_PONG, PEAL_EIO_PONG},
    {PEAL_EIO_DUE_OPEN, PEAL_EIO_OPEN},
    {PEAL_EIO_DUE_UPGRADE, PEAL_EIO_UPGRADE},
    {PEAL_EIO_DUE_PONG, PEAL_EIO_PONG},
    {PEAL_EIO_DUE_PING, PEAL_EIO_PING},
    {PEAL_EIO_DUE_NOOP, PEAL_EIO_NOOP},
    {PEAL_EIO_DUE_CLOSE, PEAL_EIO_CLOSE},
};

#define RANKS (sizeof ranks / sizeof *ranks)

uint8_t peal_eio_due_first(uint8_t due) {
  for (size_t i = 0; due && i < RANKS; i++)
    if (due & ranks[i].bit)
      return ranks[i].bit;
  return 0;
}

peal_eio_type peal_eio_due_type(uint8_t bit) {
  size_t i = 0;
  while (ranks[i].bit != bit && i + 1 < RANKS)
    i++;
  return (peal_eio_type)ranks[i].type;
}
