/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_log: where the lines of an application go: to the console, to a file
 * that is put away when it has grown, and those of requests to one of their
 * own. */
#include <peal/kit_program.h>

/* From now on to the console. */
void peal_kit_log_init(peal_kit *h);
/* And to the files. False after saying why. */
PEAL_MUST_CHECK bool peal_kit_log_open(peal_kit *h);
void peal_kit_log_close(peal_kit *h);
