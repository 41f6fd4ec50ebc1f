/* SPDX-License-Identifier: MIT */
#pragma once
/* series: a stretch of readings, however long, as a few hundred points.
 *
 *   GET /api/sensor-data/series?device_id=A&from=&to=&points=400
 *   {"status":"success","from":…,"to":…,"bucket_ms":n,"rows":n,
 *    "data":{"ts":[…],"rows":[…],"accel_x":{"min":[…],"max":[…],"mean":[…]},…}}
 *
 * The stretch is cut into buckets of the same length; those without a reading
 * are left out. The readers of the store walk it in pieces. */
#include "dash.h"

/* `user` is the dash. */
void series_on_sensor(peal_http_req *req, void *user);
void series_on_orientation(peal_http_req *req, void *user);
