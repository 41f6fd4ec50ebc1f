/* SPDX-License-Identifier: MIT */
#pragma once
/* peal: everything a Socket.IO server needs. The web layer is in
 * <peal/web.h>. */
#include <peal/base.h>
#include <peal/http.h>
#include <peal/server.h>
#include <peal/val.h>
#include <peal/worker.h>
