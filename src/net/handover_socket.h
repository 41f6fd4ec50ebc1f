/* SPDX-License-Identifier: MIT */
#pragma once
/* handover_socket: between the process that goes and the one that comes: a
 * Unix socket of packets (SOCK_SEQPACKET) at a path, with descriptors beside
 * them. A message may be longer than a packet; it comes whole or not at all.
 *
 * Only who runs as the same user is spoken to, on both sides; the file is for
 * the owner alone (0600). */
#include <peal/base.h>

#include "base/buf.h"

/* Bytes of a message that a peer may make us hold. */
#define PEAL_HANDOVER_SOCKET_MAX (64u << 20)

/* Where the next process is awaited: {.fd = -1} is closed. */
typedef struct peal_handover_door {
  int fd;
  uint64_t dev, ino; /* of the file, so that no other is removed */
} peal_handover_door;

/* Listen at `path`. A file of ours that is a socket gives way if nobody listens
 * there, or if `replaces`. False, with errno. */
bool peal_handover_door_open(peal_handover_door *door, const char *path,
                             bool replaces);
/* Close it, and remove the file if it is still this one's; `path` NULL: that is
 * another one's to decide. */
void peal_handover_door_close(peal_handover_door *door, const char *path);
/* Connect to who listens there; -1 with errno: nobody, or a stranger. */
int peal_handover_socket_dial(const char *path);
/* Who has come, or -1: nobody, or a stranger, who is closed. */
int peal_handover_socket_accept(int fd);

/* Send a message of this type with a descriptor (-1: none; it stays the
 * caller's). Waits for at most a second for each packet. If it fails, the
 * message has not come, and nothing more can be sent.
 * Returns: PEAL_OK, PEAL_ERR_CLOSED (the peer is gone), PEAL_ERR_TIMEOUT,
 * PEAL_ERR_SYSTEM. */
PEAL_MUST_CHECK peal_err peal_handover_socket_send(int fd, uint8_t type,
                                                   peal_slice body, int passed);

/* The same of a message that fits into one packet, without waiting.
 * Returns also: PEAL_ERR_AGAIN: it is too long, or there is no room now; nothing
 * was sent, and more can be. */
PEAL_MUST_CHECK peal_err peal_handover_socket_try(int fd, uint8_t type,
                                                  peal_slice body, int passed);

/* What has come in part. */
typedef struct peal_handover_reader {
  peal_buf body; /* of the message, behind _next */
  int fd;        /* what came with it, or -1; the caller takes it */
  uint8_t type;
  bool is_open; /* more of it follows */
} peal_handover_reader;

void peal_handover_reader_init(peal_handover_reader *reader,
                               const peal_mem *mem);
void peal_handover_reader_deinit(peal_handover_reader *reader);
/* The next message; `wait_ms`: for each packet, 0: not at all.
 * Returns: PEAL_OK; PEAL_ERR_AGAIN: not yet (also if the wait was in vain);
 * PEAL_ERR_CLOSED: the peer is gone, or talks nonsense; PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_handover_reader_next(peal_handover_reader *reader,
                                                   int fd, int wait_ms);
