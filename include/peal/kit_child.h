/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_child: a program beside this one that runs as long as it does: the
 * simulated devices of an application, which use its public endpoints as any
 * device does.
 *
 *   peal_kit_child_start -> _check now and then -> _stop -> _wait
 *
 * It ends with the thread that starts it (the main one), and is told so by
 * --die-with-parent=PID. */
#include <peal/kit_program.h>

#ifdef __cplusplus
extern "C" {
#endif

enum { PEAL_KIT_CHILD_URL_BYTES = 300 };

/* The child; {0} is none. */
typedef struct peal_kit_child {
  int pid;          /* 0: none runs */
  const char *name; /* of the program */
} peal_kit_child;

/* Where this machine reaches the application that listens, "http://127.0.0.1:
 * 5001", for the child's arguments. Thread: any. */
PEAL_API void peal_kit_child_url(const peal_kit *h,
                                 char out[PEAL_KIT_CHILD_URL_BYTES]);
/* Start `name` (static text) of this program's own folder with `args`, which end
 * with NULL (borrowed), and `key` as PEAL_DEVICE_KEY in its environment: what
 * stands in arguments is visible to everyone. A failure is logged and returned
 * as false. Thread: the one that runs worker 0. */
PEAL_API bool peal_kit_child_start(peal_kit_child *child, peal_kit *h,
                                   const char *name, const char *const *args,
                                   const char *key);
/* Has it ended by itself? Logged once. Thread: worker. */
PEAL_API void peal_kit_child_check(peal_kit_child *child, peal_kit *h);
/* Ask it to end. Thread: worker. */
PEAL_API void peal_kit_child_stop(peal_kit_child *child);
/* Wait for that, at most a second, then end it. Blocks: behind the run. Thread:
 * the one that started it. */
PEAL_API void peal_kit_child_wait(peal_kit_child *child);

/* -- in the child ----------------------------------------------------------- */

/* Its row of the options. */
#define PEAL_KIT_CHILD_KEY                                                     \
  {                                                                            \
    .name = "die-with-parent", .type = PEAL_CONFIG_INT, .otherwise = "0",      \
    .help = "end with the process of this number, which has started this one", \
    .min = 0, .max = INT64_MAX                                                 \
  }
/* End with the program that started it, if it was told which one that is. False:
 * that is gone already. Thread: the first. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_child_follow(const peal_config *config);

#ifdef __cplusplus
}
#endif
