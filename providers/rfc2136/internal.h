/* Shared by the files of this provider. */
#ifndef PROVIDERS_RFC2136_INTERNAL_H
#define PROVIDERS_RFC2136_INTERNAL_H

#include "providers/rfc2136/rfc2136.h"
#include "solver/dns/message.h"
#include "solver/dns/update.h"

#define UDP_MAX 1232 /* bytes of a message that goes over UDP: never fragmented on ordinary paths */
#define SET_MAX 100  /* records of one set that BIND takes by default (max-records-per-type) */

struct provider {
	const struct rfc2136_options *options;
	struct dns_tsig_key key;
	char *key_name;
	struct secret *key_secret; /* base64 */
	bool has_key;
};

/* What the server is asked, and the names are asked for one by one. */
enum phase {
	PHASE_OWN,    /* before the first update: values that were written with another key */
	PHASE_UPDATE, /* the message is on its way */
	PHASE_LOOK,   /* its reply was lost */
	PHASE_TTL,    /* a set stands where a new one was expected: its TTL is to be kept */
};

/* What the server has at the name of a change. */
struct seen {
	bool known;      /* it said so with authority */
	bool has_value;
	unsigned ttl;    /* of the set; 0: there is none */
	size_t records;
};

struct flight {
	enum phase phase;
	size_t begin, end;          /* changes of the message, or of the questions */
	size_t asked;               /* the change whose name is asked for */
	bool second;                /* the message is repeated, now that `seen` tells what stands at its names */
	bool over_tcp;              /* it is repeated because its reply was lost */
	bool silent;                /* the last question got no reply at all */
	struct seen *seen;          /* for each change of the job */
	struct dns_update *update;
	unsigned char *wire;
	size_t length;
	unsigned char query[DNS_SIGNED_QUERY_MAX];
};

const char *key_title(const struct provider *p); /* its name, or "(none)" */

/* result.c: what a reply means for the changes of the message. */
void changes_settle(struct job *job, size_t begin, size_t end, enum change_status status, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
/* Settles them; false when a set stands where none was expected: its TTL must be known first. */
bool update_reply_settle(const struct provider *p, const struct flight *f, struct job *job, const struct answer *answer);
/* Settles all changes of the name of change f->asked, as far as the reply tells; UNKNOWN for all when it tells nothing. */
void look_settle(const struct provider *p, const struct flight *f, struct job *job);
void own_settle(const struct provider *p, const struct flight *f, struct job *job);

/* look.c: questions about the names of changes begin..end. */
/* Asks for the next name that the phase wants to know, from change f->asked on; false when there is none. */
bool look_send(const struct provider *p, struct flight *f, struct job *job, struct request *ret);
/* The value was written with another key than ours. */
bool is_of_other_key(const struct provider *p, const struct change *c);
/* Keeps what the reply says of the name of change f->asked, for all changes of that name. */
void look_take(struct flight *f, const struct job *job, const struct answer *answer);

#endif
