/* SPDX-License-Identifier: MIT */
#pragma once
/* web_upload: the bodies of on_form and on_file: a raw body, or the parts of a
 * multipart one: text fields and one file, in memory up to the route's
 * ceiling. */
#include "web/web_form.h"
#include "web/web_impl.h"

struct peal_web_upload {
  peal_web_form form;
  peal_buf data;  /* of the file */
  peal_buf names; /* its type and name */
  size_t type_len, name_len;
  bool has_file;
  bool in_file;  /* the part that comes is the file */
  bool in_field; /* … is a text field */
};

/* Read a multipart body for on_form or on_file. */
void peal_web_upload_read(peal_web_ctx *ctx);
/* The handler gets a raw body as file. */
void peal_web_upload_raw(peal_web_ctx *ctx, peal_slice body);
/* The handler gets an urlencoded body as form. */
void peal_web_upload_urlencoded(peal_web_ctx *ctx, peal_slice body);
void peal_web_upload_free(peal_web_ctx *ctx);
