/* SPDX-License-Identifier: MIT */
#include "wire/deflate_terms.h"

#include <string.h>

#include "base/err_site.h"
#include "base/text.h"
#include "wire/http1.h"

#define NAME "permessage-deflate"
#define LEVEL_MAX 9u

/* -- options --------------------------------------------------------------- */

static bool is_bits(uint8_t bits) {
  return !bits || (bits >= PEAL_DEFLATE_TERMS_BITS_MIN &&
                   bits <= PEAL_DEFLATE_TERMS_BITS_MAX);
}

bool peal_deflate_terms_is_known(const peal_deflate_opts *opts) {
  return is_bits(opts->server_max_window_bits) &&
         is_bits(opts->client_max_window_bits) && opts->level <= LEVEL_MAX &&
         opts->mem_level <= LEVEL_MAX;
}

static uint8_t bits_or_max(uint8_t bits) {
  return bits ? bits : PEAL_DEFLATE_TERMS_BITS_MAX;
}

/* -- the list (RFC6455 9.1) ------------------------------------------------ */

/* A value, without its quotes and backslashes; no parameter of ours is longer.
 */
#define VALUE_MAX 8u

typedef struct item {
  peal_slice name;
  bool has_value;
  bool is_long; /* cut to VALUE_MAX */
  uint8_t len;
  char value[VALUE_MAX];
} item;

static void skip_blanks(peal_slice *rest) {
  while (rest->len && peal_text_is_blank(rest->ptr[0]))
    rest->ptr++, rest->len--;
}

/* Is this the next character? It is taken then, with the blanks around it. */
static bool take_char(peal_slice *rest, char c) {
  skip_blanks(rest);
  if (!rest->len || rest->ptr[0] != c)
    return false;
  rest->ptr++, rest->len--;
  skip_blanks(rest);
  return true;
}

static bool take_token(peal_slice *rest, peal_slice *token) {
  size_t len = 0;
  while (len < rest->len && !strchr(" \t,;=\"", rest->ptr[len]))
    len++;
  *token = (peal_slice){rest->ptr, len};
  rest->ptr += len;
  rest->len -= len;
  return len && peal_http1_is_token(*token);
}

static void put(item *to, char c) {
  if (to->len < VALUE_MAX)
    to->value[to->len++] = c;
  else
    to->is_long = true;
}

/* RFC6455 9.1: what stands between the quotes must be a token, too. */
static bool take_quoted(peal_slice *rest, item *to) {
  size_t at = 1;
  for (; at < rest->len && rest->ptr[at] != '"'; at++) {
    if (rest->ptr[at] == '\\')
      at++;
    if (at >= rest->len ||
        !peal_http1_is_token((peal_slice){rest->ptr + at, 1}))
      return false;
    put(to, rest->ptr[at]);
  }
  if (at >= rest->len || at == 1)
    return false;
  rest->ptr += at + 1;
  rest->len -= at + 1;
  return true;
}

static bool take_value(peal_slice *rest, item *to) {
  peal_slice token;
  if (rest->len && rest->ptr[0] == '"')
    return take_quoted(rest, to);
  if (!take_token(rest, &token))
    return false;
  for (size_t i = 0; i < token.len; i++)
    put(to, token.ptr[i]);
  return true;
}

/* The name of an extension, or a parameter. */
static bool take_item(peal_slice *rest, item *out) {
  *out = (item){.name = {NULL, 0}};
  return take_token(rest, &out->name);
}

static bool take_param(peal_slice *rest, item *out) {
  if (!take_item(rest, out))
    return false;
  out->has_value = take_char(rest, '=');
  return !out->has_value || take_value(rest, out);
}

/* -- one offer, or one answer ---------------------------------------------- */

typedef enum param { SERVER_NO, CLIENT_NO, SERVER_BITS, CLIENT_BITS } param;

static const char *const names[] = {
    "server_no_context_takeover", "client_no_context_takeover",
    "server_max_window_bits", "client_max_window_bits"};

#define PARAMS (sizeof names / sizeof names[0])

typedef struct offer {
  bool is_ours;     /* it is for permessage-deflate */
  bool is_wrong;    /* a parameter that is unknown, invalid or given twice */
  bool has[PARAMS]; /* by param */
  uint8_t bits[PARAMS]; /* 8 to 15; 0: without a value */
} offer;

/* RFC7692 7.1.2.1: 8 to 15, without leading zeros; 0 if it is none. */
static uint8_t bits_of(const item *it) {
  const char *text = it->value;
  if (it->is_long)
    return 0;
  if (it->len == 1 && (text[0] == '8' || text[0] == '9'))
    return (uint8_t)(text[0] - '0');
  if (it->len == 2 && text[0] == '1' && text[1] >= '0' && text[1] <= '5')
    return (uint8_t)(10 + text[1] - '0');
  return 0;
}

/* Parameter names are compared as they are, as the reference does. */
static void note(offer *to, const item *it) {
  size_t at = 0;
  while (at < PARAMS && !peal_slice_is(it->name, names[at]))
    at++;
  if (at == PARAMS || to->has[at]) {
    to->is_wrong = true;
    return;
  }
  to->has[at] = true;
  to->bits[at] = bits_of(it);
  if (at == SERVER_NO || at == CLIENT_NO)
    to->is_wrong |= it->has_value;
  else
    /* RFC7692 7.1.2.2: only the client's may come without a value. */
    to->is_wrong |= !to->bits[at] && (it->has_value || at == SERVER_BITS);
}

/* The next of the list. Returns: PEAL_OK; PEAL_ERR_NOT_FOUND at its end;
 * PEAL_ERR_HTTP_SYNTAX. */
static peal_err take_offer(peal_slice *rest, offer *out) {
  item it;
  *out = (offer){.is_ours = false};
  /* RFC9110 5.6.1.2: empty elements are ignored. */
  while (take_char(rest, ','))
    ;
  if (!rest->len)
    return PEAL_ERR_NOT_FOUND;
  if (!take_item(rest, &it))
    return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
  out->is_ours = peal_slice_is(it.name, NAME);
  while (take_char(rest, ';')) {
    if (!take_param(rest, &it))
      return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
    if (out->is_ours)
      note(out, &it);
  }
  if (rest->len && rest->ptr[0] != ',')
    return PEAL_FAIL(PEAL_ERR_HTTP_SYNTAX);
  return PEAL_OK;
}

/* -- the server ------------------------------------------------------------ */

/* Each window that is in use costs a deflater and a form of each broadcast:
 * those below the option's come in two sizes. 0: none is small enough. */
static uint8_t window_for(uint8_t asked, uint8_t most) {
  if (asked >= most)
    return most;
  if (asked >= 12)
    return 12;
  return asked >= PEAL_DEFLATE_TERMS_BITS_MIN ? PEAL_DEFLATE_TERMS_BITS_MIN : 0;
}

/* What we say to it; false: that cannot be kept. */
static bool accept_offer(peal_deflate_terms *out, const offer *asked,
                         const peal_deflate_opts *opts) {
  uint8_t server = asked->bits[SERVER_BITS];
  uint8_t client = asked->bits[CLIENT_BITS];
  *out = (peal_deflate_terms){
      .on = true,
      .server_takeover =
          opts->server_context_takeover && !asked->has[SERVER_NO],
      .client_takeover =
          opts->client_context_takeover && !asked->has[CLIENT_NO],
      .server_bits = window_for(bits_or_max(server),
                                bits_or_max(opts->server_max_window_bits)),
      .client_bits = bits_or_max(opts->client_max_window_bits)};
  if (client && client < out->client_bits)
    out->client_bits = client;
  /* RFC7692 7.1.2.2: a window may be asked of those only who say that they can
   * do it. Without takeover it would spare us nothing. */
  if (!asked->has[CLIENT_BITS]) {
    if (out->client_bits < PEAL_DEFLATE_TERMS_BITS_MAX)
      out->client_takeover = false;
    out->client_bits = PEAL_DEFLATE_TERMS_BITS_MAX;
  }
  return out->server_bits != 0;
}

peal_err peal_deflate_terms_accept(peal_deflate_terms *out,
                                   const peal_deflate_opts *opts,
                                   peal_slice value) {
  peal_deflate_terms found = {.on = false}, one;
  offer asked;
  peal_err err;
  while (!(err = take_offer(&value, &asked)))
    if (!found.on && asked.is_ours && !asked.is_wrong &&
        accept_offer(&one, &asked, opts))
      found = one;
  *out = found;
  return err == PEAL_ERR_NOT_FOUND ? PEAL_OK : err;
}

static void add_bits(peal_buf *out, const char *name, uint8_t bits) {
  peal_buf_add_str(out, "; ");
  peal_buf_add_str(out, name);
  peal_buf_add_char(out, '=');
  peal_buf_add_u64(out, bits);
}

static void add_flag(peal_buf *out, const char *name) {
  peal_buf_add_str(out, "; ");
  peal_buf_add_str(out, name);
}

void peal_deflate_terms_answer(peal_buf *out, const peal_deflate_terms *terms) {
  peal_buf_add_str(out, NAME);
  if (!terms->server_takeover)
    add_flag(out, names[SERVER_NO]);
  if (!terms->client_takeover)
    add_flag(out, names[CLIENT_NO]);
  if (terms->server_bits < PEAL_DEFLATE_TERMS_BITS_MAX)
    add_bits(out, names[SERVER_BITS], terms->server_bits);
  if (terms->client_bits < PEAL_DEFLATE_TERMS_BITS_MAX)
    add_bits(out, names[CLIENT_BITS], terms->client_bits);
}

/* -- the client ------------------------------------------------------------ */

void peal_deflate_terms_offer(peal_buf *out, const peal_deflate_opts *opts) {
  uint8_t server = bits_or_max(opts->server_max_window_bits);
  uint8_t client = bits_or_max(opts->client_max_window_bits);
  peal_buf_add_str(out, NAME);
  if (!opts->server_context_takeover)
    add_flag(out, names[SERVER_NO]);
  if (!opts->client_context_takeover)
    add_flag(out, names[CLIENT_NO]);
  if (server < PEAL_DEFLATE_TERMS_BITS_MAX)
    add_bits(out, names[SERVER_BITS], server);
  if (client < PEAL_DEFLATE_TERMS_BITS_MAX)
    add_bits(out, names[CLIENT_BITS], client);
  else
    add_flag(out, names[CLIENT_BITS]);
}

/* RFC7692 7.1: what must stand in an answer to that offer, and what may. */
static const char *wrong_in(const offer *got, const peal_deflate_opts *opts) {
  uint8_t server = bits_or_max(opts->server_max_window_bits);
  if (!got->is_ours)
    return "the server uses a WebSocket extension that was not offered";
  if (got->is_wrong || (got->has[CLIENT_BITS] && !got->bits[CLIENT_BITS]))
    return "the server answers permessage-deflate with parameters that are "
           "none";
  if (!opts->server_context_takeover && !got->has[SERVER_NO])
    return "the server does not answer server_no_context_takeover";
  if (server < PEAL_DEFLATE_TERMS_BITS_MAX && !got->has[SERVER_BITS])
    return "the server does not answer server_max_window_bits";
  if (got->bits[SERVER_BITS] > server)
    return "the server's server_max_window_bits is above what was offered";
  if (got->bits[CLIENT_BITS] > bits_or_max(opts->client_max_window_bits))
    return "the server's client_max_window_bits is above what was offered";
  return NULL;
}

static const char *check(peal_deflate_terms *out, const peal_deflate_opts *opts,
                         peal_slice value) {
  offer got, more;
  peal_err err = take_offer(&value, &got);
  if (err == PEAL_ERR_NOT_FOUND)
    return NULL;
  if (err)
    return "the server's Sec-WebSocket-Extensions is malformed";
  const char *text = wrong_in(&got, opts);
  if (text)
    return text;
  if (take_offer(&value, &more) != PEAL_ERR_NOT_FOUND)
    return "the server uses more WebSocket extensions than were offered";
  *out = (peal_deflate_terms){
      .on = true,
      .server_takeover = !got.has[SERVER_NO],
      .client_takeover = opts->client_context_takeover && !got.has[CLIENT_NO],
      .server_bits = bits_or_max(got.bits[SERVER_BITS]),
      .client_bits = got.has[CLIENT_BITS]
                         ? got.bits[CLIENT_BITS]
                         : bits_or_max(opts->client_max_window_bits)};
  return NULL;
}

peal_err peal_deflate_terms_check(peal_deflate_terms *out,
                                  const peal_deflate_opts *opts,
                                  peal_slice value, const char **text) {
  *out = (peal_deflate_terms){.on = false};
  *text = check(out, opts, value);
  return *text ? PEAL_FAIL(PEAL_ERR_ANSWER) : PEAL_OK;
}
