/* SPDX-License-Identifier: MIT */
#pragma once
/* source: where pictures come from, one interface for all kinds. Each source has
 * a thread of its own that waits for the camera, looks for landmarks (the
 * built-in tracker where the source brings none) and puts the frame into a slot
 * for one: a newer frame replaces it, so nothing behind it ever holds the camera
 * up. The worker is told by one post, and takes what is in the slot then.
 *
 *   driver.next --> [tracker] --> slot (1 frame) --post--> on_frame, worker 0
 *      |  thread of the source     latest wins
 *   lost: closed, opened again after 2 s, 10 s, then every 10 s; each change of
 *   the state is told by on_status with its reason */
#include <peal/worker.h>

#include "landmarks.h"

typedef struct source source;

typedef enum source_kind {
  SOURCE_SYNTHETIC, /* a rendered person who slouches now and then */
  SOURCE_PUSH,      /* what source_push is given */
  SOURCE_V4L2, /* a camera of the kernel, MJPEG or YUYV; path: /dev/video0 */
  SOURCE_DIR,  /* path: a folder of JPEG files, or a file of them (MJPEG or a
                       multipart stream); begins again at its end */
  SOURCE_JSON  /* JSON lines of a pose estimator (estimators/README.md): of
                       `command`, or path: a FIFO, a Unix socket, a file */
} source_kind;

/* "synthetic", "push", "v4l2", "dir", "json". Constant text. */
const char *source_kind_text(source_kind kind);
/* The kind of that name. Returns false if there is none. */
bool source_kind_of(source_kind *out, peal_slice name);

typedef enum source_state {
  SOURCE_DISCONNECTED, /* no camera, or no frame for 3 * stall_ms */
  SOURCE_CONNECTED,    /* frames arrive */
  SOURCE_DEGRADED,     /* open, but no frame for stall_ms, or broken ones */
  SOURCE_PAUSED        /* by source_pause: the camera is closed */
} source_state;

/* As in `camera_status`: "connected" and so on. Constant text. */
const char *source_state_text(source_state state);

/* Who found the landmarks. */
typedef enum source_seen_by {
  SOURCE_SEEN_BY_ESTIMATOR,
  SOURCE_SEEN_BY_TRACKER
} source_seen_by;

/* One picture and who is in it. */
typedef struct source_frame {
  peal_bytes *jpeg;       /* shared: _ref to keep */
  double captured_at;     /* seconds since 1970 */
  uint64_t captured_ms;   /* the same moment on CLOCK_MONOTONIC: what
                             posture_feed wants */
  uint64_t seq;           /* from 1; a gap is a frame that was replaced */
  uint32_t width, height; /* pixels of the JPEG */
  bool simulated;         /* rendered, no camera */
  source_seen_by seen_by;
  bool decided; /* the landmarks (or that nobody is there) are meant;
                             false: the tracker does not know */
  landmarks marks;
  const char *note; /* what the tracker says where it does not know, in
                             words; NULL otherwise. Constant text */
} source_frame;

/* A frame, borrowed. Thread: the worker of the source. */
typedef void (*source_frame_fn)(const source_frame *frame, void *user);
/* The state has changed, or its reason has. `reason` (borrowed) is words for
 * people, empty for CONNECTED. `retry_ms` is when it is tried again, 0 if that
 * is not so. Thread: the worker of the source. */
typedef void (*source_status_fn)(source_state state, const char *reason,
                                 uint32_t retry_ms, void *user);

/* Zero means default. */
typedef struct source_opts {
  source_kind kind;
  const char *path;    /* copied; see source_kind */
  const char *command; /* copied; JSON: a line for /bin/sh whose standard
                               output is read; it is started again when it ends
                             */
  uint32_t fps;        /* 1..60; 10. What v4l2 brings more is dropped; push and
 json bring what they bring */
  uint32_t width, height;  /* wanted of v4l2 and synthetic; 640, 480 */
  uint64_t seed;           /* synthetic */
  uint32_t stall_ms;       /* 3000 */
  uint32_t retry_first_ms; /* 2000 */
  uint32_t retry_next_ms;  /* 10000 */
  bool paused;             /* from the beginning: it is not opened even once */
  bool no_tracker;         /* frames without landmarks stay undecided */
  peal_worker *worker;     /* on which callbacks are called; borrowed */
  source_frame_fn on_frame;
  source_status_fn on_status; /* may be NULL */
  void *user;
} source_opts;

/* No frame is larger. */
enum { SOURCE_MAX_FRAME_BYTES = 2 * 1024 * 1024 };

/* Start it: the first status comes soon, nothing is called inside. Options out
 * of range: *why says which, in words (constant text).
 * Returns: PEAL_OK; PEAL_ERR_OPTION, PEAL_ERR_USAGE (no worker, no on_frame),
 * PEAL_ERR_NOMEM, PEAL_ERR_NO_FILES, PEAL_ERR_SYSTEM (no thread). Thread: the
 * worker's, or before the run. */
PEAL_MUST_CHECK peal_err source_new(source **out, const source_opts *opts,
                                    const char **why);
/* End it and its thread (at most some ms, with a command up to half a second);
 * nothing is called any more. NULL is a no-op. Also from its own callbacks.
 * Thread: the worker's, or after the run. */
void source_free(source *s);

/* Close the camera, or open it again: who pauses is not watched. No frame is
 * told between the call and the way back. Thread: the worker's. */
void source_pause(source *s, bool paused);
bool source_is_paused(const source *s);
/* Forget the empty room of the built-in tracker. Thread: any. */
void source_forget_room(source *s);

/* For SOURCE_PUSH: one picture, `jpeg` shared (a reference is taken), at most
 * SOURCE_MAX_FRAME_BYTES; `marks` (copied) NULL: the tracker looks for them.
 * One that waits is replaced.
 * Returns: PEAL_OK; PEAL_ERR_USAGE (another kind), PEAL_ERR_CANCELLED (paused),
 * PEAL_ERR_TOO_LONG (bytes or pixels), PEAL_ERR_OPTION (no JPEG). Thread: any. */
PEAL_MUST_CHECK peal_err source_push(source *s, peal_bytes *jpeg,
                                     const landmarks *marks);

typedef struct source_stats {
  uint64_t captured; /* frames that came from the driver */
  uint64_t told;     /* given to on_frame */
  uint64_t replaced; /* by a newer one before anybody had taken them */
  uint64_t broken;   /* no JPEG, too large, lines that are no frame */
  uint64_t opened;   /* how often the driver was opened */
  uint64_t look_us;  /* CPU time of the tracker so far */
} source_stats;

/* Thread: any. */
void source_stats_get(const source *s, source_stats *out);
