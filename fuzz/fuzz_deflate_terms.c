/* SPDX-License-Identifier: MIT */
/* fuzz_deflate_terms: a value of Sec-WebSocket-Extensions, as an offer and as
 * an answer, for options that the first byte chooses. What is accepted keeps to
 * the options, and a client with the same ones believes its answer. */
#include <stdlib.h>
#include <string.h>

#include "wire/deflate_terms.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len);

static void must(bool holds) {
  if (!holds)
    abort();
}

static peal_deflate_opts opts_of(unsigned dice) {
  return (peal_deflate_opts){
      .on = true,
      .server_context_takeover = (dice & 1u) != 0,
      .client_context_takeover = (dice & 2u) != 0,
      .server_max_window_bits = (uint8_t)(dice & 4u ? 9u + dice / 16u % 7u : 0),
      .client_max_window_bits =
          (uint8_t)(dice & 8u ? 9u + dice / 32u % 7u : 0)};
}

static bool is_kept(const peal_deflate_terms *terms,
                    const peal_deflate_opts *opts, uint8_t least) {
  uint8_t server =
      opts->server_max_window_bits ? opts->server_max_window_bits : 15;
  return terms->server_bits >= least && terms->server_bits <= server &&
         terms->client_bits >= 8 && terms->client_bits <= 15 &&
         (!terms->server_takeover || opts->server_context_takeover) &&
         (!terms->client_takeover || opts->client_context_takeover);
}

/* What a server says is what it says when it is read again. */
static void look_at_answer(const peal_deflate_terms *terms) {
  const peal_deflate_opts any = {.on = true,
                                 .server_context_takeover = true,
                                 .client_context_takeover = true};
  peal_deflate_terms read;
  const char *text;
  peal_buf buf;
  peal_buf_init(&buf, NULL, 0);
  peal_deflate_terms_answer(&buf, terms);
  must(!buf.err);
  must(!peal_deflate_terms_check(&read, &any, peal_buf_slice(&buf), &text));
  must(read.on && read.server_takeover == terms->server_takeover &&
       read.client_takeover == terms->client_takeover &&
       read.server_bits == terms->server_bits &&
       read.client_bits == terms->client_bits);
  peal_buf_deinit(&buf);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t len) {
  if (!len)
    return 0;
  peal_deflate_opts opts = opts_of(data[0]);
  char *copy = malloc(len); /* its own block: a sanitizer sees its end */
  must(copy != NULL);
  memcpy(copy, data + 1, len - 1);
  peal_slice value = {copy, len - 1};
  peal_deflate_terms terms;
  const char *text;
  peal_err err = peal_deflate_terms_accept(&terms, &opts, value);
  must(!err || err == PEAL_ERR_HTTP_SYNTAX);
  if (!err && terms.on) {
    must(is_kept(&terms, &opts, 9));
    look_at_answer(&terms);
  }
  err = peal_deflate_terms_check(&terms, &opts, value, &text);
  must(err == (text ? PEAL_ERR_ANSWER : PEAL_OK));
  must(err || !terms.on || is_kept(&terms, &opts, 8) ||
       !opts.server_context_takeover || !opts.client_context_takeover);
  free(copy);
  return 0;
}
