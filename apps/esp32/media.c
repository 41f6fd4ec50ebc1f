/* SPDX-License-Identifier: MIT */
#include "media.h"

#include "picture_decode.h"

static peal_kit_thumb make_thumb(uint8_t **out, size_t *out_len,
                                 const void *bytes, size_t len) {
  picture_err err = picture_decode_small(out, out_len, bytes, len);
  return err == PICTURE_OK           ? PEAL_KIT_THUMB_MADE
         : err == PICTURE_ERR_MEMORY ? PEAL_KIT_THUMB_NOT_NOW
                                     : PEAL_KIT_THUMB_NEVER;
}

peal_kit_files *media_new(dash *app) {
  const settings *conf = &app->conf;
  return peal_kit_files_new(
      &app->house,
      &(peal_kit_files_opts){
          .folder = "media",
          .words = "pictures and recordings cannot be written",
          .kinds = {[MEDIA_IMAGE] = {.table = "images",
                                     .prefix = "image-",
                                     .max_count = conf->max_images,
                                     .max_bytes = conf->max_image_bytes,
                                     .has_thumbs = true},
                    [MEDIA_AUDIO] = {.table = "audio",
                                     .prefix = "audio-",
                                     .max_count = conf->max_audio,
                                     .max_bytes = conf->max_audio_bytes}},
          .make_thumb = make_thumb});
}

void media_on_get(peal_http_req *req, void *user) {
  peal_kit_files_on_get(req, ((dash *)user)->media);
}

void media_on_thumb(peal_http_req *req, void *user) {
  peal_kit_files_on_thumb(req, ((dash *)user)->media);
}
