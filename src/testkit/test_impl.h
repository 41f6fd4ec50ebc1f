/* SPDX-License-Identifier: MIT */
#pragma once
/* test_impl: a server under test, its clock, its door, and who has come through
 * it. */
#include <peal/test.h>

#include "base/list.h"
#include "net/dial.h"
#include "net/stream_memory.h"
#include "net/worker.h"

/* The name by which clients find it: no network has it (RFC6761 6.2). */
#define PEAL_TEST_HOST "peal.test"

struct peal_test {
  peal_dial_door door; /* first */
  peal_worker_clock clock;
  peal_server *server;
  peal_workers *workers;
  peal_worker *worker; /* the only one */
  uint64_t began_ms;
  peal_list clients; /* peal_test_client.node */
  peal_list lines;   /* peal_test_line.node */
};

/* An event that has come. */
typedef struct peal_test_heard {
  peal_doc *doc; /* its arguments */
  char *name;
  const char *nsp;   /* its namespace's, for the client's life */
  peal_reply *reply; /* NULL: none is due */
  bool is_binary;
} peal_test_heard;

/* One of a client's namespaces. */
typedef struct peal_test_space {
  struct peal_test_space *next;
  struct peal_test_client *client;
  peal_client_nsp *nsp;
  char id[64];
  bool is_refused, was_left;
  peal_client_reason reason;
  peal_client_problem problem;
  peal_doc *data; /* the problem's */
} peal_test_space;

struct peal_test_client {
  peal_list node;
  peal_test *test;
  peal_client *client;
  peal_test_space *spaces; /* newest first; the last is that of the connect */
  peal_test_heard *heard;
  size_t count, cap;
  peal_doc *answer;    /* to the last question, as an array */
  uint64_t asked;      /* questions so far */
  peal_err answer_err; /* PEAL_ERR_AGAIN: it has not come */
};

/* An event comes. On the worker. */
void peal_test_inbox_add(peal_client_nsp *nsp, const peal_event *event,
                         void *user);

struct peal_test_line {
  peal_list node;
  peal_test *test;
  peal_stream_memory *end;
};

/* What clients on its worker find in place of a network (peal_dial_door). */
bool peal_test_door_open(const peal_dial_door *door, peal_worker *worker,
                         const char *host, const peal_account_worker *account,
                         peal_stream_parcel *out);
/* Time goes on: to the next timer, or to the end. */
void peal_test_time_go_on(peal_test *test, uint64_t end_ms);
/* A connection to the server; the end that is not the server's. NULL if memory
 * is out. On the worker, or between two turns. */
PEAL_MUST_CHECK peal_stream_memory *peal_test_dial(peal_test *test);
