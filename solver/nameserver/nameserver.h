/* The embedded authoritative DNS server: TXT values from the table of published answers, with SOA and NS
 * made up for the apex of each zone, over UDP and TCP.
 *
 * It has threads of its own; each worker has its own UDP and TCP socket per address (SO_REUSEPORT) and
 * handles packets in batches. It knows no recursion, no transfers and no updates. */
#ifndef SOLVER_NAMESERVER_NAMESERVER_H
#define SOLVER_NAMESERVER_NAMESERVER_H

#include <stdbool.h>
#include <stddef.h>

#include "solver/answers/answers.h"
#include "solver/base/err.h"

struct nameserver;

/* Lists end with NULL. Everything is copied. */
struct nameserver_options {
	const char *const *listen;       /* "0.0.0.0:53", "[::]:53", port 0 for any */
	const char *const *zones;        /* "acme.example.com": lower-case names without trailing dot */
	/* "ns1.example.com", or with addresses to answer when the name lies in one of the zones:
	 * "ns1.acme.example.com 192.0.2.1 2001:db8::1". None: "ns1.<zone>". */
	const char *const *name_servers;
	const char *contact;             /* "hostmaster@example.com"; NULL or "": hostmaster.<zone> */
	unsigned negative_ttl_s;         /* 0: 5 */
	unsigned ttl_s;                  /* of TXT, NS and SOA; 0: 5 */
	unsigned workers;                /* 0: one */
	unsigned rate_limit;             /* UDP replies a second to one network, of each worker (rate.h); 0: no limit */
	unsigned rate_limit_slip;        /* every how many-th reply beyond it is truncated and not dropped; 0: none */
	const char *const *rate_limit_exempt; /* networks without it: "192.0.2.0/24"; loopback always is; or NULL */
};

/* Gives (stop with nameserver_stop); `a` is borrowed until then. A taken port names the address, the
 * reason and the option dns.listen; a bad zone or name server names its option too. */
int nameserver_start(const struct nameserver_options *options, struct answers *a, struct nameserver **ret, struct err *err);
void nameserver_stop(struct nameserver *ns); /* NULL is allowed */

/* Other options, as at a reload, from the thread that started it (the number of workers stays). What can fail fails in nameserver_prepare(), which opens the new
 * addresses and changes nothing else. nameserver_commit() takes the rest over: an address that stays keeps its sockets, one that goes is closed when the
 * questions that had arrived there are answered, and connections stay. Gives *ret (to one of the other two, at once). */
struct nameserver_change;
int nameserver_prepare(struct nameserver *ns, const struct nameserver_options *options, struct nameserver_change **ret, struct err *err);
void nameserver_commit(struct nameserver_change *c);
void nameserver_abort(struct nameserver_change *c); /* NULL is allowed */

/* The bound addresses as text ("127.0.0.1:5353"), in the order of `listen`; NULL past the last. */
const char *nameserver_bound(const struct nameserver *ns, size_t index);

#endif
