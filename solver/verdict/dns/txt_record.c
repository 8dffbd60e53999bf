/* Where the TXT record must stand, and the TXT records of an answer. */
#include <string.h>

#include "solver/base/mem.h"
#include "solver/verdict/data/body.h"
#include "solver/verdict/network/lookup.h"
#include "solver/verdict/dns/txt.h"

const char *txt_place(const struct evidence *e)
{
	return e->written_fqdn ? e->written_fqdn : e->fqdn;
}

const struct ev_record *txt_at(const struct ev_answer *answer, size_t i)
{
	for (size_t r = 0; r < answer->record_count; r++)
		if (answer->records[r].type == TYPE_TXT && i-- == 0)
			return &answer->records[r];
	return NULL;
}

size_t txt_count(const struct ev_answer *answer)
{
	size_t n = 0;

	while (txt_at(answer, n))
		n++;
	return n;
}

char *txt_quote(const struct ev_record *r, size_t most)
{
	CLEANUP(mem_freep) unsigned char *bytes = NULL;
	CLEANUP(mem_freep) unsigned char *cut = NULL;
	size_t length;

	if (evidence_unescape(r->data, &bytes, &length) < 0)
		return mem_dup("\"\"");
	if (length <= most)
		return body_quote(bytes, length);
	cut = mem_new(most + 3, 1);
	memcpy(cut, bytes, most);
	memcpy(cut + most, "...", 3);
	return body_quote(cut, most + 3);
}

bool txt_equals(const struct ev_record *r, const char *expected)
{
	CLEANUP(mem_freep) unsigned char *bytes = NULL;
	size_t length;

	return evidence_unescape(r->data, &bytes, &length) == 0 && length == strlen(expected) && memcmp(bytes, expected, length) == 0;
}
