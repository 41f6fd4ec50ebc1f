/* SPDX-License-Identifier: MIT */
#include "proto/eio_client_answer.h"

#include <string.h>

#include "base/arena.h"
#include "base/err_site.h"
#include "base/text.h"
#include "wire/json.h"

/* What a server says of itself is quoted up to here. */
#define QUOTED_BYTES 100u
/* An error of the reference is one small object; more is no such thing. */
#define ERROR_BYTES 1024u
#define PAGE_BYTES 64u

/* -- words ------------------------------------------------------------------ */

typedef struct words {
  char *out;
  size_t len;
} words;

static words words_begin(char *out) {
  *out = '\0';
  return (words){.out = out};
}

/* A peer's bytes: neither lines nor escapes get through. */
static void add(words *text, peal_slice more) {
  for (size_t i = 0; i < more.len && text->len + 1 < PEAL_EIO_CLIENT_TEXT; i++)
    text->out[text->len++] =
        more.ptr[i] >= ' ' && more.ptr[i] <= '~' ? more.ptr[i] : ' ';
  text->out[text->len] = '\0';
}

static void say(words *text, const char *more) {
  add(text, (peal_slice){more, strlen(more)});
}

static void quote(words *text, peal_slice more) {
  bool is_long = more.len > QUOTED_BYTES;
  if (is_long)
    more.len = QUOTED_BYTES;
  say(text, "\"");
  add(text, more);
  say(text, is_long ? "...\"" : "\"");
}

static void say_status(words *text, const peal_eio_client_answer *answer) {
  const char digits[] = {(char)('0' + answer->status / 100 % 10),
                         (char)('0' + answer->status / 10 % 10),
                         (char)('0' + answer->status % 10)};
  add(text, (peal_slice){digits, sizeof digits});
  if (!answer->reason.len)
    return;
  say(text, " ");
  add(text, (peal_slice){answer->reason.ptr, answer->reason.len > QUOTED_BYTES
                                                 ? QUOTED_BYTES
                                                 : answer->reason.len});
}

static const char *name_of(peal_eio_client_question question) {
  switch (question) {
  case PEAL_EIO_CLIENT_HANDSHAKE:
    return "the handshake";
  case PEAL_EIO_CLIENT_POLL:
    return "a poll";
  case PEAL_EIO_CLIENT_DATA:
    return "a POST";
  case PEAL_EIO_CLIENT_UPGRADE:
    break;
  }
  return "the WebSocket's handshake";
}

/* -- what it may be ---------------------------------------------------------- */

static bool begins(peal_slice text, const char *with) {
  size_t len = strlen(with);
  return text.len >= len && peal_text_eq_nocase((peal_slice){text.ptr, len},
                                                (peal_slice){with, len});
}

static bool is_page(peal_slice type, peal_slice body) {
  peal_slice start = {body.ptr, body.len > PAGE_BYTES ? PAGE_BYTES : body.len};
  while (start.len && (unsigned char)*start.ptr <= ' ') {
    start.ptr++;
    start.len--;
  }
  return begins(type, "text/html") || begins(start, "<!doctype") ||
         begins(start, "<html");
}

/* Engine.IO 3 puts lengths before its packets: `97:0{...`, or in binary 0,
 * digits as bytes, 255 (engine.io-parser 2). */
static bool is_eio3(peal_slice body) {
  size_t at = 0;
  bool is_binary = body.len && body.ptr[0] == 0;
  if (is_binary) {
    for (at = 1; at < body.len && (unsigned char)body.ptr[at] <= 9; at++)
      ;
  } else {
    while (at < body.len && peal_text_is_digit(body.ptr[at]))
      at++;
  }
  return at > (is_binary ? 1u : 0u) && body.len - at >= 3 &&
         body.ptr[at] == (is_binary ? '\xff' : ':') &&
         body.ptr[at + 1] == '0' && body.ptr[at + 2] == '{';
}

void peal_eio_client_answer_explain(peal_slice body, char *out) {
  words text = words_begin(out);
  if (is_eio3(body)) {
    say(&text, "this server speaks Engine.IO 3 (Socket.IO 2): the option eio3 "
               "is for it, or it has to be updated");
  } else if (is_page((peal_slice){0}, body)) {
    say(&text, "a web page came instead of the handshake: is this a Socket.IO "
               "server, and is its path right?");
  } else if (!body.len) {
    say(&text, "nothing came instead of the handshake");
  } else {
    say(&text, "this is no Engine.IO handshake: ");
    quote(&text, body);
  }
}

/* -- what went wrong ----------------------------------------------------------- */

/* The reference's words ({"code":0,"message":"..."}), and what they mean. */
static void say_hint(words *text, int64_t code,
                     peal_eio_client_question question) {
  switch (code) {
  case 0:
    say(text, ": this transport is switched off there");
    break;
  case 1:
    say(text, question == PEAL_EIO_CLIENT_HANDSHAKE
                  ? ""
                  : ": it has forgotten this session, or several servers share "
                    "the address and the proxy does not choose by session "
                    "(sticky sessions)");
    break;
  case 4:
    say(text, ": the server does not let this request in (allowRequest, or the "
              "origin)");
    break;
  case 5:
    say(text, ": the server speaks another version of Engine.IO");
    break;
  default:
    break;
  }
}

static bool say_error(words *text, const peal_eio_client_answer *answer,
                      peal_eio_client_question question) {
  peal_slice body = peal_text_trim(answer->body);
  if (!body.len || body.len > ERROR_BYTES || body.ptr[0] != '{')
    return false;
  peal_arena arena;
  peal_val error;
  peal_arena_init(&arena, NULL, 2 * ERROR_BYTES, 16 * ERROR_BYTES);
  bool is_error = !peal_json_decode(&error, body, &arena, NULL);
  peal_slice message = {0};
  if (is_error)
    message = peal_val_str(peal_val_get(error, "message"));
  if (message.len) {
    say(text, "the server refuses ");
    say(text, name_of(question));
    say(text, ": ");
    quote(text, message);
    say_hint(text, peal_val_int(peal_val_get(error, "code"), -1), question);
  }
  peal_arena_deinit(&arena);
  return message.len > 0;
}

static void say_redirect(words *text, const peal_eio_client_answer *answer) {
  say(text, " points elsewhere");
  if (answer->location.len) {
    say(text, ", to ");
    quote(text, answer->location);
  }
  say(text, ": redirects are not followed, connect to the right address");
}

/* nginx: "The plain HTTP request was sent to HTTPS port"; others say it in
 * other words. */
static bool speaks_of_https(peal_slice body) {
  if (body.len > ERROR_BYTES)
    body.len = ERROR_BYTES;
  for (; body.len; body.ptr++, body.len--)
    if (begins(body, "https") || begins(body, "TLS"))
      return true;
  return false;
}

static void say_meaning(words *text, const peal_eio_client_answer *answer,
                        peal_eio_client_question question) {
  if (answer->status == 400 && speaks_of_https(answer->body)) {
    say(text, ": it wants TLS here (https, wss)");
    return;
  }
  switch (answer->status) {
  case 401:
    say(text, ": it wants to know who you are (an Authorization header?)");
    break;
  case 403:
    say(text, ": it is forbidden, perhaps for this Origin");
    break;
  case 404:
    say(text, ": there is nothing at this path; is this a Socket.IO server, "
              "and is its path right?");
    break;
  case 407:
    say(text, ": the proxy wants to know who you are");
    break;
  case 413:
    say(text, ": it is too large for the server, or for a proxy before it");
    break;
  case 429:
    say(text, ": it is asked too often");
    break;
  case 502:
  case 503:
  case 504:
    say(text, ": a proxy cannot reach the server behind it, or the server is "
              "overloaded");
    break;
  default:
    if (question == PEAL_EIO_CLIENT_UPGRADE)
      say(text, ": it does not switch to WebSocket; a proxy on the way may not "
                "pass on Upgrade");
    else if (is_page(answer->type, answer->body))
      say(text, ", a web page: is this a Socket.IO server, and is its path "
                "right?");
    break;
  }
}

static void say_answer(words *text, const peal_eio_client_answer *answer,
                       peal_eio_client_question question) {
  if (say_error(text, answer, question))
    return;
  say(text, "the answer to ");
  say(text, name_of(question));
  say(text, ", ");
  say_status(text, answer);
  if (answer->status >= 300 && answer->status < 400)
    say_redirect(text, answer);
  else
    say_meaning(text, answer, question);
}

/* -- the verdict -------------------------------------------------------------- */

static void say_lost(words *text, const peal_eio_client_answer *answer,
                     peal_eio_client_question question) {
  if (answer->text && *answer->text) {
    say(text, answer->text);
    return;
  }
  say(text, name_of(question));
  say(text, answer->err == PEAL_ERR_TIMEOUT ? " was not answered in time"
            : answer->err == PEAL_ERR_CLOSED
                ? " was not answered: the connection was closed"
                : " was not answered: ");
  if (answer->err != PEAL_ERR_TIMEOUT && answer->err != PEAL_ERR_CLOSED)
    say(text, peal_err_message(answer->err));
}

peal_err peal_eio_client_answer_check(const peal_eio_client_answer *answer,
                                      peal_eio_client_question question,
                                      char *out) {
  words text = words_begin(out);
  if (answer->err) {
    say_lost(&text, answer, question);
    return answer->err;
  }
  unsigned awaited = question == PEAL_EIO_CLIENT_UPGRADE ? 101 : 200;
  if (answer->status != awaited) {
    say_answer(&text, answer, question);
    return PEAL_FAIL(PEAL_ERR_ANSWER);
  }
  if (answer->coding.len && !peal_slice_is_nocase(answer->coding, "identity")) {
    say(&text, "the answer is compressed (");
    add(&text, answer->coding);
    say(&text, "), which was not asked for");
    return PEAL_FAIL(PEAL_ERR_ANSWER);
  }
  return PEAL_OK;
}
