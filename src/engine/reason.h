/* SPDX-License-Identifier: MIT */
#pragma once
/* reason: why a session ended, in the words of the public headers. */
#include <peal/engine.h>

#include "proto/eio_types.h"

/* `err` says more exactly what the session's own reason was. */
peal_reason peal_reason_of(peal_eio_reason reason, peal_err err);
