#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "providers/kit/kit.h"
#include "providers/rfc2136/internal.h"
#include "solver/base/mem.h"

/* What each refusal means, and what to do about it. %1$s is the server, %2$s the zone, %3$s the key. */
static const struct meaning {
	int rcode, tsig_error;
	enum change_status status;
	enum change_scope scope;
	const char *sentence;
} meanings[] = {
	/* Knot says so too when its acl does not let a known key change one of the names. */
	{ DNS_NOTAUTH, DNS_BADKEY, CHANGE_DENIED, SCOPE_CALL,
	  "server %1$s does not know the key %3$s, or does not let it change this name (BADKEY): check key-name, key-algorithm and the server's acl, zone %2$s" },
	{ DNS_NOTAUTH, DNS_BADSIG, CHANGE_DENIED, SCOPE_CREDENTIAL,
	  "server %1$s found our signature wrong (BADSIG): check key-secret of %3$s, zone %2$s" },
	{ DNS_NOTAUTH, DNS_BADTIME, CHANGE_RETRY, SCOPE_CREDENTIAL, /* clocks are set right while a challenge waits */
	  "server %1$s says that our clock and its clock differ by more than 300 s (BADTIME): set both clocks, zone %2$s, key %3$s" },
	{ DNS_NOTAUTH, 0, CHANGE_NO_ZONE, SCOPE_CALL,
	  "server %1$s is not the primary of zone %2$s (NOTAUTH): check server, key %3$s; if views show different zones, name the one to change with zone: in its route" },
	{ DNS_NOTZONE, 0, CHANGE_FATAL, SCOPE_CALL, "server %1$s says that a name is not inside zone %2$s (NOTZONE), key %3$s" },
	{ DNS_REFUSED, 0, CHANGE_DENIED, SCOPE_CALL,
	  "server %1$s refuses updates of zone %2$s (REFUSED): allow TXT changes there for key %3$s (allow-update, update-policy or acl)" },
	{ DNS_SERVFAIL, 0, CHANGE_RETRY, SCOPE_CALL, "server %1$s failed to update zone %2$s (SERVFAIL): its log says why, key %3$s" },
	{ DNS_NOTIMP, 0, CHANGE_FATAL, SCOPE_CREDENTIAL, "server %1$s does not do dynamic updates (NOTIMP), zone %2$s, key %3$s" },
	{ DNS_FORMERR, 0, CHANGE_FATAL, SCOPE_CALL, "server %1$s could not read the update (FORMERR), zone %2$s, key %3$s" },
};

static void scope_set(struct job *job, size_t begin, size_t end, enum change_scope scope)
{
	for (size_t i = begin; i < end; i++)
		if (job->changes[i].status == CHANGE_PENDING)
			job->changes[i].scope = scope;
}

static void refusal_settle(const struct provider *p, const struct flight *f, struct job *job, int rcode, int tsig_error)
{
	const char *server = p->options->server;

	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		char sentence[sizeof(job->changes->message)];

		if (meanings[i].rcode != rcode || meanings[i].tsig_error != tsig_error)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(sentence, sizeof(sentence), meanings[i].sentence, server, job->zone, key_title(p));
#pragma GCC diagnostic pop
		scope_set(job, f->begin, f->end, meanings[i].scope);
		changes_settle(job, f->begin, f->end, meanings[i].status, "%s", sentence);
		return;
	}
	/* Its meaning is unknown, so it is no refusal for good. */
	changes_settle(job, f->begin, f->end, CHANGE_RETRY, "server %s did not do the update of zone %s: %s", server, job->zone,
	               dns_rcode_name(tsig_error ? tsig_error : rcode));
}

static void done(const struct provider *p, const struct flight *f, struct change *c, size_t i)
{
	bool add = c->op == CHANGE_ADD, ttl_lost = add && f->second && !f->seen[i].known;

	if (ttl_lost)
		kit_change_set(c, CHANGE_DONE, "server %s does not show us the values that stood there, so their TTL may have changed", p->options->server);
	else
		kit_change_set(c, CHANGE_DONE, "%s", "");
	if (add && !c->new_handle)
		c->new_handle = mem_dup(key_title(p));
}

static void done_settle(const struct provider *p, const struct flight *f, struct job *job)
{
	for (size_t i = f->begin; i < f->end; i++)
		if (job->changes[i].status == CHANGE_PENDING)
			done(p, f, &job->changes[i], i);
}

/* How many values of its name the message adds, up to and with this one. */
static size_t added_before(const struct flight *f, const struct job *job, size_t i)
{
	size_t count = 0;

	for (size_t k = f->begin; k <= i; k++)
		count += job->changes[k].op == CHANGE_ADD && kit_same_name(job->changes[k].fqdn, job->changes[i].fqdn);
	return count;
}

/* BIND says SERVFAIL for a set that would get too large. */
static void full_settle(const struct provider *p, const struct flight *f, struct job *job)
{
	for (size_t i = f->begin; i < f->end; i++) {
		struct change *c = &job->changes[i];

		if (c->op != CHANGE_ADD || f->seen[i].has_value || f->seen[i].records + added_before(f, job, i) <= SET_MAX)
			continue;
		c->scope = SCOPE_CHANGE;
		changes_settle(job, i, i + 1, CHANGE_FATAL,
		               "the record set is full: with this one %.80s would have %zu values at server %s; remove old ones, or raise max-records-per-type there",
		               c->fqdn, f->seen[i].records + added_before(f, job, i), p->options->server);
	}
}

bool update_reply_settle(const struct provider *p, const struct flight *f, struct job *job, const struct answer *answer)
{
	struct dns_update_reply reply;
	struct err err = { 0 };

	if (answer->code != 0) {
		for (size_t i = f->begin; i < f->end; i++)
			job->changes[i].not_sent = answer->code == ERR_UNREACHABLE && !f->over_tcp; /* over TCP: the first one may have arrived */
		changes_settle(job, f->begin, f->end, CHANGE_RETRY, "server %s: %s", p->options->server,
		               answer->error ? answer->error : "no reply");
		return true;
	}
	if (dns_update_reply_parse(f->update, p->has_key ? &p->key : NULL, (const unsigned char *)answer->body, answer->length,
	                           job->now_seconds, &reply, &err) < 0) {
		changes_settle(job, f->begin, f->end, CHANGE_UNKNOWN, "server %s: %.180s", p->options->server, err.text);
		return true;
	}
	if (reply.rcode == DNS_YXRRSET && !f->second)
		return false;
	if (reply.rcode == DNS_SERVFAIL)
		full_settle(p, f, job);
	if (reply.rcode != DNS_NOERROR)
		refusal_settle(p, f, job, reply.rcode, reply.tsig_error);
	else if (p->has_key && !reply.proven)
		changes_settle(job, f->begin, f->end, CHANGE_UNKNOWN,
		               "the reply of server %s is not signed with key %s, so it proves nothing: something stands between us",
		               p->options->server, p->key_name);
	else
		done_settle(p, f, job);
	return true;
}

/* A value that the server shows exists. A value that it does not show may still exist: a server that forwards updates to its primary shows
 * its own copy, which lags. Then the update is repeated. */
static void look_settle_change(const struct provider *p, const struct flight *f, struct job *job, size_t i)
{
	struct change *c = &job->changes[i];

	if (c->op == CHANGE_ADD && f->seen[i].has_value)
		done(p, f, c, i);
	else if (f->over_tcp)
		changes_settle(job, i, i + 1, CHANGE_UNKNOWN, "server %s did not answer the update of %.100s, and %s the value",
		               p->options->server, c->fqdn, f->seen[i].has_value ? "still shows" : "does not show");
}

void look_settle(const struct provider *p, const struct flight *f, struct job *job)
{
	const char *fqdn = job->changes[f->asked].fqdn;

	if (f->silent) {
		changes_settle(job, f->begin, f->end, CHANGE_UNKNOWN, "server %s does not answer, neither the update nor a question over TCP", p->options->server);
		return;
	}
	if (!f->seen[f->asked].known) { /* no use in asking for the other names */
		changes_settle(job, f->begin, f->end, CHANGE_UNKNOWN, "the reply of server %s to the update was lost, and so was its word on %.80s",
		               p->options->server, fqdn);
		return;
	}
	for (size_t i = f->begin; i < f->end; i++)
		if (job->changes[i].status == CHANGE_PENDING && kit_same_name(job->changes[i].fqdn, fqdn))
			look_settle_change(p, f, job, i);
}

void own_settle(const struct provider *p, const struct flight *f, struct job *job)
{
	const struct change *asked = &job->changes[f->asked];

	if (f->silent) {
		changes_settle(job, f->begin, f->end, CHANGE_UNKNOWN, "server %s does not answer", p->options->server);
		return;
	}
	if (!f->seen[f->asked].known) {
		changes_settle(job, f->asked, f->asked + 1, CHANGE_UNKNOWN,
		               "the value was written with key %.36s, and server %s does not say whether key %.36s sees it: correct that key, or configure key %.36s again",
		               asked->handle, p->options->server, key_title(p), asked->handle);
		return;
	}
	for (size_t i = f->begin; i < f->end; i++) {
		if (!is_of_other_key(p, &job->changes[i]) || !kit_same_name(job->changes[i].fqdn, asked->fqdn) || f->seen[i].has_value)
			continue;
		job->changes[i].scope = SCOPE_CHANGE;
		changes_settle(job, i, i + 1, CHANGE_FATAL,
		               "the value was written with key %.40s, and key %.40s sees none at server %s: it may stand in a view of the other key; configure that key again",
		               job->changes[i].handle, key_title(p), p->options->server);
	}
}
