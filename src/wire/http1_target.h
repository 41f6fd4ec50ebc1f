/* SPDX-License-Identifier: MIT */
#pragma once
/* http1_target: the request target and the Host field: do they have a form
 * that RFC9112 3.2 knows?
 * In the flow: used by wire/http1. No state, no memory. */
#include <peal/base.h>

/* Is this uri-host [":" port] (RFC9110 7.2)? The host may be empty, the port
 * is below 65536. Thread: pure. */
bool peal_http1_target_is_authority(peal_slice text);
/* Does the target have the form that the method asks for? origin-form and
 * absolute-form for all but CONNECT, authority-form with port for CONNECT,
 * "*" for OPTIONS. Thread: pure. Spec: RFC9112 3.2. */
bool peal_http1_target_is_valid(peal_slice method, peal_slice target);
