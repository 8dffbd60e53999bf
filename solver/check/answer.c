/* From the bytes of a reply to the record of it. */
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/check/run.h"
#include "solver/dns/message.h"

#define CHAIN_MAX 32 /* CNAMEs that are followed in one reply; an authority's resolver gives up long before */

void answer_fail(struct ev_answer *a, const struct err *err)
{
	const char *failure = "malformed";

	if (err->code == ERR_DENIED) /* by our own rule: nothing is known of the server */
		failure = "unroutable";
	else if (err->code == ERR_TIMEOUT)
		failure = "timeout";
	else if (err->code == ERR_CANCELLED || err->code == ERR_IO || err->code == ERR_BUSY)
		failure = "local";
	else if (err->code == ERR_UNREACHABLE)
		failure = strcmp(a->view, "authority") == 0 ? "no-root" : "refused";
	a->rcode = -1;
	mem_replace(&a->failure, failure);
	mem_replace(&a->why, err->text);
}

const char *answer_zone(const struct ev_answer *a)
{
	for (size_t i = 0; i < a->record_count; i++)
		if (a->records[i].type == DNS_SOA)
			return a->records[i].owner;
	for (size_t i = 0; i < a->authority_count; i++)
		if (a->authority[i].type == DNS_SOA)
			return a->authority[i].owner;
	return NULL;
}

/* What is kept: all answers; of the authority section what refers or denies; addresses behind a referral. */
static struct ev_record *place_for(struct ev_answer *a, const struct packet_record *r)
{
	if (r->section == PACKET_ANSWER)
		return evidence_add_record(a);
	if (r->section == PACKET_AUTHORITY && (r->type == DNS_NS || r->type == DNS_SOA || r->type == DNS_DS))
		return evidence_add_authority(a);
	if (r->section == PACKET_ADDITIONAL && (a->type == DNS_NS || !a->authoritative) && (r->type == DNS_A || r->type == DNS_AAAA))
		return evidence_add_authority(a);
	return NULL;
}

static int take_record(struct ev_answer *a, const struct packet *p, const struct packet_record *r, size_t *room, struct err *err)
{
	CLEANUP(mem_freep) char *data = NULL;
	struct ev_record *record;
	int64_t strings;

	a->edns = a->edns || r->type == DNS_OPT;
	if (r->dns_class != DNS_CLASS_IN)
		return 0; /* of another class: no answer to what was asked */
	a->soa = a->soa || (r->type == DNS_SOA && r->section != PACKET_ADDITIONAL);
	if (packet_data(p, r, &data, &strings, err) < 0)
		return err->code;
	if (strlen(data) + strlen(r->owner) > *room)
		return err_set(err, ERR_TOO_LARGE, "the answers of this check are longer than %d bytes", RUN_BYTES_MAX);
	record = place_for(a, r);
	if (!record)
		return 0;
	*room -= strlen(data) + strlen(r->owner);
	*record = (struct ev_record){ mem_dup(r->owner), r->type, r->ttl, data, strings };
	data = NULL;
	return 0;
}

static bool cname_of(const struct ev_answer *a, const char *name, char next[PACKET_NAME_SIZE])
{
	for (size_t i = 0; i < a->record_count; i++) {
		const struct ev_record *r = &a->records[i];
		size_t prefix = strlen(name) > strlen(r->owner) ? strlen(name) - strlen(r->owner) : 0;

		if (r->type == DNS_CNAME && strcmp(r->owner, name) == 0)
			return snprintf(next, PACKET_NAME_SIZE, "%s", r->data) > 0;
		if (r->type == DNS_DNAME && prefix && name[prefix - 1] == '.' && strcmp(name + prefix, r->owner) == 0)
			return snprintf(next, PACKET_NAME_SIZE, "%.*s%s", (int)prefix, name, r->data) > 0;
	}
	return false;
}

static void follow(struct ev_answer *a)
{
	char name[PACKET_NAME_SIZE], next[PACKET_NAME_SIZE];

	snprintf(name, sizeof(name), "%s", a->name);
	for (int i = 0; i < CHAIN_MAX && cname_of(a, name, next); i++)
		memcpy(name, next, sizeof(name));
	mem_replace(&a->final_name, name);
}

static int read_all(struct ev_answer *a, struct packet *p, size_t *room, struct err *err)
{
	struct packet_record r;
	int rc;

	while ((rc = packet_next(p, &r, err)) > 0)
		if (take_record(a, p, &r, room, err) < 0)
			return err->code;
	return rc;
}

/* An error without its question is believed by its id, as resolvers do; an answer is not. */
static int read_header(struct ev_answer *a, const unsigned char *wire, size_t length, const char *asked, struct packet *p, struct err *err)
{
	if (packet_open(wire, length, p, err) < 0)
		return err->code;
	if (p->question_type && (p->question_type != a->type || strcasecmp(p->question, asked) != 0))
		return err_set(err, ERR_CONFLICT, "the reply is to another question: %.300s", p->question);
	if (!p->question_type && (p->rcode == DNS_NOERROR || p->rcode == DNS_NXDOMAIN))
		return err_set(err, ERR_CONFLICT, "the reply does not repeat the question");
	a->rcode = p->rcode;
	a->authoritative = p->authoritative;
	a->truncated = p->truncated;
	a->case_kept = p->question_type && strcmp(p->question, asked) == 0;
	return 0;
}

static void forget(struct ev_answer *a, const struct err *err)
{
	for (size_t i = 0; i < a->record_count; i++) {
		free(a->records[i].owner);
		free(a->records[i].data);
	}
	for (size_t i = 0; i < a->authority_count; i++) {
		free(a->authority[i].owner);
		free(a->authority[i].data);
	}
	a->record_count = a->authority_count = 0;
	answer_fail(a, err);
	if (err->code == ERR_CONFLICT)
		mem_replace(&a->failure, "mismatch");
}

void answer_read(struct ev_answer *a, const unsigned char *wire, size_t length, const char *asked, size_t *room)
{
	struct packet p;
	struct err err;

	if (read_header(a, wire, length, asked, &p, &err) < 0 || read_all(a, &p, room, &err) < 0)
		forget(a, &err);
	else
		follow(a);
}
