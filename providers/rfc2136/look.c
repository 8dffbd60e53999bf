/* Asks the server what stands at names, signed, so that it answers from the view that our updates change. */
#include <string.h>

#include "providers/kit/kit.h"
#include "providers/rfc2136/internal.h"

/* The handle of a value names the key that wrote it. */
bool is_of_other_key(const struct provider *p, const struct change *c)
{
	return c->op == CHANGE_REMOVE && c->handle && *c->handle && strcmp(c->handle, key_title(p)) != 0;
}

static bool is_wanted(const struct provider *p, const struct flight *f, const struct change *c)
{
	if (c->status != CHANGE_PENDING)
		return false;
	if (f->phase == PHASE_LOOK)
		return true;
	return f->phase == PHASE_OWN ? is_of_other_key(p, c) : c->op == CHANGE_ADD;
}

bool look_send(const struct provider *p, struct flight *f, struct job *job, struct request *ret)
{
	for (; f->asked < f->end; f->asked++) {
		struct change *c = &job->changes[f->asked];
		struct err err = { 0 };
		int length;

		if (!is_wanted(p, f, c) || f->seen[f->asked].known)
			continue;
		length = dns_query_build_signed(c->fqdn, p->has_key ? &p->key : NULL, job->now_seconds, f->query, &err);
		if (length > 0) {
			*ret = (struct request){ .want = WANT_DNS, .server = p->options->server, .wire = f->query,
			                         .wire_length = (size_t)length, .tcp = true };
			return true;
		}
		changes_settle(job, f->asked, f->asked + 1, CHANGE_FATAL, "%.200s", err.text);
	}
	return false;
}

static struct seen seen_of(const struct dns_reply *reply, const struct change *c)
{
	struct seen seen = { .known = true };

	for (size_t i = 0; i < reply->answer_count; i++) {
		const struct dns_record *r = &reply->answers[i];

		if (r->type != DNS_TXT || !kit_same_name(r->owner, c->fqdn))
			continue;
		seen.records++;
		seen.ttl = r->ttl;
		seen.has_value |= strcmp(r->text, c->value) == 0;
	}
	return seen;
}

void look_take(struct flight *f, const struct job *job, const struct answer *answer)
{
	const char *fqdn = job->changes[f->asked].fqdn;
	struct dns_reply reply;
	struct err err = { 0 };

	f->silent = answer->code != 0;
	if (f->silent ||
	    dns_reply_parse((const unsigned char *)answer->body, answer->length, fqdn, DNS_TXT, &reply, &err) < 0)
		return;
	if (reply.authoritative && !reply.truncated && (reply.rcode == DNS_NOERROR || reply.rcode == DNS_NXDOMAIN))
		for (size_t i = f->begin; i < f->end; i++)
			if (kit_same_name(job->changes[i].fqdn, fqdn))
				f->seen[i] = seen_of(&reply, &job->changes[i]);
	dns_reply_done(&reply);
}
