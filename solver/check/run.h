/* One check under way: evidence that grows, and steps that read it and query what is still missing.
 *
 * Nothing here remembers how far it is: after each reply every step reads the evidence again and sends the queries that it now can.
 * A query is sent once (`queries` holds its key); when nothing is under way and no step sends another, the evidence is judged.
 *
 * What the evidence holds, for those who judge it:
 *   view "authority"  TXT at fqdn (DNS types) and, where a CNAME leads away from a name, below that name (name_witness()) · A and AAAA of the identifier and of each redirect's host · CAA at the
 *                     identifier and each ancestor · SOA and NS that lead to the zone · with CHECK_DETAILS TXT at wrong places
 *   view "direct"     TXT at written_fqdn at every server of written_zone, "udp" (truncated: by TCP as a client does); A and AAAA of the
 *                     identifier for other types; with CHECK_DETAILS CAA at the identifier and above it, one of them over "tcp", and
 *                     SOA and NS of the zone where other answers do not tell the serial, or where something is odd;
 *                     NS of a zone asked at one of its parent's servers (zone: the parent; authority: NS, and addresses as glue);
 *                     TXT at each name of a chain of CNAMEs that recursion could not follow (aliases.c); SOA of the zone over both
 *                     transports at servers that refuse it
 *   view "plain-case", "no-edns"  TXT at written_fqdn asked differently, of servers whose answer gives a sign (signs.c)
 */
#ifndef SOLVER_CHECK_RUN_H
#define SOLVER_CHECK_RUN_H

#include "solver/check/internal.h"
#include "solver/dns/packet.h"

#define RUN_BYTES_MAX (16 << 20) /* of text in the evidence of one check */
#define RUN_SERVERS_MAX 128      /* addresses, of all zones together */

struct query; /* query.h */
struct run_server { char *zone, *name, *address; };

struct check_run {
	struct checker *c;
	struct profiles *profiles;       /* held; `authority` is of them */
	const struct authority *authority;
	struct authority own;            /* the same for names that this process serves itself */
	unsigned parts;
	struct evidence *e;
	check_fn done;
	void *arg;
	struct timer *limit;
	struct timer *patience;          /* runs while only silent servers are waited for */
	int64_t heard_ms;                /* the last answer of anybody: loop clock */
	struct query *queries;           /* hash by key: all that was asked */
	unsigned pending;                /* replies that will come */
	unsigned abandoned;              /* of these, that nothing waits for */
	size_t room;                     /* bytes of text that the evidence may still take */
	struct run_server servers[RUN_SERVERS_MAX];
	size_t server_count;
	struct locate *locate;           /* the way without an authority's view */
	bool locating;                   /* it was started */
	char *covered;                   /* that a wildcard leads away from, when what it leads to does not show the value; or NULL */
	bool refused;                    /* the name alone is refused: nothing else is asked */
	bool short_of_descriptors;       /* when something failed */
	bool view;                       /* the authority's view is looked at too: of the start, a reload changes it for the next */
	bool blind;                      /* no root can be asked from here */
	bool dns;                        /* the type is validated by a TXT record */
	bool poll;                       /* addresses in view "authority" are what the recursive resolvers say */
	bool others_busy, others_started; /* under way; not again */
	bool over;                       /* done was called, or will not be */
	void (*advance)(struct check_run *r); /* every step reads the evidence anew; ends the run when nothing is left to ask */
	struct check_run *prev, *next;
};

/* ---- check.c ---- */
/* Ends what no client ended: at close. */
void runs_close(struct checker *c);

/* ---- run.c ---- */
/* One reply less to wait for; then the run advances. */
void run_replied(struct check_run *r);
bool run_wants(const struct check_run *r, unsigned part);
/* The authority's answer when it is there; asks nothing. */
const struct ev_answer *run_have(const struct check_run *r, const char *name, int type);
/* Adds a server once. */
void run_add_server(struct check_run *r, const char *zone, const char *name, const char *address);

/* ---- query_dns.c ---- */
/* The authority's answer, or NULL: it is asked, and comes later. Valid until the next reply. */
const struct ev_answer *run_want(struct check_run *r, const char *name, int type);
void run_query_server(struct check_run *r, const struct run_server *s, const char *name, int type, bool tcp);
/* The same question over UDP with the name in lower case (view "plain-case") or, without `edns`, as before RFC 6891 (view "no-edns"):
 * to find out what a server does not bear. */
void run_query_plainly(struct check_run *r, const struct run_server *s, const char *name, int type, bool edns);
/* Addresses of a host by the recursive resolvers, where the authority's view is not to be had. */
void run_query_addresses(struct check_run *r, const char *host);

/* ---- query_web.c ---- */
/* The next hop of an attempt; a certificate. */
void run_fetch_hop(struct check_run *r, size_t attempt, const struct http_next *next);
void run_fetch_certificate(struct check_run *r, const char *address);
/* Whether a request of this attempt is under way. */
bool run_attempt_is_busy(const struct check_run *r, size_t attempt);

/* ---- silence.c ---- */
/* What has not come by now counts as silence. */
void run_give_up(struct check_run *r);
/* Whether all that is still awaited are answers of single servers to questions that were answered elsewhere. */
bool run_waits_for_silent(const struct check_run *r);
/* These count as silence; the run goes on without them. */
void run_abandon(struct check_run *r);
/* Ends what no client ends at close: connections to web servers. */
void queries_cancel_web(struct check_run *r);

/* ---- known.c ---- */
/* Puts what the caller knows already among the evidence; before the first step. */
void known_take(struct check_run *r, const struct check_want *want);

/* ---- answer.c ---- */
/* Reads a reply into an answer that has view, name, type and server already. A malformed one becomes a failure. */
void answer_read(struct ev_answer *a, const unsigned char *wire, size_t length, const char *asked, size_t *room);
/* "timeout", "refused", … for an error of the network, "local" for one of this host, with its sentence. */
void answer_fail(struct ev_answer *a, const struct err *err);
/* The zone that the SOA in an answer belongs to, or NULL. */
const char *answer_zone(const struct ev_answer *a);

/* ---- the steps ---- */
void validation_step(struct check_run *r);  /* validation.c: what the challenge type and CAA need */
void servers_step(struct check_run *r);     /* servers.c */
void cuts_step(struct check_run *r);        /* cuts.c: servers of the parent that answer themselves */
void delegation_step(struct check_run *r);  /* delegation.c */
/* Whether the parent's NS records of `zone` are others than those that the authority's view has. */
bool delegation_differs(const struct check_run *r, const char *zone);
void signs_step(struct check_run *r);       /* signs.c: more of servers whose answers leave open what is wrong with them */
void details_step(struct check_run *r);     /* details.c: wrong places */

/* ---- host.c: what this host can do ---- */
/* An answer without a reply: what was in the way here, if anything was. */
void host_note_answer(struct check_run *r, struct ev_answer *a);
void host_note_hop(struct check_run *r, struct ev_hop *hop);
/* Something failed: was it for want of descriptors? */
void host_note_shortage(struct check_run *r);
/* Before the evidence is judged. */
void host_note(struct check_run *r);

/* ---- aliases.c ---- */
/* Where the CNAMEs at the challenge name end, by what single servers say of them: when recursion does not come through. The
 * challenge name itself without CNAMEs, or when they lead in a circle. Borrowed from the evidence. */
const char *aliases_end(const struct check_run *r);

/* ---- wildcards.c ---- */
/* Where the record must stand when the aliases at the challenge name lead to `end`. Gives (free with free), or NULL while that is
 * not known. */
char *wildcards_end(struct check_run *r, const char *end);

/* ---- zone_of.c ---- */
/* The zone of `name`: that of the nearest SOA at or above it; NULL while that is not known. Gives (free with free). */
char *run_zone_of(struct check_run *r, const char *name);

#endif
