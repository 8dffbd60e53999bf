#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "providers/rfc2136/internal.h"
#include "solver/base/mem.h"

void changes_settle(struct job *job, size_t begin, size_t end, enum change_status status, const char *format, ...)
{
	for (size_t i = begin; i < end; i++) {
		struct change *c = &job->changes[i];
		va_list args;

		if (c->status != CHANGE_PENDING)
			continue;
		va_start(args, format);
		vsnprintf(c->message, sizeof(c->message), format, args);
		va_end(args);
		c->status = status;
	}
}

/* What each refusal means, and what to do about it. %1$s is the server, %2$s the zone, %3$s the key. */
static const struct meaning {
	int rcode, tsig_error;
	enum change_status status;
	const char *sentence;
} meanings[] = {
	{ DNS_NOTAUTH, DNS_BADKEY, CHANGE_DENIED,
	  "server %1$s does not know the key %3$s (BADKEY): check key-name and key-algorithm against the server's configuration, zone %2$s" },
	{ DNS_NOTAUTH, DNS_BADSIG, CHANGE_DENIED,
	  "server %1$s found our signature wrong (BADSIG): check key-secret of %3$s, zone %2$s" },
	{ DNS_NOTAUTH, DNS_BADTIME, CHANGE_DENIED,
	  "server %1$s says that our clock and its clock differ by more than 300 s (BADTIME): set both clocks, zone %2$s, key %3$s" },
	{ DNS_NOTAUTH, 0, CHANGE_NO_ZONE, "server %1$s is not the primary of zone %2$s (NOTAUTH): check server, key %3$s" },
	{ DNS_NOTZONE, 0, CHANGE_NO_ZONE, "server %1$s says that a name is not inside zone %2$s (NOTZONE), key %3$s" },
	{ DNS_REFUSED, 0, CHANGE_DENIED,
	  "server %1$s refuses updates of zone %2$s (REFUSED): allow TXT changes there for key %3$s (allow-update, update-policy or acl)" },
	{ DNS_SERVFAIL, 0, CHANGE_RETRY, "server %1$s failed to update zone %2$s (SERVFAIL): its log says why, key %3$s" },
	{ DNS_NOTIMP, 0, CHANGE_FATAL, "server %1$s does not do dynamic updates (NOTIMP), zone %2$s, key %3$s" },
	{ DNS_FORMERR, 0, CHANGE_FATAL, "server %1$s could not read the update (FORMERR), zone %2$s, key %3$s" },
};

static void refusal_settle(const struct provider *p, const struct flight *f, struct job *job, const struct dns_update_reply *reply)
{
	const char *server = p->options->server, *key = p->has_key ? p->key_name : "(none)";

	for (size_t i = 0; i < ARRAY_LEN(meanings); i++) {
		char sentence[sizeof(job->changes->message)];

		if (meanings[i].rcode != reply->rcode || meanings[i].tsig_error != reply->tsig_error)
			continue;
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wformat-nonliteral"
		snprintf(sentence, sizeof(sentence), meanings[i].sentence, server, job->zone, key);
#pragma GCC diagnostic pop
		changes_settle(job, f->begin, f->end, meanings[i].status, "%s", sentence);
		return;
	}
	changes_settle(job, f->begin, f->end, CHANGE_FATAL, "server %s refused the update of zone %s: %s", server, job->zone,
	               dns_rcode_name(reply->tsig_error ? reply->tsig_error : reply->rcode));
}

void update_reply_settle(const struct provider *p, const struct flight *f, struct job *job, const struct answer *answer)
{
	struct dns_update_reply reply;
	struct err err = { 0 };

	if (answer->code != 0) {
		changes_settle(job, f->begin, f->end, CHANGE_RETRY, "server %s: %s", p->options->server,
		               answer->error ? answer->error : "no reply");
		return;
	}
	if (dns_update_reply_parse(f->update, p->has_key ? &p->key : NULL, (const unsigned char *)answer->body, answer->length,
	                           job->now_seconds, &reply, &err) < 0) {
		changes_settle(job, f->begin, f->end, CHANGE_UNKNOWN, "server %s: %.180s", p->options->server, err.text);
		return;
	}
	if (reply.rcode != DNS_NOERROR)
		refusal_settle(p, f, job, &reply);
	else if (p->has_key && !reply.proven)
		changes_settle(job, f->begin, f->end, CHANGE_UNKNOWN,
		               "the reply of server %s is not signed with key %s, so it proves nothing: something stands between us",
		               p->options->server, p->key_name);
	else
		changes_settle(job, f->begin, f->end, CHANGE_DONE, "%s", "");
}

static bool reply_has(const struct dns_reply *reply, const char *fqdn, const char *value)
{
	for (size_t i = 0; i < reply->answer_count; i++) {
		const struct dns_record *r = &reply->answers[i];

		if (r->type == DNS_TXT && strcmp(r->owner, fqdn) == 0 && strcmp(r->text, value) == 0)
			return true;
	}
	return false;
}

static void look_settle(const struct provider *p, const struct flight *f, struct job *job, const struct dns_reply *reply)
{
	const char *fqdn = job->changes[f->asked].fqdn;

	for (size_t i = f->begin; i < f->end; i++) {
		const struct change *c = &job->changes[i];

		if (strcmp(c->fqdn, fqdn) != 0)
			continue;
		if (reply_has(reply, fqdn, c->value) == (c->op == CHANGE_ADD))
			changes_settle(job, i, i + 1, CHANGE_DONE, "%s", "");
		else
			changes_settle(job, i, i + 1, CHANGE_RETRY, "the reply of server %s was lost, and the change did not happen",
			               p->options->server);
	}
}

void look_reply_settle(const struct provider *p, const struct flight *f, struct job *job, const struct answer *answer)
{
	const char *fqdn = job->changes[f->asked].fqdn;
	struct dns_reply reply;
	struct err err = { 0 };
	bool usable = false;

	if (answer->code == 0 && dns_reply_parse((const unsigned char *)answer->body, answer->length, fqdn, DNS_TXT, &reply, &err) == 0) {
		usable = reply.authoritative && !reply.truncated && (reply.rcode == DNS_NOERROR || reply.rcode == DNS_NXDOMAIN);
		if (usable)
			look_settle(p, f, job, &reply);
		dns_reply_done(&reply);
	}
	if (!usable) /* no use in asking for the other names */
		changes_settle(job, f->begin, f->end, CHANGE_UNKNOWN, "the reply of server %s to the update was lost, and so was its word on %.80s",
		               p->options->server, fqdn);
}
