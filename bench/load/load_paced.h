/* SPDX-License-Identifier: MIT */
#pragma once
/* load_paced: messages by a schedule that does not wait for the server: number
 * k is due k / rate seconds after the start, and its latency is counted from
 * then, also if it could be sent only later. A server that stops for a moment
 * thus pays for every message of that moment, as its users would. */
#include "load_run.h"

void load_paced_drive(load_run *run);
void load_paced_reply(load_run *run, load_client *client, const uint8_t *packet,
                      size_t len);
/* Send what is due. */
void load_paced_batch(load_run *run);
