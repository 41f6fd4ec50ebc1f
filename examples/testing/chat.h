/* SPDX-License-Identifier: MIT */
#pragma once
/* chat: what this chat is, for main and for its tests. */
#include <peal/peal.h>

/* Its namespaces and handlers. False if memory is out. */
bool chat_set_up(peal_server *server);
