/* SPDX-License-Identifier: MIT */
#pragma once
/* web_form: the text fields of a form, gathered one after the other, as an
 * object of strings. */
#include <peal/val.h>

#include "base/buf.h"

typedef struct peal_web_form {
  peal_buf text;  /* all names and values */
  peal_buf spans; /* where they lie */
  peal_buf pairs; /* peal_pair, once it is complete */
} peal_web_form;

/* `max` bounds the bytes of all names and values. */
void peal_web_form_init(peal_web_form *form, const peal_mem *mem, size_t max);
void peal_web_form_deinit(peal_web_form *form);
/* A field begins; its value comes by peal_web_form_add. Errors are sticky. */
void peal_web_form_begin(peal_web_form *form, peal_slice name);
void peal_web_form_add(peal_web_form *form, peal_slice data);
/* All fields of an urlencoded text (URL standard 5.1). */
void peal_web_form_decode(peal_web_form *form, peal_slice text);
/* The object, borrowed from the form; nothing may be added afterwards.
 * Returns: PEAL_OK, PEAL_ERR_UTF8, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_web_form_val(peal_web_form *form, peal_val *out);
