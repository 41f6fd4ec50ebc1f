/* SPDX-License-Identifier: MIT */
#pragma once
/* driver_report: the handlers of a socket, which tell what happens. */
#include "driver_socket.h"

/* Register those that its command asks for. False if memory is out. */
bool driver_report_register(driver_socket *socket);
/* An acknowledgement that somebody waits for, to be told as `ask`. */
typedef struct driver_ask driver_ask;
driver_ask *driver_report_ask_new(int64_t id, int64_t ask);
/* Of peal_client_emit_ack; frees `user`, a driver_ask. */
void driver_report_answer(peal_client_nsp *nsp, peal_err err, peal_args args,
                          void *user);
/* A call that did not work. */
void driver_report_error(int64_t id, const char *what, peal_err err,
                         const char *text);
