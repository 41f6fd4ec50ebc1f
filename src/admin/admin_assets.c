/* SPDX-License-Identifier: MIT */
#include "admin/admin_assets.h"

static const char page_html[] = {
#include <embedded/page_html.inc>
};

static const char page_css[] = {
#include <embedded/page_css.inc>
};

static const char page_js[] = {
#include <embedded/page_js.inc>
};

/* What all pages of the house share. */
static const char base_css[] = {
#include <embedded/base_css.inc>
};

static const char parts_css[] = {
#include <embedded/parts_css.inc>
};

static const char dom_js[] = {
#include <embedded/dom_js.inc>
};

static const char theme_js[] = {
#include <embedded/theme_js.inc>
};

static const char theme_early_js[] = {
#include <embedded/theme-early_js.inc>
};

static const char favicon_svg[] = {
#include <embedded/favicon_svg.inc>
};

#define HTML "text/html; charset=utf-8"
#define CSS "text/css; charset=utf-8"
#define JS "text/javascript; charset=utf-8"
#define ASSET(path, type, bytes)                                               \
  {                                                                            \
    path, type, {                                                              \
      bytes, sizeof bytes                                                      \
    }                                                                          \
  }

const peal_admin_asset *peal_admin_assets_find(peal_slice path) {
  static const peal_admin_asset all[] = {
      ASSET("/", HTML, page_html),
      ASSET("/page.css", CSS, page_css),
      ASSET("/page.js", JS, page_js),
      ASSET("/base.css", CSS, base_css),
      ASSET("/parts.css", CSS, parts_css),
      ASSET("/dom.js", JS, dom_js),
      ASSET("/theme.js", JS, theme_js),
      ASSET("/theme-early.js", JS, theme_early_js),
      ASSET("/favicon.svg", "image/svg+xml", favicon_svg)};
  for (size_t i = 0; i < sizeof all / sizeof *all; i++)
    if (peal_slice_is(path, all[i].path))
      return &all[i];
  return NULL;
}
