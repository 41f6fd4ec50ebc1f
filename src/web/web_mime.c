/* SPDX-License-Identifier: MIT */
#include "web/web_mime.h"

static const peal_web_mime table[] = {
    {"html", "text/html; charset=utf-8", true, true},
    {"htm", "text/html; charset=utf-8", true, true},
    {"css", "text/css; charset=utf-8", true, false},
    {"js", "text/javascript; charset=utf-8", true, false},
    {"mjs", "text/javascript; charset=utf-8", true, false},
    {"json", "application/json", true, false},
    {"map", "application/json", true, false},
    {"webmanifest", "application/manifest+json", true, false},
    {"xml", "application/xml", true, true},
    {"svg", "image/svg+xml", true, true},
    {"txt", "text/plain; charset=utf-8", true, false},
    {"md", "text/markdown; charset=utf-8", true, false},
    {"csv", "text/csv; charset=utf-8", true, false},
    {"log", "text/plain; charset=utf-8", true, false},
    {"wasm", "application/wasm", true, false},
    {"png", "image/png", false, false},
    {"jpg", "image/jpeg", false, false},
    {"jpeg", "image/jpeg", false, false},
    {"gif", "image/gif", false, false},
    {"webp", "image/webp", false, false},
    {"avif", "image/avif", false, false},
    {"ico", "image/x-icon", false, false},
    {"bmp", "image/bmp", true, false},
    {"wav", "audio/wav", false, false},
    {"mp3", "audio/mpeg", false, false},
    {"ogg", "audio/ogg", false, false},
    {"m4a", "audio/mp4", false, false},
    {"flac", "audio/flac", false, false},
    {"mp4", "video/mp4", false, false},
    {"webm", "video/webm", false, false},
    {"woff", "font/woff", false, false},
    {"woff2", "font/woff2", false, false},
    {"ttf", "font/ttf", true, false},
    {"otf", "font/otf", true, false},
    {"pdf", "application/pdf", false, false},
    {"zip", "application/zip", false, false},
    {"gz", "application/gzip", false, false},
};

static const peal_web_mime unknown = {"", "application/octet-stream", false,
                                      false};

const peal_web_mime *peal_web_mime_of(peal_slice name) {
  size_t start = name.len;
  while (start && name.ptr[start - 1] != '.' && name.ptr[start - 1] != '/')
    start--;
  if (!start || name.ptr[start - 1] != '.')
    return &unknown;
  peal_slice ending = {name.ptr + start, name.len - start};
  for (size_t i = 0; i < sizeof(table) / sizeof(table[0]); i++) {
    if (peal_slice_is_nocase(ending, table[i].ending))
      return &table[i];
  }
  return &unknown;
}
