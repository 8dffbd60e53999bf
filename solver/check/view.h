/* What one server of a zone says about the place of a TXT record, asked with as few questions as prove it: one, when the name is
 * no alias and the answer names its zone.
 *
 * - The zone is named by an authoritative answer: the owner of the SOA of a denial (RFC 2308), or of the NS records beside an
 *   answer. A child zone on the parent's own server is seen by this alone, because such a server sends no referral. An answer that
 *   names no zone makes us ask the same server for the SOA at the name and above.
 * - A CNAME that comes from a wildcard is no alias of the name: any record at the name itself ends it (RFC 4592). Below a name
 *   that exists no wildcard reaches, so a name below it that is denied, or leads elsewhere, proves a CNAME of its own. */
#ifndef SOLVER_CHECK_VIEW_H
#define SOLVER_CHECK_VIEW_H

#include "solver/check/internal.h"
#include "solver/dns/message.h"

enum view_says {
	VIEW_NOTHING,  /* no answer that proves anything */
	VIEW_HERE,     /* it answers itself, from `zone` */
	VIEW_REFERRAL, /* others serve the name, in `zone`: `reply` has their NS records */
	VIEW_ALIAS,    /* CNAME or DNAME: see at `target` */
};

struct view {
	enum view_says says;
	char zone[NAME_SIZE];
	char target[NAME_SIZE];
	bool wildcard;           /* VIEW_HERE, but until a record stands at the name a wildcard leads to `target` */
	struct dns_reply *reply; /* VIEW_REFERRAL: may be taken by moving it; otherwise NULL */
};

/* `done` comes once, later, and borrows the view; `err` says why there is VIEW_NOTHING. */
typedef void (*view_fn)(struct view *v, const struct err *err, void *arg);
/* Asks `server`, a server of `zone`, about `fqdn`. */
int view_start(struct checker *c, const char *fqdn, const char *zone, const struct server *server, view_fn done, void *arg, struct err *err);

#endif
