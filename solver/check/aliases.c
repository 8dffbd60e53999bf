/* CNAMEs that recursion could not follow to their end: because what stands there does not answer, because they are too many, or
 * because they lead in a circle. Each server that was asked for one of the names told the next one. */
#include <string.h>

#include "solver/check/run.h"
#include "solver/dns/message.h"

#define NAMES_MAX 24 /* of one chain; authorities give up before */

static bool failed(const struct ev_answer *a)
{
	return a->failure || (a->rcode != DNS_NOERROR && a->rcode != DNS_NXDOMAIN);
}

/* Where a server says that `name` leads, or NULL. */
static const char *next_of(const struct check_run *r, const char *name)
{
	for (size_t i = 0; i < r->e->answer_count; i++) {
		const struct ev_answer *a = &r->e->answers[i];

		if (strcmp(a->view, "direct") == 0 && a->type == DNS_TXT && strcmp(a->name, name) == 0 && a->final_name && strcmp(a->final_name, name) != 0)
			return a->final_name;
	}
	return NULL;
}

const char *aliases_end(const struct check_run *r)
{
	const struct ev_answer *seen = run_have(r, r->e->fqdn, DNS_TXT);
	const char *names[NAMES_MAX] = { r->e->fqdn }, *next;
	size_t count = 1;

	if (!seen || !failed(seen))
		return r->e->fqdn;
	while (count < NAMES_MAX && (next = next_of(r, names[count - 1])) != NULL) {
		for (size_t i = 0; i < count; i++)
			if (strcmp(names[i], next) == 0)
				return r->e->fqdn;
		names[count++] = next;
	}
	return names[count - 1];
}
