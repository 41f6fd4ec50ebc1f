/* SPDX-License-Identifier: MIT */
#pragma once
/* house_log: where the lines of an application go: to the console, to a file
 * that is put away when it has grown, and those of requests to one of their
 * own. */
#include "house.h"

/* From now on to the console. */
void house_log_init(house *h);
/* And to the files. False after saying why. */
PEAL_MUST_CHECK bool house_log_open(house *h);
void house_log_close(house *h);
