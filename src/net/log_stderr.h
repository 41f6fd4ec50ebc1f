/* SPDX-License-Identifier: MIT */
#pragma once
/* log_stderr: a log record as a line on the standard error output. */
#include <stdatomic.h>

#include <peal/base.h>

/* Waits for a pipe or terminal that is full, but not once *give_up is true,
 * and for at most `patience_ms`: the line is lost then. Returns false if so. */
bool peal_log_stderr_write(const peal_log_record *record,
                           peal_log_format format, const atomic_bool *give_up,
                           unsigned patience_ms);
