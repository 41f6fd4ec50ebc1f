/* SPDX-License-Identifier: MIT */
#pragma once
/* shot_line: one line of a pose estimator, as estimators/README.md describes it:
 *
 *   {"frame":"<JPEG in base64>","landmarks":[33 points]|[],"captured_at":1.5}
 *
 * Input is hostile. Thread: any. */
#include "source_driver.h"

/* Read it. `landmarks` may be left out (the built-in tracker looks) and so may
 * `captured_at`; `frame` may begin with "data:image/jpeg;base64,". The picture
 * itself is not looked at. The caller owns out->jpeg.
 * Returns false, and *why (constant text) says what is wrong. */
bool shot_line_read(source_shot *out, peal_slice line, const char **why);
