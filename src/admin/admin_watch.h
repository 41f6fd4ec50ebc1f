/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_watch: what an onlooker sees, told to those who look. */
#include "server/onlooker.h"

extern const peal_onlooker_verbs peal_admin_watch_verbs;
