/* SPDX-License-Identifier: MIT */
#pragma once
/* schema: the migrations of the store, and how an alert looks as JSON. */
extern const char *const schema_migrations[];

/* A row of alerts as clients see it: README.md. */
#define SCHEMA_ALERT                                                           \
  "json_set(body, '$.id', id, '$.status', CASE WHEN resolved_at IS NOT NULL"   \
  " THEN 'resolved' WHEN acknowledged_at IS NOT NULL THEN 'acknowledged' ELSE" \
  " 'active' END, '$.acknowledged_by', acknowledged_by, '$.acknowledged_at',"  \
  " acknowledged_at, '$.resolved_by', resolved_by, '$.resolved_at',"           \
  " resolved_at, '$.escalation', CASE level WHEN 0 THEN 'none' WHEN 1 THEN"    \
  " 'doctor' ELSE 'all' END)"
/* What is no trace of an alert that is still on its way from another node. */
#define SCHEMA_IS_ALERT "severity IS NOT NULL"
#define SCHEMA_IS_ACTIVE                                                       \
  "severity IS NOT NULL AND acknowledged_at IS NULL AND resolved_at IS NULL"
