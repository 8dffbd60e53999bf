/* Shared by the files of this provider. */
#ifndef PROVIDERS_RFC2136_INTERNAL_H
#define PROVIDERS_RFC2136_INTERNAL_H

#include "providers/rfc2136/rfc2136.h"
#include "solver/dns/message.h"
#include "solver/dns/update.h"

#define UDP_MAX 1232 /* bytes of a message that goes over UDP: never fragmented on ordinary paths */

struct provider {
	const struct rfc2136_options *options;
	struct dns_tsig_key key;
	char *key_name, *key_secret;
	bool has_key;
};

/* update: the message is on its way; look: its reply was lost, and the names are asked for one by one. */
enum phase { PHASE_UPDATE, PHASE_LOOK };

struct flight {
	enum phase phase;
	size_t begin, end;          /* changes of the message on its way */
	size_t asked;               /* PHASE_LOOK: the change whose name is asked for */
	struct dns_update *update;
	unsigned char *wire;
	size_t length;
	unsigned char query[DNS_QUERY_MAX];
};

/* result.c: what a reply means for the changes of the message. */
void changes_settle(struct job *job, size_t begin, size_t end, enum change_status status, const char *format, ...)
	__attribute__((format(printf, 5, 6)));
void update_reply_settle(const struct provider *p, const struct flight *f, struct job *job, const struct answer *answer);
/* The reply to the query for the name of change f->asked: settles all changes of that name. */
void look_reply_settle(const struct provider *p, const struct flight *f, struct job *job, const struct answer *answer);

#endif
