/* SPDX-License-Identifier: MIT */
#pragma once
/* reads: what was stored, over HTTP: the latest, the tests, one of them, the
 * heights of one, and all of it as CSV. `user` is the lab. */
#include "lab.h"

/* GET /api/current: the result that came last, its test. */
void reads_on_current(peal_http_req *req, void *user);
/* GET /api/sludge-height-history?testId&limit: of the latest test, if none is
 * named; of more than `limit` heights neighbours become their mean. */
void reads_on_heights(peal_http_req *req, void *user);
/* GET /api/tests?q&since&until&before&limit: newest first. */
void reads_on_tests(peal_http_req *req, void *user);
/* GET /api/tests/:id: results and heights; /api/tests/:id.csv: the same as a
 * file. */
void reads_on_test(peal_http_req *req, void *user);
/* GET /api/tests.csv?q&since&until: a line for each test, newest first, streamed
 * as fast as it is taken. */
void reads_on_tests_csv(peal_http_req *req, void *user);
