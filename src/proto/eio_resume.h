/* SPDX-License-Identifier: MIT */
#pragma once
/* eio_resume: a server's session that goes on in another process: what is to be
 * known of it, when it may go, and how it begins again there. Its queue is the
 * owner's to take along. */
#include "proto/eio_session.h"

typedef struct peal_eio_resume {
  const char *sid; /* PEAL_EIO_SID_LEN characters, copied */
  peal_eio_via via;
  bool is_eio3;             /* in that version */
  bool is_pinged;           /* a pong is awaited, otherwise a ping is due */
  uint32_t beat_ms;         /* in how many milliseconds */
  uint32_t max_queue_bytes; /* 0: the options' */
} peal_eio_resume;

/* It is open, nothing is under way but what is queued, nothing is to be told. */
bool peal_eio_resume_may(const peal_eio_session *session);
/* What is to be known, of one that may; `sid` is borrowed. */
peal_eio_resume peal_eio_resume_of(const peal_eio_session *session,
                                   uint64_t now_ms);
/* A session that has begun elsewhere: it is not told its handshake. */
void peal_eio_resume_begin(peal_eio_session *session,
                           const peal_eio_session_opts *opts,
                           const peal_eio_resume *how, uint64_t now_ms);
/* It goes on elsewhere: this one is over, without a word to anybody. */
void peal_eio_resume_end(peal_eio_session *session);
/* A GET that waits is answered with a no-op: the next one reaches the other
 * process. */
void peal_eio_resume_release(peal_eio_session *session);
