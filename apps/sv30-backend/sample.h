/* SPDX-License-Identifier: MIT */
#pragma once
/* sample: what a device says of a test: a result (sludge-data), or the height
 * at one moment (sludge-height-update). Checked, field by field. */
#include <stdint.h>

#include <peal/kit.h>
#include <peal/val.h>

enum {
  SAMPLE_ID_BYTES = 65,   /* with the terminator */
  SAMPLE_TYPE_BYTES = 17, /* the same */
  SAMPLE_VALUES = 12,     /* numbers of a result, in the order of the table */
  SAMPLE_MAX_S = 7200,    /* a test may be watched for so long */
};

/* A result. */
typedef struct sample {
  char test_id[SAMPLE_ID_BYTES], type[SAMPLE_TYPE_BYTES];
  int64_t ts; /* ms since 1970 */
  int64_t t_min;
  peal_val values[SAMPLE_VALUES]; /* numbers, or null */
} sample;

/* A height: of a test and a second, or the bare number of old devices. */
typedef struct sample_height {
  char test_id[SAMPLE_ID_BYTES]; /* empty: it was a number */
  int64_t t_s;
  double mm;
} sample_height;

/* Read and check. False: it is wrong, and `out` says why. Thread: pure. */
PEAL_MUST_CHECK bool sample_read(sample *out, peal_val said,
                                 peal_kit_refusal *why);
PEAL_MUST_CHECK bool sample_height_read(sample_height *out, peal_val said,
                                        peal_kit_refusal *why);
/* Letters, digits, and `-_.:`; up to 64 of them. Thread: pure. */
bool sample_id_is_good(peal_slice id);

/* The same result as dashboards get it: `values` in the order of the table,
 * `ts`; made in `build`. */
peal_val sample_val(peal_build *build, peal_slice test_id, peal_slice type,
                    int64_t ts, int64_t t_min, const peal_val *values,
                    peal_val warning);
