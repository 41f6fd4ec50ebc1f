/* SPDX-License-Identifier: MIT */
#pragma once
/* socket_timer: the timers of a socket, which end with it. */
#include "server/belongings.h"

/* None of them comes any more. */
void peal_socket_timer_end(peal_socket *socket);
