/* SPDX-License-Identifier: MIT */
#include "driver_socket.h"

#include <stdlib.h>

#include <pthread.h>

#include "driver_values.h"

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static driver_socket *sockets;

static void read_times(driver_socket *socket) {
  peal_args when = driver_values_args(peal_val_get(socket->command, "when"));
  for (size_t i = 0; i < when.count && i < DRIVER_WHEN_MAX; i++) {
    socket->times[i] = peal_val_int(peal_val_get(when.items[i], "times"), 1);
  }
}

driver_socket *driver_socket_new(peal_doc *doc) {
  driver_socket *socket = calloc(1, sizeof *socket);
  if (!socket) {
    peal_doc_free(doc);
    return NULL;
  }
  socket->doc = doc;
  socket->command = peal_doc_val(doc);
  socket->id = peal_val_int(peal_val_get(socket->command, "id"), 0);
  socket->build = peal_build_new();
  socket->auth = driver_values_unpack(socket->build,
                                      peal_val_get(socket->command, "auth"));
  socket->answers = driver_values_unpack(
      socket->build, peal_val_get(socket->command, "answers"));
  read_times(socket);
  (void)pthread_mutex_lock(&lock);
  socket->next = sockets;
  sockets = socket;
  (void)pthread_mutex_unlock(&lock);
  return socket;
}

driver_socket *driver_socket_find(int64_t id) {
  (void)pthread_mutex_lock(&lock);
  driver_socket *at = sockets;
  while (at && at->id != id) {
    at = at->next;
  }
  (void)pthread_mutex_unlock(&lock);
  return at;
}

void driver_socket_free_client(peal_client *client) {
  peal_client_free(client);
  for (driver_socket *at = sockets; at; at = at->next) {
    if (at->client == client) {
      at->client = NULL;
      at->nsp = NULL;
    }
  }
}

void driver_socket_free_all(void) {
  while (sockets) {
    driver_socket *socket = sockets;
    if (socket->client) {
      driver_socket_free_client(socket->client);
    }
    sockets = socket->next;
    peal_build_free(socket->build);
    peal_doc_free(socket->doc);
    free(socket);
  }
}
