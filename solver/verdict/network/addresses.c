#include "solver/verdict/network/addresses.h"

#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/network/address.h"
#include "solver/verdict/network/lookup.h"

const struct ev_answer *addresses_answer(const struct evidence *e, const char *host, int type, bool *ret_blind)
{
	const struct ev_answer *answer = evidence_authority(e, host, type);

	if (!answer || !lookup_blind(answer))
		return answer;
	for (size_t i = 0; i < e->answer_count; i++) {
		const struct ev_answer *direct = &e->answers[i];

		if (direct->type == type && strcmp(direct->view, "direct") == 0 && strcmp(direct->name, host) == 0 && !direct->failure) {
			*ret_blind = true;
			return direct;
		}
	}
	return answer;
}

static bool usable(const struct ev_record *r, int type)
{
	return r->type == type && !address_is_reserved(r->data);
}

bool addresses_withheld(const struct authority *a, const struct ev_answer *answer)
{
	for (size_t i = 0; answer && !a->reserved_refused && lookup_worked(answer, a->dnssec) && i < answer->record_count; i++)
		if (answer->records[i].type == answer->type && address_is_reserved(answer->records[i].data))
			return true;
	return false;
}

char *addresses_withheld_sentence(const char *host)
{
	return mem_printf("%s has an address that is not public; dcvd connects to such an address only where check.allow-addresses names it", host);
}

size_t addresses_count(const struct authority *a, const struct ev_answer *answer)
{
	size_t n = 0;

	for (size_t i = 0; lookup_worked(answer, a->dnssec) && i < answer->record_count; i++)
		n += usable(&answer->records[i], answer->type);
	return n;
}

const char *addresses_at(const struct authority *a, const struct ev_answer *answer, size_t n)
{
	size_t count = addresses_count(a, answer);

	if (!count)
		return NULL;
	n %= count;
	for (size_t i = 0;; i++)
		if (usable(&answer->records[i], answer->type) && n-- == 0)
			return answer->records[i].data;
}

static char *problem_of(const struct authority *a, const struct ev_answer *answer)
{
	if (!lookup_worked(answer, a->dnssec))
		return lookup_problem(answer, a->dnssec);
	return mem_printf("no valid %s records found for %s", lookup_type_name(answer->type), answer->name);
}

char *addresses_problem(const struct authority *a, const struct ev_answer *v4, const struct ev_answer *v6)
{
	CLEANUP(mem_freep) char *first = problem_of(a, v4);
	CLEANUP(mem_freep) char *second = problem_of(a, v6);

	return mem_printf("%s; %s", first, second);
}
