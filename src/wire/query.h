/* SPDX-License-Identifier: MIT */
#pragma once
/* query: the parameters of a query string or of a form, as they stand there
 * or decoded (application/x-www-form-urlencoded, as the URL standard reads
 * it). No memory: values are decoded by the caller with peal_percent_decode_
 * form, if peal_percent_is_plain says that they have to. Thread: pure. */
#include <peal/base.h>

/* `name=value` between two '&'; both raw and borrowed from the query. */
typedef struct peal_query_param {
  peal_slice name;
  peal_slice value; /* empty if there is no '=' */
} peal_query_param;

/* Cut the next parameter off `rest`; empty ones ("a&&b") are passed over.
 * False at the end. */
bool peal_query_next(peal_slice *rest, peal_query_param *out);
/* The raw value of the first parameter whose decoded name is `name`. False,
 * *value unchanged, if there is none. */
bool peal_query_find(peal_slice query, const char *name, peal_slice *value);
