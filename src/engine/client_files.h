/* SPDX-License-Identifier: MIT */
#pragma once
/* client_files: the browser client at <path>/socket.io.js and kin, as the
 * reference serves it (serveClient): ETag with the client's version,
 * conditional requests, compressed by Accept-Encoding. */
#include "engine/engine.h"

typedef struct peal_client_files peal_client_files;

/* Registers itself with the engine. `client_dir` NULL: the installed folder.
 * Returns: PEAL_OK, PEAL_ERR_NOMEM. A missing folder is no error: those paths
 * are 404 then. */
PEAL_MUST_CHECK peal_err peal_client_files_new(peal_client_files **out,
                                               peal_engine *engine,
                                               const char *client_dir);
void peal_client_files_free(peal_client_files *files);
