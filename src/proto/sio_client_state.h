/* SPDX-License-Identifier: MIT */
#pragma once
/* sio_client_state: the inside of a Socket.IO client, and what all its parts do
 * to it: news, memory that is charged, texts of the server's.
 * In the flow: a part of proto/sio_client. */
#include "base/due.h"
#include "base/list.h"
#include "proto/backoff.h"
#include "proto/sio_client_types.h"
#include "proto/sio_state.h"

/* Something that _next has to say. */
typedef struct peal_sio_client_news {
  peal_list at;    /* in the list of news, or in that of its owner's state */
  uint8_t type;    /* one of peal_sio_client_event_type */
  uint8_t reason;  /* one of peal_client_reason */
  int16_t err;     /* peal_err */
  uint32_t number; /* the attempt; ASK_AUTH: which question */
  uint32_t delay_ms;
  peal_sio_client_nsp *nsp;
} peal_sio_client_news;

/* A text that the server has given; at most PEAL_LIMIT_SIO_ID_BYTES. {0}:
 * empty. Its memory is kept when it becomes shorter. */
typedef struct peal_sio_client_text {
  char *ptr;
  uint16_t len, cap;
} peal_sio_client_text;

/* One event, or another packet, on its way out. It lies in one of the lists of
 * its namespace or its client, or is `in_flight` alone. */
typedef struct peal_sio_out {
  peal_sio_client_news news;       /* its place; the news: ACK */
  peal_list age;                   /* in `ages` while it may be dropped */
  peal_due due;                    /* in `due` while its time is limited */
  struct peal_sio_out *same_place; /* in the table of ids */
  peal_message *message;           /* NULL: given away */
  peal_client_ack_fn fn;
  void *user;
  uint64_t id;
  peal_sio_link link;  /* the membership that it was sent in; 0: none */
  size_t cost;         /* charged */
  size_t message_cost; /* of it, for the message */
  uint32_t timeout_ms; /* 0: none */
  uint32_t tries;
  bool has_id : 1;
  bool is_retry : 1;   /* of the queue of `retries` */
  bool is_known : 1;   /* in the table of ids */
  bool was_sent : 1;   /* in this membership, so that it may be acknowledged */
  bool is_counted : 1; /* in buffered_bytes */
  bool is_sending : 1; /* in `sends`, its message in sending_bytes */
  bool is_event : 1;   /* and no CONNECT, DISCONNECT, ACK */
  bool is_volatile : 1;
  bool no_compress : 1;
} peal_sio_out;

typedef enum peal_sio_client_phase {
  PEAL_SIO_CLIENT_OUT,
  PEAL_SIO_CLIENT_ASKING,  /* for its auth */
  PEAL_SIO_CLIENT_JOINING, /* CONNECT is out */
  /* CONNECT is out and it is not wanted any more: the answer is waited for. A
   * DISCONNECT before it would end the connection at some servers (reference
   * 3.4: a packet for a namespace that is not joined). */
  PEAL_SIO_CLIENT_LEAVING,
  PEAL_SIO_CLIENT_OPENING, /* joined; what was held is told before that */
  PEAL_SIO_CLIENT_IN
} peal_sio_client_phase;

struct peal_sio_client_nsp {
  peal_list at; /* in the client's, in order of making */
  peal_sio_client *client;
  void *user;
  peal_sio_link link;      /* JOINING and later */
  uint64_t next_id;        /* of acknowledgements */
  peal_list buffer;        /* waits for a connection */
  peal_list retries;       /* waits for its turn */
  peal_list awaited;       /* sent, to be acknowledged */
  peal_sio_out *in_flight; /* of the queue of `retries`; NULL: none */
  peal_sio_client_news connected, connect_error, disconnected, question;
  peal_sio_client_text sid, pid, offset;
  uint32_t ask;  /* the last question */
  uint32_t salt; /* of its ids in the table */
  uint16_t name_len;
  uint8_t phase; /* one of peal_sio_client_phase */
  bool wanted : 1;
  bool told : 1; /* CONNECT was told, and no DISCONNECT since */
  bool recovered : 1;
  char name[]; /* terminated */
};

typedef enum peal_sio_client_stage {
  PEAL_SIO_CLIENT_IDLE,
  PEAL_SIO_CLIENT_DIALLING,
  PEAL_SIO_CLIENT_ONLINE,
  PEAL_SIO_CLIENT_WAITING
} peal_sio_client_stage;

#define PEAL_SIO_CLIENT_FEW_IDS 8u

/* Its fields are its own; it stands here so that an owner can embed it. */
struct peal_sio_client {
  const peal_sio_client_opts *opts;
  peal_account *account;
  peal_sio_conn conn; /* has_conn */
  peal_list nsps;
  peal_sio_client_nsp *opening; /* the one that is; at most one */
  uint64_t now_ms;
  uint64_t stage_at; /* DIALLING, WAITING: when it ends */

  peal_list sends; /* told before all news */
  peal_list news;
  peal_sio_client_news dial, hangup, open, failed, closed, wait, attempt, again,
      dropped;

  peal_list ages; /* what may be dropped to make room, the oldest first */
  peal_due_heap due;
  peal_sio_out **ids; /* `few_ids`, or a larger table */
  peal_sio_out *few_ids[PEAL_SIO_CLIENT_FEW_IDS];
  uint32_t id_slots; /* a power of two */
  uint32_t id_count;
  peal_list spare;
  uint32_t spare_count;
  uint32_t buffered_count;
  size_t buffered_bytes;
  size_t sending_bytes;

  peal_sio_client_text session; /* Socket.IO 2: its id, of which theirs are */
  peal_backoff backoff;
  uint32_t dice;
  uint8_t stage;       /* one of peal_sio_client_stage */
  bool was_online : 1; /* since it was last idle */
  /* `conn` has something to be freed. Not at once when the connection goes: the
   * last event may borrow from it. */
  bool has_conn : 1;
  bool ended : 1;
  bool is_lent : 1; /* the last event is looked at: `conn` stays */
};

/* -- what is told ------------------------------------------------------------- */

void peal_sio_client_state_news_init(peal_sio_client_news *news,
                                     peal_sio_client_event_type type,
                                     peal_sio_client_nsp *nsp);
/* To be told behind all that is to be told; once. */
void peal_sio_client_state_tell(peal_sio_client *client,
                                peal_sio_client_news *news);
/* The same with what was wrong. */
void peal_sio_client_state_tell_err(peal_sio_client *client,
                                    peal_sio_client_news *news,
                                    peal_client_reason reason, peal_err err);

/* -- memory -------------------------------------------------------------------- */

const peal_mem *peal_sio_client_state_mem(const peal_sio_client *client);
/* Charged. Returns: PEAL_OK, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_client_state_charge(peal_sio_client *client,
                                                      size_t bytes);
void peal_sio_client_state_release(peal_sio_client *client, size_t bytes);
/* Copy `text`; the old one stays on failure.
 * Returns: PEAL_OK, PEAL_ERR_TOO_LONG, PEAL_ERR_LIMIT, PEAL_ERR_NOMEM. */
PEAL_MUST_CHECK peal_err peal_sio_client_state_keep(peal_sio_client *client,
                                                    peal_sio_client_text *kept,
                                                    peal_slice text);
void peal_sio_client_state_forget(peal_sio_client *client,
                                  peal_sio_client_text *kept);
peal_slice peal_sio_client_state_slice(const peal_sio_client_text *text);

/* 32 bits of the dice. */
uint32_t peal_sio_client_state_roll(peal_sio_client *client);
/* `now_ms` + `delay_ms`; UINT32_MAX: never. */
uint64_t peal_sio_client_state_at(const peal_sio_client *client,
                                  uint32_t delay_ms);
