/* SPDX-License-Identifier: MIT */
/* wire/redis_url: whatever the text, its words lie where they should, and what
 * is wrong is said in words that do not come from it. */
#include <stdlib.h>
#include <string.h>

#include "wire/redis_slot.h"
#include "wire/redis_url.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool truth) {
  if (!truth)
    abort();
}

static void check_word(const peal_redis_url *url, const char *word) {
  if (!word)
    return;
  bool inside = word >= url->text && word < url->text + url->used;
  must(inside || (word == url->service && !strcmp(word, "mymaster")));
  if (inside)
    must(memchr(word, 0, (size_t)(url->text + url->used - word)) != NULL);
}

static void check_url(const peal_redis_url *url) {
  const char *const words[] = {
      url->user,    url->password, url->sentinel_user, url->sentinel_password,
      url->service, url->name,     url->ca_file,       url->cert_file,
      url->key_file};
  must(url->used <= PEAL_REDIS_URL_MAX);
  must(url->host_count > 0 && url->host_count <= PEAL_REDIS_URL_HOSTS);
  must((url->kind == PEAL_REDIS_URL_SENTINEL) == (url->service != NULL) ||
       url->kind != PEAL_REDIS_URL_SENTINEL);
  for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++)
    check_word(url, words[i]);
  for (size_t i = 0; i < url->host_count; i++) {
    must(url->hosts[i].name && url->hosts[i].name[0]);
    check_word(url, url->hosts[i].name);
    must((url->hosts[i].port == 0) ==
         (strncmp(url->hosts[i].name, "unix:", 5) == 0));
  }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  static peal_redis_url url;
  peal_slice text = {len ? (const char *)data : "", len};
  const char *wrong = peal_redis_url_parse(&url, text);
  if (wrong)
    must(wrong[0] &&
         (wrong < url.text || wrong >= url.text + sizeof(url.text)));
  else
    check_url(&url);
  must(peal_redis_slot_of(text) < PEAL_REDIS_SLOTS);
  return 0;
}
