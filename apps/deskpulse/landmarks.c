/* SPDX-License-Identifier: MIT */
#include "landmarks.h"

#include <math.h>
#include <stddef.h>

static peal_err refuse(const char **why, const char *words) {
  if (why != NULL)
    *why = words;
  return PEAL_ERR_JSON;
}

/* A number of `point`; `otherwise` if it is left out; NAN if it is no number or
 * out of range. */
static double number_of(peal_val point, const char *name, double otherwise,
                        double least, double most) {
  peal_val value = peal_val_get(point, name);
  if (peal_val_is(value, PEAL_UNDEFINED))
    return otherwise;
  double number = peal_val_double(value, NAN);
  return number >= least && number <= most ? number : NAN;
}

static bool point_read(landmark *out, peal_val point) {
  if (!peal_val_is(point, PEAL_OBJECT))
    return false;
  out->x = number_of(point, "x", NAN, -10, 10);
  out->y = number_of(point, "y", NAN, -10, 10);
  out->z = number_of(point, "z", 0, -10, 10);
  out->visibility = number_of(point, "visibility", 1, 0, 1);
  return !isnan(out->x) && !isnan(out->y) && !isnan(out->z) &&
         !isnan(out->visibility);
}

peal_err landmarks_read(landmarks *out, peal_val value, const char **why) {
  landmarks read = {0};
  if (!peal_val_is(value, PEAL_ARRAY))
    return refuse(why, "landmarks must be an array of 33 points, or []");
  if (value.len != 0 && value.len != LANDMARKS)
    return refuse(why, "landmarks must be 33 points, or none for nobody");
  for (size_t i = 0; i < value.len; i++)
    if (!point_read(&read.points[i], value.as.items[i]))
      return refuse(why, "a landmark must be {x, y, z, visibility}: numbers, "
                         "visibility from 0 to 1");
  read.present = value.len != 0;
  *out = read;
  return PEAL_OK;
}

peal_err landmarks_parse(landmarks *out, peal_slice json, const char **why) {
  peal_doc *doc = NULL;
  if (json.len > LANDMARKS_MAX_JSON) {
    (void)refuse(why, "landmarks are longer than 32 KiB");
    return PEAL_ERR_TOO_LONG;
  }
  peal_err err = peal_doc_from_json(&doc, json, NULL);
  if (err) {
    (void)refuse(why, "landmarks are not valid JSON");
    return err;
  }
  err = landmarks_read(out, peal_doc_val(doc), why);
  peal_doc_free(doc);
  return err;
}

static peal_val rounded(double value) {
  return peal_double(round(value * 1e4) / 1e4);
}

peal_val landmarks_val(peal_build *build, const landmarks *marks) {
  peal_items *items = peal_items_new(build);
  for (size_t i = 0; marks->present && i < LANDMARKS; i++) {
    const landmark *point = &marks->points[i];
    peal_val value = PEAL_OBJECT(
        {"x", rounded(point->x)}, {"y", rounded(point->y)},
        {"z", rounded(point->z)}, {"visibility", rounded(point->visibility)});
    peal_items_add(items, peal_build_keep(build, value));
  }
  return peal_items_val(items);
}
