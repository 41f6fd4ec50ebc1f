/* SPDX-License-Identifier: MIT */
#pragma once
/* admin_page: the status page over HTTP, at opts.page:
 *
 *   GET  <page>             to <page>/
 *   GET  <page>/            the page itself, with its login form, and its parts
 *                           (admin_assets); for anybody
 *   GET  <page>/session     {"needed", "known"}: must one log in, has one?
 *   POST <page>/login       {"username", "password"}: a cookie, 204
 *   POST <page>/logout      204
 *   GET  <page>/stats.json  a report; by the cookie, or by Basic (RFC7617)
 *   GET  <page>/events      reports as they are made; by the cookie */
#include "admin/admin_impl.h"

/* Mount it. Returns: as peal_http_server_mount. */
PEAL_MUST_CHECK peal_err peal_admin_page_open(peal_admin *admin);
