/* SPDX-License-Identifier: MIT */
#pragma once
/* watch: the applications of this machine, and how they are: each is asked for
 * its health every two seconds, off the workers. */
#include <peal/kit.h>

typedef struct watch watch;

/* Where they are is read from the configuration. NULL after logging why. */
watch *watch_new(peal_kit *h);
/* After the run. */
void watch_free(watch *w);
/* One row of options per application. */
extern const peal_config_key watch_keys[]; /* up to one without a name */

/* Every second, on worker 0. */
void watch_second(watch *w);
/* No more questions; the one under way breaks off. On worker 0. */
void watch_stop(watch *w);

/* All of them as of now, made in `build`. Thread: any. */
peal_val watch_val(watch *w, peal_build *build);
