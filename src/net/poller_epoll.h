/* SPDX-License-Identifier: MIT */
#pragma once
/* poller_epoll: the poller on epoll(7): a wait costs what has come. */
#include "net/poller_verbs.h"

extern const peal_poller_verbs peal_poller_epoll;
