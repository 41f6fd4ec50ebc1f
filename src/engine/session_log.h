/* SPDX-License-Identifier: MIT */
#pragma once
/* session_log: the line and the figure for a session that has ended. */
#include "engine/engine_conn_impl.h"

void peal_session_log_close(peal_engine_conn *conn, peal_eio_reason reason,
                            peal_err err);
