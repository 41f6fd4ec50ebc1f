/* SPDX-License-Identifier: MIT */
#pragma once
/* cli_runs: what the subcommands do, each in the file of its name. */
#include "cli_exit.h"
#include "cli_opts.h"

cli_exit cli_listen_run(const cli_opts *opts);
cli_exit cli_emit_run(const cli_opts *opts); /* emit and call */
cli_exit cli_connect_run(const cli_opts *opts);
cli_exit cli_probe_run(const cli_opts *opts);
cli_exit cli_bench_run(const cli_opts *opts);
cli_exit cli_serve_run(const cli_opts *opts);
