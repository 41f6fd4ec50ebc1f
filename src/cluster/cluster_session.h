/* SPDX-License-Identifier: MIT */
#pragma once
/* cluster_session: a session of recovery as Redis has it (reference 4.2): base64
 * of msgpack {sid, pid, rooms, data}, and of a socket that has had nothing of its
 * stream `since`. */
#include "cluster/cluster_impl.h"
#include "server/recovery_sessions.h"

/* The key of a session's word, in the cluster's scratch `channel`. NULL ptr: no
 * memory. */
peal_slice peal_cluster_session_key(peal_cluster *cluster, peal_slice pid);
/* The msgpack of it, in place of what `out` had. Returns: PEAL_OK, PEAL_ERR_NOMEM,
 * as peal_json_decode. */
PEAL_MUST_CHECK peal_err peal_cluster_session_encode(
    peal_buf *out, const peal_recovery_session *session, peal_arena *arena);
/* From what Redis had, which somebody else may have written; the caller's. Resets
 * the cluster's arena `decoded`. NULL: it is none, or memory is out. */
PEAL_MUST_CHECK peal_recovery_session *peal_cluster_session_decode(
    peal_cluster_sessions *sessions, peal_slice text);
/* Copy `text`, terminated. False: it is empty, too long, or has a NUL. */
bool peal_cluster_session_text(char *out, size_t size, peal_slice text);
