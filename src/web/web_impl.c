/* SPDX-License-Identifier: MIT */
#include "web/web_impl.h"

#include "base/mem.h"

void peal_web_impl_complain(const peal_web *app, const char *what,
                            const char *which, peal_err err) {
  peal_logger_write(app->log, PEAL_LOG_ERROR, "web", (peal_slice){0},
                    (peal_slice){0}, "%s %s: %s", what, which ? which : "",
                    peal_err_message(err));
}

bool peal_web_impl_copy(const peal_web *app, char **out, const char *text) {
  *out = NULL;
  if (!text)
    return true;
  *out = peal_mem_str(app->mem, peal_slice_of(text));
  return *out != NULL;
}

peal_web_figures *peal_web_impl_figures(const peal_web *app) {
  return peal_mem_zalloc(app->mem,
                         app->worker_count * sizeof(peal_web_figures));
}
