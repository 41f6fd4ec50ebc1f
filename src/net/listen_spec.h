/* SPDX-License-Identifier: MIT */
#pragma once
/* listen_spec: where to listen, and the bound sockets for it: TCP, a Unix
 * socket, or a descriptor that was inherited. */
#include <sys/stat.h>
#include <sys/types.h>

#include <peal/base.h>

/* {0}: any free TCP port on all addresses. One of port, path and fd. */
typedef struct peal_listen_spec {
  const char *host; /* NULL: "::" with IPv4 mapped, or else 0.0.0.0 */
  uint16_t port;    /* 0: any free one */
  const char *path; /* a Unix socket; a stale one is replaced */
  mode_t mode;      /* of its file; 0: as the umask says */
  int fd;      /* > 0: a listening socket, inherited; taken if it is used */
  int backlog; /* 0: 511, as Node's */
  /* Instead of opening the place: sockets that another process has opened
   * there; taken if this succeeds. The file of a Unix socket is not ours before
   * peal_listen_spec_own. */
  const int *given;
  unsigned given_count; /* 0: open it */
} peal_listen_spec;

/* What was opened. */
typedef struct peal_listen_place {
  uint16_t port; /* of TCP */
  char *path;    /* of a Unix socket that is ours to remove; NULL: none */
  dev_t dev;     /* the file that we made; another's is left alone */
  ino_t ino;
  char *not_ours; /* a path that may become ours */
} peal_listen_place;

/* Open `count` descriptors that listen there: for TCP sockets of their own on
 * one port (SO_REUSEPORT when there are several; the port is first tried
 * without, so that a port in use is an error), otherwise copies of one. An
 * inherited descriptor is fds[0], and stays the caller's if this fails.
 * Returns: PEAL_OK; PEAL_ERR_PORT_IN_USE (also: somebody listens at the path,
 * or it is no socket); PEAL_ERR_SYSTEM; PEAL_ERR_NOMEM; PEAL_ERR_USAGE. *why is
 * a text then, constant or static. */
PEAL_MUST_CHECK peal_err peal_listen_spec_open(const peal_listen_spec *spec,
                                               int *fds, unsigned count,
                                               peal_listen_place *place,
                                               const char **why);
/* The process that has opened the place has left it to us. */
void peal_listen_spec_own(peal_listen_place *place);
/* Another process has it from now on: the file stays. */
void peal_listen_spec_leave(peal_listen_place *place);
/* Remove the file, once. */
void peal_listen_spec_remove(peal_listen_place *place);
