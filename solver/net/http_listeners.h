/* The HTTP servers of a part of the service: at the addresses of one option without TLS, and of another with it, behind one guard.
 *
 * A reload replaces addresses, certificates and limits. An address that stays keeps its server with all connections; one that goes is
 * served no more, but whoever is connected there gets the answer that is under way (http_server_retire()). */
#ifndef SOLVER_NET_HTTP_LISTENERS_H
#define SOLVER_NET_HTTP_LISTENERS_H

#include "solver/guard/guard.h"
#include "solver/net/http_server.h"
#include "solver/net/http_tls.h"

struct http_listeners;
struct http_listeners_change;

/* What never changes. The limits of `guard` come with the options. */
struct http_listeners_parts {
	struct loop *loop;
	http_handle_fn handle;
	bool (*knows)(struct http_exchange *x, void *arg); /* as in http_server_options */
	void *arg;
	struct guard_options guard;
};

struct http_addresses {
	char *const *listen; /* NULL-ended, as http_server_start() has them; or NULL */
	const char *option;  /* where they stand; constant */
};

struct http_listeners_options {
	struct http_addresses plain, tls;
	struct http_tls_options files; /* of `tls`; not read where that is empty */
	size_t max_body;
	unsigned connections, per_address;
};

/* Nothing listens before a change is committed. Gives (free with http_listeners_free). */
struct http_listeners *http_listeners_new(const struct http_listeners_parts *parts);
void http_listeners_free(struct http_listeners *l); /* closes all connections; NULL is allowed */

/* What can fail fails here, and nothing but the new addresses is opened. `options` are borrowed, their files until the commit. Gives *ret (to one of the
 * other two, in the same turn of the loop). */
int http_listeners_prepare(struct http_listeners *l, const struct http_listeners_options *options, struct http_listeners_change **ret, struct err *err);
/* Files of certificates are read again. Those that cannot be used are logged, and the old ones stay in force. */
void http_listeners_commit(struct http_listeners_change *c);
void http_listeners_abort(struct http_listeners_change *c); /* NULL is allowed */

struct guard *http_listeners_guard(const struct http_listeners *l); /* borrowed */
bool http_listeners_is_on(const struct http_listeners *l);          /* there is an address */

#endif
