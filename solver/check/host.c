/* What this host itself can and cannot do, as far as a check depends on it: routes, descriptors. Asked of the kernel at the time of the
 * failure, because it may be another in a minute. */
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/check/run.h"
#include "solver/net/interface.h"

#define SPARE 16 /* descriptors that a look-up may need at once */

/* ---- descriptors ---- */

static bool has_descriptors(void)
{
	int opened[SPARE], count = 0;

	while (count < SPARE && (opened[count] = open("/dev/null", O_RDONLY | O_CLOEXEC)) >= 0)
		count++;
	for (int i = 0; i < count; i++)
		close(opened[i]);
	return count == SPARE;
}

static bool is_short(struct check_run *r)
{
	r->short_of_descriptors = r->short_of_descriptors || !has_descriptors();
	return r->short_of_descriptors;
}

/* ---- failures ---- */

static const char *failure_of(int number, const char *unroutable)
{
	return interface_is_short(number) ? "local" : unroutable;
}

void host_note_answer(struct check_run *r, struct ev_answer *a)
{
	int number = a->address && *a->address ? interface_obstacle(a->address) : 0;

	is_short(r);
	if (!number)
		return;
	mem_replace(&a->failure, failure_of(number, "unroutable"));
	mem_replace(&a->why, strerror(number));
}

void host_note_hop(struct check_run *r, struct ev_hop *hop)
{
	int number = hop->why ? 0 : interface_obstacle(hop->address);

	is_short(r);
	if (number)
		mem_replace(&hop->why, strerror(number));
}

void host_note_shortage(struct check_run *r)
{
	is_short(r);
}

/* ---- together ---- */

static bool leads_to(const char *address, bool ipv6)
{
	return address && *address && (strchr(address, ':') != NULL) == ipv6 && interface_obstacle(address) == 0;
}

/* Where public addresses are out of reach, a network of one's own may not be. */
static bool leads_to_any(const struct evidence *e, bool ipv6)
{
	for (size_t i = 0; i < e->answer_count; i++)
		if (strcmp(e->answers[i].view, "direct") == 0 && leads_to(e->answers[i].address, ipv6))
			return true;
	for (size_t i = 0; i < e->hop_count; i++)
		if (leads_to(e->hops[i].address, ipv6))
			return true;
	for (size_t i = 0; i < e->certificate_count; i++)
		if (leads_to(e->certificates[i].address, ipv6))
			return true;
	return false;
}

static bool has_family(const struct evidence *e, bool ipv6, char **why)
{
	int number = interface_family_obstacle(ipv6);

	mem_replace(why, NULL);
	if (!number || leads_to_any(e, ipv6))
		return true;
	mem_replace(why, strerror(number));
	return false;
}

void host_note(struct check_run *r)
{
	struct ev_host *h = &r->e->host;

	h->known = true;
	h->descriptors = !is_short(r);
	h->ipv4 = has_family(r->e, false, &h->ipv4_why);
	h->ipv6 = has_family(r->e, true, &h->ipv6_why);
}
