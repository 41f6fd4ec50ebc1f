/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_sim: any number of simulated devices over the public endpoints that real
 * ones use: what each sends how often, over HTTP or as an event of Peal's
 * client, and what goes wrong on the way.
 *
 *   dice --> make: a job, sound or broken --> HTTP or event --> answered
 *                     ^                            |
 *                     +-- kept while the server is away: 0.5 s doubling to 30 s
 *
 * A device sends one thing at a time, as a device does; what fell due meanwhile
 * was not measured and is counted as skipped. Everything random comes from the
 * seed. All of it runs on one thread, that of peal_kit_sim_run.
 *
 * Example: apps/esp32/sim/sim_main.c */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <peal/base.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- dice ------------------------------------------------------------------ */

/* Chance that the same seed gives again. Not for secrets. */
typedef struct peal_kit_dice {
  uint64_t state;
} peal_kit_dice;

/* Dice of their own for `stream`, so that devices do not influence each other.
 * Thread: pure, and so are the others. */
PEAL_API void peal_kit_dice_init(peal_kit_dice *dice, uint64_t seed,
                                 uint64_t stream);
PEAL_API uint32_t peal_kit_dice_u32(peal_kit_dice *dice);
/* In [0, 1). */
PEAL_API double peal_kit_dice_share(peal_kit_dice *dice);
/* In [low, high). */
PEAL_API double peal_kit_dice_between(peal_kit_dice *dice, double low,
                                      double high);
/* Bell-shaped around 0 with standard deviation 1, at most 6. */
PEAL_API double peal_kit_dice_bell(peal_kit_dice *dice);
/* True with probability `p`. */
PEAL_API bool peal_kit_dice_is(peal_kit_dice *dice, double p);

/* -- what is sent ---------------------------------------------------------- */

enum { PEAL_KIT_SIM_KINDS = 16, PEAL_KIT_SIM_MAX_DEVICES = 10000 };

/* What goes wrong with a job. */
typedef enum peal_kit_sim_fault {
  PEAL_KIT_SIM_NO_FAULT,
  PEAL_KIT_SIM_DROP, /* broken off in the middle of the body; an event: the
                        connection is closed and opened again */
  PEAL_KIT_SIM_SLOW, /* the body takes seconds; an event has none */
  PEAL_KIT_SIM_BAD,  /* the maker breaks its content: the server must refuse it
                        with a 4xx, or {"status":"error"} */
} peal_kit_sim_fault;

/* Something that each device sends. */
typedef struct peal_kit_sim_kind {
  const char *name; /* static: in the line of figures */
  double period_s;  /* between two of a device; 0: never */
  bool is_poll;     /* it has no body to break off */
} peal_kit_sim_kind;

/* A device, as its functions see it; borrowed. */
typedef struct peal_kit_sim_who {
  const char *id;      /* "SIM-01" */
  uint32_t number;     /* from 1 */
  peal_kit_dice *dice; /* its own */
  uint64_t now_ms;     /* monotonic */
  int64_t wall_ms;     /* its clock, ms since 1970 */
  void *more;          /* `more_bytes`, its own */
  void *user;          /* of the options */
} peal_kit_sim_who;

/* One thing made ready. */
typedef struct peal_kit_sim_job {
  size_t kind;              /* index of the table */
  peal_kit_sim_fault fault; /* what was chosen */
  char path[96];            /* of HTTP; or */
  const char *event;        /* of a socket, whose `body` is JSON; static */
  const char *content_type; /* static; NULL: a GET without a body */
  uint8_t *body;            /* from malloc; taken */
  size_t len;
} peal_kit_sim_job;

/* -- the run --------------------------------------------------------------- */

typedef struct peal_kit_sim_opts {
  const char *program; /* static: begins its lines */
  const char *url;     /* of the server, without a slash at the end */
  const char *key;     /* sent as X-Device-Key, and as auth {device_key,
                           device_id}; NULL: none */
  uint32_t devices;    /* 1 to PEAL_KIT_SIM_MAX_DEVICES */
  double duration_s;   /* 0: until SIGINT or SIGTERM */
  double fault_drop, fault_slow, fault_bad; /* probabilities, 0 to 1 */
  uint64_t seed;
  double speed;         /* the clock of the devices runs so many times as fast;
                           default 1 */
  bool die_with_parent; /* end with the program that started it */
  long parent_pid;      /* of that; 0: any */
  bool quiet;           /* only errors are printed */
  bool has_events;      /* some kinds are events: each device has a socket */
  const peal_kit_sim_kind *kinds;
  size_t kind_count; /* up to PEAL_KIT_SIM_KINDS */
  size_t more_bytes; /* of each device, zeroed */
  /* It is switched on; may be NULL. */
  void (*on_begin)(const peal_kit_sim_who *who);
  /* Make the job of out->kind with out->fault. False: memory is out; what it
   * has put into `out` is freed. */
  bool (*make)(peal_kit_sim_job *out, const peal_kit_sim_who *who);
  /* It was answered as it should be; `text` is the start of the body, or the
   * JSON of the acknowledgement. May be NULL. */
  void (*on_done)(const peal_kit_sim_job *job, const char *text,
                  const peal_kit_sim_who *who);
  void *user;
} peal_kit_sim_opts;

/* Run them; a line of figures each 10 s, and at the end. Returns the exit code:
 * 1 if nothing succeeded. Blocks; signals are caught. Thread: the program's
 * first. */
PEAL_API int peal_kit_sim_run(const peal_kit_sim_opts *opts);

#ifdef __cplusplus
}
#endif
