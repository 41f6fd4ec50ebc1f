/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_viewers: those whose status page is open: each has a stream of reports
 * (server-sent events, HTML 9.2). Who does not read misses reports and gets the
 * next one; whose session is over is ended. */
#include "admin/admin_impl.h"

/* Begin the stream as the answer of `req`. `session` is empty where nobody needs
 * one. False: too many, it has been answered 503. */
bool peal_admin_viewers_add(peal_admin *admin, peal_http_req *req,
                            peal_slice session);
/* A report for all of them. On worker 0; `json` is borrowed. */
void peal_admin_viewers_tell(peal_admin *admin, peal_bytes *json);
/* End those of one worker, which is the calling one. */
void peal_admin_viewers_end(peal_admin_local *local);
