/* SPDX-License-Identifier: MIT */
#pragma once
/* server_handover: the server's part in what one process hands to the next
 * (engine/handover): sockets with their rooms and data. */
#include "proto/handover_record.h"
#include "server/server_impl.h"

/* As those of peal_engine_callbacks. */
void peal_server_handover_on_look(peal_worker *worker, void *user);
bool peal_server_handover_may_leave(peal_engine_conn *conn, void *user);
void peal_server_handover_on_leaving(peal_engine_conn *conn, void *user);
PEAL_MUST_CHECK peal_err peal_server_handover_save(peal_engine_conn *conn,
                                                   peal_handover_record *record,
                                                   peal_arena *arena,
                                                   void *user);
void peal_server_handover_on_left(peal_engine_conn *conn, void *user);
PEAL_MUST_CHECK peal_err peal_server_handover_restore(
    peal_engine_conn *conn, const peal_handover_record *record, void *user);
void peal_server_handover_on_arrived(peal_engine_conn *conn, void *user);
uint64_t peal_server_handover_counted(void *user);
void peal_server_handover_count_on(uint64_t counted, void *user);
