/* SPDX-License-Identifier: MIT */
#pragma once
/* kit_answer: one handler for who asks by HTTP, by an event that wants an
 * acknowledgement, by one that wants none, and for a timer that asks nobody.
 *
 *   static const peal_kit_field fields[] = {
 *       {.name = "level", .type = PEAL_INT, .range = PEAL_KIT_BETWEEN(0, 9)},
 *       {0},
 *   };
 *   static const peal_kit_action actions[] = {
 *       {.event = "set_level",
 *        .route = {.method = "POST", .path = "/api/level"},
 *        .fields = fields,
 *        .fn = on_level},
 *   };
 *
 * What came is checked by the table (422, with the field's name), then by
 * `may`, then the function is called. It answers, refuses, keeps the question
 * for later, or returns: then the answer is {"status":"success"}. Each question
 * has exactly one answer. By HTTP it has a status, in an acknowledgement the
 * same object without one.
 *
 * Example: apps/esp32/readings.c */
#include <peal/kit_program.h>
#include <peal/kit_small.h>
#include <peal/server.h>
#include <peal/web.h>

#ifdef __cplusplus
extern "C" {
#endif

/* -- refusing -------------------------------------------------------------- */

/* Why not, in words for the sender. */
typedef struct peal_kit_refusal {
  unsigned status;   /* of HTTP */
  uint64_t retry_ms; /* 429: when to try again */
  const char *field; /* static text, or NULL */
  char message[160];
} peal_kit_refusal;

/* Why not; what is too long is cut. Thread: pure. */
PEAL_PRINTF(4, 5)
PEAL_API void peal_kit_refusal_set(peal_kit_refusal *out, unsigned status,
                                   const char *field, const char *format, ...);
/* The answer of HTTP. */
PEAL_API void peal_kit_refusal_answer(peal_http_req *req,
                                      const peal_kit_refusal *why);
/* The answer to an event. */
PEAL_API void peal_kit_refusal_ack(const peal_event *event,
                                   const peal_kit_refusal *why);
/* The same for one that is answered later; takes `reply`, which may be NULL. */
PEAL_API void peal_kit_refusal_reply(peal_reply *reply,
                                     const peal_kit_refusal *why);

/* -- checking -------------------------------------------------------------- */

/* Of numbers; either end may be open. {0}: any. */
typedef struct peal_kit_range {
  bool has_min, has_max;
  double min, max; /* both belong to it */
} peal_kit_range;

#define PEAL_KIT_FROM(lowest)                                                  \
  { true, false, lowest, 0 }
#define PEAL_KIT_UP_TO(highest)                                                \
  { false, true, 0, highest }
#define PEAL_KIT_BETWEEN(lowest, highest)                                      \
  { true, true, lowest, highest }

/* What becomes of members that the table does not name. */
typedef enum peal_kit_others {
  PEAL_KIT_IGNORE_OTHERS, /* they are let pass */
  PEAL_KIT_REFUSE_OTHERS, /* 422 */
} peal_kit_others;

/* A member of an object. A table ends with a row without a name. */
typedef struct peal_kit_field {
  const char *name;     /* static */
  peal_type type;       /* PEAL_DOUBLE: any number; PEAL_INT: without fraction;
                           PEAL_UNDEFINED: any type */
  bool optional;        /* may be absent or null */
  peal_kit_range range; /* of numbers */
  size_t min_len;       /* strings in bytes, arrays in items */
  size_t max_len;       /* the same; 0: no limit */
  size_t max_chars;     /* strings in characters; 0: no limit */
  bool one_line;        /* strings: no control characters */
  const char *choices;  /* strings: allowed words, separated by blanks */
  /* What no table can say; `words` stand behind "must be". Thread: pure. */
  bool (*is_good)(peal_val value);
  const char *words;
  const struct peal_kit_field *fields; /* of an object; NULL: any */
  peal_kit_others others;              /* of an object with fields */
  const struct peal_kit_field *item;   /* of each item of an array; its name is
                                          not looked at. NULL: any */
} peal_kit_field;

/* Is `object` an object with these fields? Text is looked at for UTF-8, too.
 * The refusal's field is that of the outermost table, its message has the whole
 * path: "zones[2].r must be from 0 to 255, not 300". `why` may be NULL. Thread:
 * pure. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_check(peal_val object,
                                             const peal_kit_field *fields,
                                             peal_kit_others others,
                                             peal_kit_refusal *why);

/* -- asking ---------------------------------------------------------------- */

/* A question, and whoever waits for its answer. Borrowed for the handler, on
 * its worker; one that was kept is taken by the function that answers it, on
 * any thread. */
typedef struct peal_kit_ask peal_kit_ask;

/* `said` is the body or the first argument, borrowed for the handler; undefined
 * for routes without a body. */
typedef void (*peal_kit_ask_fn)(peal_kit_ask *ask, peal_val said, void *user);

/* Something that can be asked for. */
typedef struct peal_kit_action {
  const char *event; /* of the default namespace; NULL: none */
  /* Its method, path, and what else a route has (`before`, `max_body_bytes`,
   * `limit`); on_json and user are set by the kit. Without a path: none. With
   * GET, HEAD or DELETE no body is read. */
  peal_web_route route;
  const peal_kit_field *fields; /* NULL: it is not checked */
  peal_kit_others others;
  bool no_body; /* what is sent by HTTP is not looked at: `said` is undefined,
                   and a POST without a body is as good */
  /* An event that wants no acknowledgement hears by this one, as {"message"},
   * why it was refused; static. NULL: it hears nothing. */
  const char *error_event;
  /* May they? Called with what is right by the table; false with why not. NULL:
   * everybody may. */
  bool (*may)(peal_kit_ask *ask, peal_val said, peal_kit_refusal *why,
              void *user);
  peal_kit_ask_fn fn;
} peal_kit_action;

/* Make several actions known, with one `user`; what `actions` points to lives
 * as long as the program. `before`, with `before_user`, is a hook of their
 * routes; NULL: that of the row, with `user`. In on_make. Returns: as
 * peal_web_route_add and peal_on. */
PEAL_API PEAL_MUST_CHECK peal_err peal_kit_add_actions(
    peal_kit *kit, const peal_kit_action *actions, size_t count,
    peal_web_hook_fn before, void *before_user, void *user);
/* Do it for nobody; what is refused is logged. On a worker. */
PEAL_API void peal_kit_action_run(peal_kit *kit, const peal_kit_action *action,
                                  peal_val said, void *user);

/* Who asked: NULL if it was another way, or is kept and was an event. */
PEAL_API peal_http_req *peal_kit_ask_req(const peal_kit_ask *ask);
PEAL_API peal_socket *peal_kit_ask_socket(const peal_kit_ask *ask);
/* A header of the request, or of the handshake; NULL ptr if absent. Not of a
 * kept event. */
PEAL_API peal_slice peal_kit_ask_header(const peal_kit_ask *ask,
                                        const char *name);
/* The client's address; empty for nobody, and for a kept event. */
PEAL_API peal_slice peal_kit_ask_address(const peal_kit_ask *ask);
/* Values for the answer: valid until it has been given. */
PEAL_API peal_build *peal_kit_ask_build(peal_kit_ask *ask);

/* A whole number of the query; `otherwise` if absent, and if it was no request.
 * False: it is none from `min` to `max`, and that has been answered. In the
 * handler. */
PEAL_API PEAL_MUST_CHECK bool peal_kit_ask_query_int(peal_kit_ask *ask,
                                                     const char *name,
                                                     int64_t otherwise,
                                                     int64_t min, int64_t max,
                                                     int64_t *out);

/* Answer after the handler has returned: the kept question, to be answered
 * once, on any thread: what a request is told goes to its worker by itself.
 * NULL: memory is out, and that has been answered. */
PEAL_API PEAL_MUST_CHECK peal_kit_ask *peal_kit_ask_keep(peal_kit_ask *ask);

/* {"status":"success"} */
PEAL_API void peal_kit_ask_done(peal_kit_ask *ask);
/* {"status":"success","data":data} */
PEAL_API void peal_kit_ask_data(peal_kit_ask *ask, peal_val data);
/* {"status":"success"} and the members of the object `more`. */
PEAL_API void peal_kit_ask_done_with(peal_kit_ask *ask, peal_val more);
/* An object of the application's own. `status` is of HTTP. */
PEAL_API void peal_kit_ask_answer(peal_kit_ask *ask, unsigned status,
                                  peal_val body);
/* {"status":"error","message","field"} */
PEAL_API void peal_kit_ask_refuse(peal_kit_ask *ask,
                                  const peal_kit_refusal *why);
/* An error of the library in words for a client. */
PEAL_API void peal_kit_ask_fail(peal_kit_ask *ask, peal_err err);

/* -- store, then emit ------------------------------------------------------ */

/* What is stored, and what is told of it then. */
typedef struct peal_kit_deed {
  const peal_store_stmt *stmts; /* 1 to 10000, all or none; borrowed */
  size_t count;
  const char *what; /* "a reading was not stored": for the log; static */
  /* It is stored; `result` is that of the last statement. True: go on. False:
   * it has answered or refused, or kept the question. NULL: go on. */
  bool (*on_stored)(peal_kit_ask *ask, const peal_store_result *result,
                    void *user);
  const char *event; /* told when it is stored; NULL: nothing is. Static */
  peal_val data;     /* its argument, copied */
  const char *room;  /* copied, up to 95 bytes; NULL: everybody but devices */
  void *user;
  void (*on_free)(void *user); /* in the end, once, in any case; may be NULL */
} peal_kit_deed;

/* Store, then emit, then answer: so what is shown is kept, and what was
 * acknowledged survives. Takes the question, kept or not. */
PEAL_API void peal_kit_ask_store(peal_kit_ask *ask, const peal_kit_deed *deed);

#ifdef __cplusplus
}
#endif
