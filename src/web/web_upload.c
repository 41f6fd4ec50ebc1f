/* SPDX-License-Identifier: MIT */
#include "web/web_upload.h"

#include <stdio.h>
#include <string.h>

#include "base/mem.h"

typedef struct peal_web_upload upload;

static upload *new_upload(peal_web_ctx *ctx) {
  const peal_mem *mem = ctx->app->mem;
  size_t max = ctx->entry->route.max_body_bytes;
  upload *made = peal_mem_zalloc(mem, sizeof(*made));
  if (!made)
    return NULL;
  peal_web_form_init(&made->form, mem, max);
  peal_buf_init(&made->data, mem, max);
  peal_buf_init(&made->names, mem, 65536);
  ctx->upload = made;
  return made;
}

void peal_web_upload_free(peal_web_ctx *ctx) {
  upload *gone = ctx->upload;
  if (!gone)
    return;
  peal_web_form_deinit(&gone->form);
  peal_buf_deinit(&gone->data);
  peal_buf_deinit(&gone->names);
  peal_mem_free(ctx->app->mem, gone);
  ctx->upload = NULL;
}

static void answer_form_error(peal_web_ctx *ctx, peal_err err) {
  if (err == PEAL_ERR_UTF8)
    peal_web_error(ctx->req, 400, "the form is not UTF-8", NULL);
  else
    peal_web_error_of(ctx->req, err);
}

static void call_form(peal_web_ctx *ctx) {
  const peal_web_route *route = &ctx->entry->route;
  peal_val form;
  peal_err err = peal_web_form_val(&ctx->upload->form, &form);
  if (err)
    answer_form_error(ctx, err);
  else
    route->on_form(ctx->req, form, ctx->entry->route.user);
}

void peal_web_upload_urlencoded(peal_web_ctx *ctx, peal_slice body) {
  upload *up = new_upload(ctx);
  if (!up) {
    peal_web_error_of(ctx->req, PEAL_ERR_NOMEM);
    return;
  }
  peal_web_form_decode(&up->form, body);
  call_form(ctx);
}

/* -- the file -------------------------------------------------------------- */

static void call_file(peal_web_ctx *ctx, peal_slice data, peal_slice type,
                      peal_slice name, peal_val fields) {
  const peal_web_route *route = &ctx->entry->route;
  peal_web_file file = {.data = peal_bytes_new(data),
                        .type = type,
                        .name = name,
                        .fields = fields};
  if (!file.data) {
    peal_web_error_of(ctx->req, PEAL_ERR_NOMEM);
    return;
  }
  route->on_file(ctx->req, &file, route->user);
  peal_bytes_unref(file.data);
}

void peal_web_upload_raw(peal_web_ctx *ctx, peal_slice body) {
  if (!body.len) {
    peal_web_error(ctx->req, 400, "the body is empty, expected a file", NULL);
    return;
  }
  call_file(ctx, body, peal_http_req_header(ctx->req, "Content-Type"),
            (peal_slice){0}, peal_object(NULL, 0));
}

static void call_file_of_parts(peal_web_ctx *ctx) {
  upload *up = ctx->upload;
  const char *field = ctx->entry->route.file_field;
  peal_val fields;
  if (!up->has_file) {
    char text[128];
    snprintf(text, sizeof(text), "expected a file%s%.80s",
             field ? " in field " : "", field ? field : "");
    peal_web_error(ctx->req, 400, text, field);
    return;
  }
  peal_err err = peal_web_form_val(&up->form, &fields);
  if (err) {
    answer_form_error(ctx, err);
    return;
  }
  peal_slice type = {up->names.ptr, up->type_len};
  peal_slice name = {up->names.ptr + up->type_len, up->name_len};
  call_file(ctx, peal_buf_slice(&up->data), type, name, fields);
  peal_buf_deinit(&up->data);
}

/* -- parts ----------------------------------------------------------------- */

/* Some clients send a whole path. */
static peal_slice base_name(peal_slice name) {
  for (size_t i = name.len; i > 0; i--) {
    if (name.ptr[i - 1] == '/' || name.ptr[i - 1] == '\\')
      return (peal_slice){name.ptr + i, name.len - i};
  }
  return name;
}

static peal_err begin_file(peal_web_ctx *ctx, const peal_web_part *part) {
  upload *up = ctx->upload;
  const peal_web_route *route = &ctx->entry->route;
  if (route->types && !(route->type_optional && !part->type.len) &&
      !peal_web_type_match(route->types, part->type)) {
    peal_web_type_refuse(ctx->req, route, route->types);
    return PEAL_ERR_USAGE;
  }
  peal_slice name = base_name(part->filename);
  up->has_file = up->in_file = true;
  up->type_len = part->type.len;
  up->name_len = name.len;
  peal_buf_add(&up->names, part->type);
  peal_buf_add(&up->names, name);
  return up->names.err;
}

static peal_err on_part(peal_http_req *req, const peal_web_part *part,
                        void *user) {
  peal_web_ctx *ctx = user;
  upload *up = ctx->upload;
  const peal_web_route *route = &ctx->entry->route;
  up->in_file = up->in_field = false;
  bool wanted =
      route->on_file && !up->has_file &&
      (route->file_field ? peal_slice_is(part->name, route->file_field)
                         : part->filename.ptr != NULL);
  if (wanted)
    return begin_file(ctx, part);
  if (part->filename.ptr && !route->on_file) {
    peal_web_error(req, 400, "files are not accepted here", NULL);
    return PEAL_ERR_USAGE;
  }
  if (part->filename.ptr)
    return PEAL_OK; /* another file: read and forgotten */
  up->in_field = true;
  peal_web_form_begin(&up->form, part->name);
  return up->form.text.err ? up->form.text.err : up->form.spans.err;
}

static peal_err on_data(peal_http_req *req, peal_slice data, void *user) {
  peal_web_ctx *ctx = user;
  upload *up = ctx->upload;
  (void)req;
  if (up->in_file)
    peal_buf_add(&up->data, data);
  else if (up->in_field)
    peal_web_form_add(&up->form, data);
  return up->data.err ? up->data.err : up->form.text.err;
}

static void on_end(peal_http_req *req, peal_err err, void *user) {
  peal_web_ctx *ctx = user;
  (void)req;
  if (err)
    return;
  if (ctx->entry->route.on_file)
    call_file_of_parts(ctx);
  else
    call_form(ctx);
}

void peal_web_upload_read(peal_web_ctx *ctx) {
  if (!new_upload(ctx)) {
    peal_web_error_of(ctx->req, PEAL_ERR_NOMEM);
    return;
  }
  peal_web_multipart(ctx->req, &(peal_web_multipart_opts){.on_part = on_part,
                                                          .on_data = on_data,
                                                          .on_end = on_end,
                                                          .user = ctx});
}
