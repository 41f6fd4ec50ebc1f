/* SPDX-License-Identifier: MIT */
#pragma once
/* uploads: pictures and recordings from devices.
 * In the flow: body -> its real type and size -> the pool: the file on disk ->
 * the store -> the answer, and at the same moment the event; analysis comes
 * behind. What was answered with OK is there after any crash. */
#include "dash.h"

enum { UPLOADS_MAX_BYTES = 10 * 1024 * 1024 };

/* POST /upload and /upload-audio; `user` is the dash. */
void uploads_on_image(peal_http_req *req, const peal_web_file *file,
                      void *user);
void uploads_on_audio(peal_http_req *req, const peal_web_file *file,
                      void *user);
/* Before the body is read: is the key right, and has its address room for one
 * more? It is given back when the request is over. */
peal_web_verdict uploads_before(peal_http_req *req, void *user);
/* A peal_http_done_fn; `user` is the dash. */
void uploads_on_done(peal_http_req *req, const peal_http_done *done,
                     void *user);
