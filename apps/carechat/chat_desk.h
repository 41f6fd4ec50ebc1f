/* SPDX-License-Identifier: MIT */
#pragma once
/* chat_desk: takes orders, stores questions, and gives each person a turn: one
 * answer at a time, in the order of the questions. On worker 0; each takes the
 * order. */
#include "chat_order.h"

void chat_desk_send(chat_order *o);
void chat_desk_cancel(chat_order *o);
void chat_desk_retry(chat_order *o);
void chat_desk_clear(chat_order *o);
/* Before the run; false: memory is out. */
PEAL_MUST_CHECK bool chat_desk_open(chat *c);
/* The program ends. */
void chat_desk_stop(chat *c);
