/* SPDX-License-Identifier: MIT */
#include "schema.h"

#include <stddef.h>

#include <peal/kit.h>

/* The indexes carry the order in which history is read: newest first, of all
 * or of one device; the row's id is in each index behind its columns. */
static const char first[] =
    "CREATE TABLE readings (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " device_id TEXT NOT NULL, ts INTEGER NOT NULL,"
    " accel_x REAL, accel_y REAL, accel_z REAL,"
    " gyro_x REAL, gyro_y REAL, gyro_z REAL, mic_level REAL);"
    "CREATE INDEX readings_ts ON readings (ts);"
    "CREATE INDEX readings_device ON readings (device_id, ts);"

    "CREATE TABLE orientations (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " device_id TEXT NOT NULL, ts INTEGER NOT NULL,"
    " pitch REAL, roll REAL, yaw REAL);"
    "CREATE INDEX orientations_ts ON orientations (ts);"
    "CREATE INDEX orientations_device ON orientations (device_id, ts);"

    "CREATE TABLE images (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " device_id TEXT NOT NULL, ts INTEGER NOT NULL,"
    " file TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL,"
    " width INTEGER NOT NULL, height INTEGER NOT NULL,"
    " caption TEXT, analysis_ms INTEGER);"
    "CREATE INDEX images_ts ON images (ts);"
    "CREATE INDEX images_device ON images (device_id, ts);"

    "CREATE TABLE audio (id INTEGER PRIMARY KEY AUTOINCREMENT,"
    " device_id TEXT NOT NULL, ts INTEGER NOT NULL,"
    " file TEXT NOT NULL UNIQUE, bytes INTEGER NOT NULL,"
    " duration_ms INTEGER NOT NULL, sample_rate INTEGER NOT NULL,"
    " channels INTEGER NOT NULL, rms_db REAL NOT NULL,"
    " peak_db REAL NOT NULL);"
    "CREATE INDEX audio_ts ON audio (ts);"
    "CREATE INDEX audio_device ON audio (device_id, ts);"

    "CREATE TABLE devices (device_id TEXT PRIMARY KEY,"
    " first_seen INTEGER NOT NULL, last_seen INTEGER NOT NULL,"
    " readings INTEGER NOT NULL, images INTEGER NOT NULL,"
    " audio INTEGER NOT NULL);"

    PEAL_KIT_DEVICE_KEYS

    "CREATE TABLE oled (id INTEGER PRIMARY KEY CHECK (id = 1),"
    " animation_type TEXT NOT NULL, animation_id INTEGER NOT NULL,"
    " ts INTEGER NOT NULL);";

const char *const schema_migrations[] = {first, PEAL_KIT_SESSIONS, NULL};
