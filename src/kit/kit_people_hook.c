/* SPDX-License-Identifier: MIT */
/* kit_people_hook: who asks, in front of the routes of an application. */
#include "kit/kit_people_impl.h"

/* RFC6750 2.1; the scheme in any case: RFC9110 11.1. */
peal_slice peal_kit_people_bearer(peal_slice value) {
  static const char scheme[] = "Bearer ";
  const size_t len = sizeof scheme - 1;
  if (value.len <= len ||
      !peal_slice_is_nocase((peal_slice){value.ptr, len}, scheme))
    return (peal_slice){0};
  return (peal_slice){value.ptr + len, value.len - len};
}

/* RFC6750 3 */
static void refuse(peal_http_req *req, peal_kit_token_verdict verdict) {
  bool is_missing = verdict == PEAL_KIT_TOKEN_MISSING;
  const char *message = is_missing ? "please sign in"
                        : verdict == PEAL_KIT_TOKEN_EXPIRED
                            ? "the access token is over"
                            : "the access token is not valid";
  (void)peal_http_answer_header(req, "Cache-Control", PEAL_S("no-store"));
  (void)peal_http_answer_header(
      req, "WWW-Authenticate",
      is_missing ? PEAL_S("Bearer") : PEAL_S("Bearer error=\"invalid_token\""));
  peal_http_answer_json(
      req, 401,
      PEAL_OBJECT({"status", peal_str("error")}, {"message", peal_str(message)},
                  {"code", peal_str(peal_kit_token_code(verdict))}));
}

/* Who asks; NULL after an answer. */
static const peal_kit_person *find(peal_http_req *req,
                                   peal_kit_people *people) {
  peal_kit_person *who = peal_http_req_alloc(req, sizeof *who);
  if (who == NULL) {
    peal_web_error_of(req, PEAL_ERR_NOMEM);
    return NULL;
  }
  peal_kit_token_verdict verdict = peal_kit_people_check(
      people,
      peal_kit_people_bearer(peal_http_req_header(req, "Authorization")), who);
  if (verdict != PEAL_KIT_TOKEN_OK) {
    refuse(req, verdict);
    return NULL;
  }
  peal_http_req_set_user(req, who);
  return who;
}

peal_web_verdict peal_kit_people_hook(peal_http_req *req, void *user) {
  return find(req, user) != NULL ? PEAL_WEB_PASS : PEAL_WEB_STOP;
}

peal_web_verdict peal_kit_people_require(peal_http_req *req, void *user) {
  const peal_kit_people_gate *gate = user;
  const peal_kit_person *who = find(req, gate->people);
  if (who == NULL)
    return PEAL_WEB_STOP;
  if ((who->role & gate->roles) != 0)
    return PEAL_WEB_PASS;
  peal_web_error(req, 403, "your role may not do this", NULL);
  return PEAL_WEB_STOP;
}

const peal_kit_person *peal_kit_people_of(const peal_http_req *req) {
  return peal_http_req_user(req);
}
