/* SPDX-License-Identifier: MIT */
#pragma once
/* notify: a word to the service manager that has started the program
 * (sd_notify(3)): nothing if there is none. */

/* Lines of "NAME=value". */
void peal_notify_say(const char *lines);
/* This process is the service's, and it runs. */
void peal_notify_ready(void);
