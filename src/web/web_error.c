/* SPDX-License-Identifier: MIT */
/* web_error: the answer of an error, as JSON. */
#include <peal/web.h>

void peal_web_error(peal_http_req *req, unsigned status, const char *message,
                    const char *field) {
  peal_val where = field ? peal_str(field) : peal_undefined();
  peal_http_answer_json(
      req, status,
      PEAL_OBJECT({"status", peal_str("error")},
                  {"message", peal_str(message ? message : "error")},
                  {"field", where}));
}

/* The class decides the words: what happened inside is for the log. */
static const char *words_of(peal_err err, unsigned status) {
  switch (status) {
  case 404:
    return "not found";
  case 408:
    return "the request took too long";
  case 409:
    return "exists already";
  case 413:
    return "too large";
  case 503:
    return "overloaded, try again";
  default:
    return peal_err_class_of(err) == PEAL_CLASS_PEER ? peal_err_message(err)
                                                     : "internal error";
  }
}

void peal_web_error_of(peal_http_req *req, peal_err err) {
  unsigned status = peal_err_http_status(err);
  if (status < 400)
    status = 500;
  peal_web_error(req, status, words_of(err, status), NULL);
}
