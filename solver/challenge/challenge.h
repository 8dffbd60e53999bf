/* The model of a challenge and of an order, and the life of a challenge as a table.
 *
 * Pure: no I/O, no clock, no randomness. Only challenge_step() says what follows a state;
 * only the engine writes it. Text is owned by the struct that holds it; what is const in a challenge is the same for many of them, and
 * shared (base/shared.h).
 */
#ifndef SOLVER_CHALLENGE_CHALLENGE_H
#define SOLVER_CHALLENGE_CHALLENGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/base/id.h"
#include "solver/dns/name.h"

#define TOKEN_MAX 128             /* characters; authorities send 43 */
#define KEY_AUTHORIZATION_MAX 256 /* characters; 43 + '.' + 43 is usual */
#define VALUE_MAX 255             /* bytes of one TXT string */
#define ACCOUNT_URI_MAX 512       /* characters */
#define ORDER_MAX 1000            /* challenges of one order */
#define EVENTS_MAX 64             /* kept of one challenge; the oldest in the middle go first */

enum challenge_type {
	CHALLENGE_HTTP01,
	CHALLENGE_DNS01,
	CHALLENGE_DNS_ACCOUNT01, /* as dns-01, at a name of the account's own */
	CHALLENGE_DNS_PERSIST01, /* a standing record that names issuer and account */
	CHALLENGE_TLS_ALPN01,    /* can be checked only: the web server itself must answer */
	CHALLENGE_TYPES
};
#define CHALLENGE_TYPE_NAMES \
	[CHALLENGE_HTTP01] = "http-01", [CHALLENGE_DNS01] = "dns-01", [CHALLENGE_DNS_ACCOUNT01] = "dns-account-01", \
	[CHALLENGE_DNS_PERSIST01] = "dns-persist-01", [CHALLENGE_TLS_ALPN01] = "tls-alpn-01"

enum challenge_state {
	CHALLENGE_QUEUED,      /* on disk, nothing has left yet */
	CHALLENGE_PUBLISHING,  /* the provider may have been asked */
	CHALLENGE_PROPAGATING, /* the provider has it; not every server shows it */
	CHALLENGE_READY,       /* every server shows it */
	CHALLENGE_WITHDRAWING, /* the provider may have been asked to remove it */
	CHALLENGE_GONE,        /* removed; it had been released */
	CHALLENGE_FAILED,      /* removed; it never was ready, and `reason` says why */
	CHALLENGE_STATES,
};

enum challenge_input {
	INPUT_START,     /* its turn has come */
	INPUT_PUBLISHED, /* the provider took it */
	INPUT_SEEN,      /* every server shows it */
	INPUT_LOST,      /* it was seen, and is not there any more */
	INPUT_FAILED,    /* permanent failure */
	INPUT_DEADLINE,  /* not ready in time */
	INPUT_RELEASED,  /* nobody needs it any more (asked, or its lifetime is over) */
	INPUT_WITHDRAWN, /* the provider removed it */
	CHALLENGE_INPUTS,
};

enum challenge_action { DO_NOTHING, DO_PUBLISH, DO_PROBE, DO_ANNOUNCE, DO_WITHDRAW, DO_FORGET };

struct challenge_event {
	int64_t at_ms;             /* wall clock */
	enum challenge_state state; /* the state it led to or happened in */
	char *text;                /* one sentence */
};

struct challenge {
	char id[ID_SIZE];       /* "ch_…" */
	char order_id[ID_SIZE]; /* "or_…": the order that it was made for; others may hold it too */
	const char *client;     /* who asked: a client's name, "loopback", "cps" */
	enum challenge_type type;
	enum challenge_state state;
	char *identifier;       /* the domain to prove, without "*." */
	bool wildcard;
	char *token;             /* http-01 */
	char *key_authorization; /* http-01; NULL for dns-01: only its digest is needed */
	char *value;             /* DNS types: what stands in the TXT record */
	char *record_name;       /* the name to write, where the caller knew it; NULL: the one that the type prescribes */
	const char *account_uri;       /* of the account at the authority, where the caller said it; or NULL */
	char *fqdn;              /* DNS types: where it stands, after CNAMEs; NULL before it is known */
	const char *zone;        /* DNS types: the zone that holds fqdn */
	const char *provider;    /* name in the configuration; NULL before it is known */
	const char *sites;       /* DNS types: where the record was written and has not been removed since, a line for each (see
	                            struct instance); NULL: nowhere, or an older dcvd did not note it */
	char *handle;            /* what the provider asked to be remembered, or NULL */
	char *reason;            /* why it failed, or NULL */
	char *waiting_for;       /* why it does not go on now, or NULL; not in the journal: it is found out anew */
	int64_t waiting_since_ms; /* wall clock: for that reason; 0: for none */
	char *verdict;           /* JSON: what each server said at the last look, or NULL */
	int64_t created_ms;      /* wall clock, as all of these */
	int64_t deadline_ms;     /* ready by then, or failed */
	int64_t within_ms;       /* a duration: how long it has to become ready, at first and after each loss */
	int64_t expires_ms;      /* withdrawn then at the latest; 0: never (dns-persist-01) */
	int64_t updated_ms;
	struct challenge_event *events;
	size_t event_count;
};

/* Of an order that shares a challenge with another one: what is its own, and not that of its challenges. */
struct order_share {
	char *challenges;    /* the ids of its challenges in the sequence of the request, a line each. In the journal only: NULL in the engine */
	char *reason;        /* why it is not ready within its own deadline, or NULL */
	int64_t deadline_ms; /* wall clock, as all of these. A shared challenge has the latest deadline and end of all that hold it */
	int64_t expires_ms;  /* it holds them until then; 0: until it is released */
	int64_t let_go_ms;   /* it was released then, and others needed one of its challenges; 0: it holds them */
};

/* Who waits for a group of challenges, and where to tell them. */
struct order {
	char id[ID_SIZE];
	char *client;
	char *callback_url;    /* or NULL */
	char *callback_secret; /* name of a configured secret that signs it, or NULL */
	char *callback_result; /* JSON: attempts and last status, or NULL */
	char *label;           /* "cps/10002/changes/10003", or NULL */
	int64_t created_ms;
	bool announced;        /* the callback was delivered or given up */
	struct order_share *share; /* NULL: it shares no challenge */
};

/* Gives a copy without the events (free with challenge_done). */
void challenge_copy(const struct challenge *from, struct challenge *ret);
/* Appends copies of the events. */
void challenge_copy_events(const struct challenge *from, struct challenge *to);
/* Gives a copy (free with order_done). */
void order_copy(const struct order *from, struct order *ret);
void challenge_done(struct challenge *c);
void challenge_free(struct challenge *c);
void order_done(struct order *o);
/* Appends an event; takes a copy of `text`. Over EVENTS_MAX the second-oldest half is thinned. */
void challenge_note(struct challenge *c, int64_t at_ms, const char *text);

/* What follows: true and the next state and action, or false when `input` is not legal in `state`. */
bool challenge_step(enum challenge_state state, enum challenge_input input, bool had_failed,
                    enum challenge_state *ret_state, enum challenge_action *ret_action);
bool challenge_is_over(enum challenge_state state); /* gone or failed */

/* Names on disk and in every protocol: "http-01", "queued", …; -1 when unknown. */
const char *challenge_type_name(enum challenge_type type);
int challenge_type_from_name(const char *name);
/* Proved by a TXT record. */
bool challenge_type_is_dns(enum challenge_type type);
const char *challenge_state_name(enum challenge_state state);
int challenge_state_from_name(const char *name);
const char *challenge_input_name(enum challenge_input input);

/* A token is 1 to TOKEN_MAX characters of the base64url alphabet (RFC 8555 section 8.3). */
int token_check(const char *token, struct err *err);
/* "token.thumbprint", both base64url. */
int key_authorization_check(const char *key_authorization, const char *token, struct err *err);
/* A TXT value: 1 to VALUE_MAX printable ASCII characters. */
int value_check(const char *value, struct err *err);
/* A record name that the caller chose (normalised): labels with "_" are those of the type, in front ("_acme-challenge.",
 * "_validation-persist.", "_<label>._acme-challenge."), or there are none. So no challenge writes a name of DMARC, DKIM or the like, or
 * of another challenge type. ERR_INVALID. */
int record_label_check(enum challenge_type type, const char *name, struct err *err);
bool record_label_is_account(const char *name); /* "_<label>._acme-challenge.…" of dns-account-01 */
/* The URL of an ACME account, without what would end a parameter of a record. Where only CAA compares it, "acct:…" too (an
 * authority without ACME accounts). */
int account_uri_check(enum challenge_type type, const char *uri, struct err *err);

/* Whether an authority can have asked for these (each may be NULL), or ERR_INVALID with the slip that is likely behind it and what
 * to do. Stricter than the form: the value of dns-01 and dns-account-01 is 43 characters of base64url (RFC 8555 section 8.4), a
 * token has 128 bits (section 8.3), a thumbprint 43 characters (section 8.1). `instead` is what the caller calls a key authorization,
 * which people give as a value: "key_authorization" in the API; NULL: it can take none. */
int wanted_check(enum challenge_type type, const char *token, const char *key_authorization, const char *value, const char *instead, struct err *err);

#endif
