/* The direct view: the answers of each authoritative server. */
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/chain.h"
#include "solver/verdict/network/delegated.h"
#include "solver/verdict/network/host.h"
#include "solver/verdict/network/lookup.h"
#include "solver/verdict/dns/txt.h"

enum { NOERROR = 0, NXDOMAIN = 3 };

/* Only servers of the zone that holds the record count. Servers of the parent were asked to find it, and answer with a referral. */
static bool is_direct(const struct txt_case *c, const struct ev_answer *answer)
{
	const char *place = txt_place(c->e), *zone = c->e->written_zone;

	return strcmp(answer->view, "direct") == 0 && answer->type == TYPE_TXT && strcmp(answer->name, place) == 0 &&
	       (!zone || !answer->zone || strcmp(answer->zone, zone) == 0) && (!answer->transport || strcmp(answer->transport, "udp") == 0);
}

/* The answer that a resolver uses: over TCP when the one over UDP is truncated. */
static const struct ev_answer *final_answer(const struct txt_case *c, const struct ev_answer *udp)
{
	const struct ev_answer *tcp = udp->truncated ? servers_same(c, udp, "direct", TYPE_TXT, "tcp") : NULL;

	return tcp && !tcp->failure ? tcp : udp;
}

static enum server_state state_of(const struct txt_case *c, const struct ev_answer *answer)
{
	if (answer->failure || answer->truncated || servers_lame(answer) || (answer->rcode != NOERROR && answer->rcode != NXDOMAIN))
		return SERVER_UNUSABLE;
	if (c->anything)
		return SERVER_HAS;
	return answer->rcode == NOERROR && c->fits(c, answer) ? SERVER_HAS : SERVER_LACKS;
}

/* The fastest of all answers: a single slow answer may be the fault of this host. */
static int64_t fastest(const struct txt_case *c)
{
	int64_t best = -1;

	for (size_t i = 0; i < c->e->answer_count; i++) {
		const struct ev_answer *a = &c->e->answers[i];

		if (strcmp(a->view, "direct") != 0 || a->failure || !a->zone || (best >= 0 && a->elapsed_ms >= best))
			continue;
		if (!c->e->written_zone || strcmp(a->zone, c->e->written_zone) == 0)
			best = a->elapsed_ms;
	}
	return best < 0 ? 0 : best;
}

/* The server shows the record over TCP or with plain case: the server is at fault, not the record. */
static bool shows_otherwise(const struct txt_case *c, const struct ev_answer *udp)
{
	const struct ev_answer *plain = servers_same(c, udp, "plain-case", TYPE_TXT, "udp"), *tcp = servers_same(c, udp, "direct", TYPE_TXT, "tcp");

	return !c->anything && ((plain && state_of(c, plain) == SERVER_HAS) || (tcp && state_of(c, tcp) == SERVER_HAS));
}

static size_t without_address(const struct evidence *e)
{
	const char *names[DELEGATED_MAX];
	size_t count = e->written_zone ? delegated_names(e, e->written_zone, names) : 0, found = 0;

	for (size_t i = 0; i < count; i++)
		found += delegated_lacks_address(e, e->written_zone, names[i]);
	return found;
}

void servers_read(const struct txt_case *c, struct servers *ret)
{
	const struct ev_answer *first_misled = NULL;
	struct chain chain;
	size_t misled = 0;

	memset(ret, 0, sizeof(*ret));
	chain_read(c->e, &chain);
	ret->chained = chain_is_broken(&chain, c->a->cname_max);
	ret->fastest_ms = fastest(c);
	ret->blamed = without_address(c->e);
	for (size_t i = 0; i < c->e->answer_count; i++) {
		const struct ev_answer *answer = &c->e->answers[i];
		enum server_state state;

		if (!is_direct(c, answer))
			continue;
		ret->otherwise += state_of(c, answer) == SERVER_LACKS && shows_otherwise(c, answer);
		answer = final_answer(c, answer);
		state = state_of(c, answer);
		ret->blamed += state == SERVER_UNUSABLE && !host_failed(answer->failure);
		ret->has += state == SERVER_HAS;
		ret->lacks += state == SERVER_LACKS;
		ret->unusable += state == SERVER_UNUSABLE;
		if (state == SERVER_LACKS && !ret->first_lack)
			ret->first_lack = answer;
		if (state == SERVER_UNUSABLE && !ret->first_unusable)
			ret->first_unusable = answer;
		if (servers_misleads(answer) && misled++ == 0)
			first_misled = answer;
	}
	if (!ret->has || !misled)
		return;
	ret->lacks += misled;
	ret->unusable -= misled;
	if (!ret->first_lack)
		ret->first_lack = first_misled;
}

static void add_result(const struct txt_case *c, const struct ev_answer *udp, const struct ev_answer *a, enum server_state state)
{
	struct query_result *result = verdict_add_result(c->v, udp->server ? udp->server : "-", udp->address ? udp->address : "-");

	if (!result)
		return;
	result->ok = state == SERVER_HAS;
	result->silent = state == SERVER_UNUSABLE;
	result->status = mem_dup(a->failure ? a->failure : lookup_rcode_name(a->rcode));
	result->authoritative = a->authoritative;
	result->elapsed_ms = a->elapsed_ms;
	result->at_ms = a->at_ms;
	result->detail = mem_dup(a->why);
	for (size_t i = 0; result->value_count < QUERY_VALUES_MAX && txt_at(a, i); i++)
		result->values[result->value_count++] = mem_dup_n(txt_at(a, i)->data, strnlen(txt_at(a, i)->data, 400));
}

void servers_report(const struct txt_case *c, const struct servers *all)
{
	for (size_t i = 0; i < c->e->answer_count; i++) {
		const struct ev_answer *udp = &c->e->answers[i], *answer;
		enum server_state state;

		if (!is_direct(c, udp))
			continue;
		answer = final_answer(c, udp);
		state = state_of(c, answer);
		add_result(c, udp, answer, state);
		blame_server(c, all, udp, answer, state);
	}
}
