/* SPDX-License-Identifier: MIT */
#pragma once
/* driver_socket: what an `open` has opened: a namespace, and the client that it
 * is on, which belongs to the first of its namespaces. */
#include <peal/client.h>

#define DRIVER_WHEN_MAX 16

typedef struct driver_socket driver_socket;

struct driver_socket {
  int64_t id;
  peal_client *client;
  peal_client_nsp *nsp;
  bool is_first;     /* frees the client */
  peal_doc *doc;     /* of `command` */
  peal_val command;  /* how it was opened */
  peal_build *build; /* of the values below; as long as the socket */
  peal_val auth;     /* undefined: none */
  peal_val answers;  /* by event */
  int64_t times[DRIVER_WHEN_MAX]; /* of the command's `when`: left */
  driver_socket *next;
};

/* In the driver's list; NULL if memory is out. Takes `doc`. */
driver_socket *driver_socket_new(peal_doc *doc);
/* NULL if there is none. */
driver_socket *driver_socket_find(int64_t id);
/* Free a client; its sockets stay in the list without it, for their handlers
 * may be running. */
void driver_socket_free_client(peal_client *client);
/* All clients and sockets. */
void driver_socket_free_all(void);
