/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_name: a node of Peal's name among Node's and Python's servers. Those
 * look at nothing but whether it is their own; nodes of Peal see what else the
 * one who says something is, also before they have heard of it:
 *
 *   Node, Peal    "peal" mark uid          peal3 0123456789abcdef
 *   Python        uid "7065616c" mark 0000000    as a host_id: 32 hex digits
 *
 * (without the spaces). Stateless, so that nothing depends on which of two
 * channels was faster. */
#include <peal/base.h>

/* Hex digits of a uid. */
#define PEAL_CLUSTER_NAME_UID 16u
#define PEAL_CLUSTER_NAME_LEN (5u + PEAL_CLUSTER_NAME_UID)
#define PEAL_CLUSTER_NAME_HOST_LEN (2u * PEAL_CLUSTER_NAME_UID)

/* What a name tells: a mark is their sum, one hex digit. */
enum {
  PEAL_CLUSTER_NAME_NODE = 1,   /* it speaks Node's dialect */
  PEAL_CLUSTER_NAME_PYTHON = 2, /* it speaks Python's */
  PEAL_CLUSTER_NAME_RELAY = 4,  /* it says what it has heard by the other one */
  PEAL_CLUSTER_NAME_PEAL = 8    /* it speaks neither */
};

/* Both write without a terminator: LEN, HOST_LEN bytes. `uid` has its length. */
void peal_cluster_name_write(char *out, peal_slice uid, unsigned marks);
void peal_cluster_name_write_host(char *out, peal_slice uid, unsigned marks);
/* The marks of a name, 0 if it is none of Peal's; *uid (may be NULL) lies in it.
 */
unsigned peal_cluster_name_marks(peal_slice name, peal_slice *uid);
unsigned peal_cluster_name_host_marks(peal_slice host, peal_slice *uid);
