/* All addresses of a host: two queries, one answer. Declared in resolver.h. */
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/dns/message.h"
#include "solver/net/address.h"
#include "solver/net/resolver_private.h"

#define ADDRESSES_MAX 64 /* of one host */

struct lookup {
	struct lookup_half { struct lookup *lookup; int type; } a, aaaa;
	char host[NAME_SIZE];
	char texts[ADDRESSES_MAX][ADDRESS_TEXT_SIZE];
	size_t count;
	int open;               /* queries without an answer */
	struct err lost;        /* a query got no answer: the list would be incomplete */
	struct err refused;     /* a resolver would not say; as bad only when nothing else is known */
	void (*done)(const char *const *addresses, const struct err *err, void *arg);
	void *arg;
};

static void lookup_finish(struct lookup *k)
{
	const char *list[ADDRESSES_MAX + 1] = { NULL };
	const struct err none = { 0 };
	const struct err *err = &none;

	for (size_t i = 0; i < k->count; i++)
		list[i] = k->texts[i];
	if (k->lost.code)
		err = &k->lost;
	else if (k->refused.code && k->count == 0)
		err = &k->refused;
	k->done(err->code ? NULL : list, err, k->arg);
	free(k);
}

static void collect(struct lookup *k, int type, const struct dns_reply *reply)
{
	for (size_t i = 0; i < reply->answer_count && k->count < ADDRESSES_MAX; i++) {
		if (reply->answers[i].type == type && strcmp(reply->answers[i].owner, reply->final_name) == 0)
			snprintf(k->texts[k->count++], ADDRESS_TEXT_SIZE, "%s", reply->answers[i].text);
	}
}

static void on_reply(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct lookup_half *half = arg;
	struct lookup *k = half->lookup;
	struct dns_reply reply = { 0 };

	(void)elapsed_ms;
	if (!wire) {
		k->lost = *err;
		err_in(&k->lost, "addresses of %s", k->host);
	} else if (dns_reply_parse(wire, length, k->host, half->type, &reply, &k->refused) < 0) {
		err_in(&k->refused, "addresses of %s", k->host);
	} else if (reply.rcode != DNS_NOERROR && reply.rcode != DNS_NXDOMAIN) {
		err_set(&k->refused, ERR_UNREACHABLE, "addresses of %s: the resolver answered %s", k->host, dns_rcode_name(reply.rcode));
	} else {
		collect(k, half->type, &reply);
	}
	dns_reply_done(&reply);
	if (--k->open == 0)
		lookup_finish(k);
}

static void on_literal(const unsigned char *wire, size_t length, int64_t elapsed_ms, const struct err *err, void *arg)
{
	struct lookup *k = arg;

	(void)wire;
	(void)length;
	(void)elapsed_ms;
	k->lost = *err;
	lookup_finish(k);
}

static bool is_literal(struct lookup *k, const char *host)
{
	struct sockaddr_storage address;
	char text[ADDRESS_TEXT_SIZE];
	size_t length = strlen(host);

	/* As in a URL, an IPv6 address may stand in brackets; a port may not follow. */
	if ((strchr(host, ':') && host[0] != '[' && strchr(host, ':') == strrchr(host, ':')) ||
	    (host[0] == '[' && host[length - 1] != ']') || address_parse(host, 0, &address, NULL) < 0)
		return false;
	snprintf(k->texts[k->count++], ADDRESS_TEXT_SIZE, "%s", address_host(&address, text));
	return true;
}

/* IPv6 can be switched off in a container; then ::1 is no address of this machine. */
static bool has_ipv6_loopback(void)
{
	const struct sockaddr_in6 loopback = { .sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT };
	int fd = socket(AF_INET6, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	bool bound = fd >= 0 && bind(fd, (const struct sockaddr *)&loopback, sizeof(loopback)) == 0;

	if (fd >= 0)
		close(fd);
	return bound;
}

/* "localhost" and every name below it is this machine, and no resolver may be asked (RFC 6761 section 6.3). */
static bool is_localhost(struct lookup *k)
{
	if (!name_is_below(k->host, "localhost"))
		return false;
	snprintf(k->texts[k->count++], ADDRESS_TEXT_SIZE, "127.0.0.1");
	if (has_ipv6_loopback())
		snprintf(k->texts[k->count++], ADDRESS_TEXT_SIZE, "::1");
	return true;
}

static int lookup_start(struct resolver *r, struct lookup *k, struct err *err)
{
	int rc = resolver_query(r, k->host, DNS_A, on_reply, &k->a, err);

	if (rc < 0)
		return rc;
	if (resolver_query(r, k->host, DNS_AAAA, on_reply, &k->aaaa, &k->lost) < 0)
		k->open--; /* the list is incomplete, and `lost` says so */
	return 0;
}

int resolver_addresses(struct resolver *r, const char *host,
                       void (*done)(const char *const *addresses, const struct err *err, void *arg), void *arg,
                       struct err *err)
{
	struct lookup *k = mem_new(1, sizeof(*k));
	int rc;

	*k = (struct lookup){ .done = done, .arg = arg, .open = 2, .a = { k, DNS_A }, .aaaa = { k, DNS_AAAA } };
	if (is_literal(k, host)) {
		resolver_defer(r, on_literal, k);
		return 0;
	}
	rc = name_normalize(host, k->host, err);
	if (rc == 0 && is_localhost(k)) {
		resolver_defer(r, on_literal, k);
		return 0;
	}
	if (rc == 0)
		rc = lookup_start(r, k, err);
	if (rc < 0)
		free(k);
	return rc;
}
