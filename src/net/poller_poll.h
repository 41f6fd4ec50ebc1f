/* SPDX-License-Identifier: MIT */
#pragma once
/* poller_poll: the poller on poll(2), for systems without epoll: a wait costs
 * time for each descriptor that is watched. */
#include "net/poller_verbs.h"

extern const peal_poller_verbs peal_poller_poll;
