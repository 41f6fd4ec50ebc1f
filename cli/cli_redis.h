/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_redis: what `peal emit --redis` does instead of connecting to a
 * server. */
#include "cli_exit.h"
#include "cli_opts.h"

cli_exit cli_redis_run(const cli_opts *opts);
