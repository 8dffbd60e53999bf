#include "solver/verdict/network/suffix.h"

#include <libpsl.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"

#define ICANN (PSL_TYPE_ICANN | PSL_TYPE_NO_STAR_RULE)

/* Read once; it stays for the life of the process. */
static const psl_ctx_t *list(void)
{
	static psl_ctx_t *latest;
	static bool asked;

	if (!asked)
		latest = psl_latest(NULL);
	asked = true;
	return latest ? latest : psl_builtin();
}

static bool is_suffix(const psl_ctx_t *psl, const char *name)
{
	return psl_is_public_suffix2(psl, name, ICANN) == 1;
}

/* libpsl takes the N of a rule "*.N" for a suffix too; authorities do so only where N is a top-level domain. */
static bool is_parent_of_wildcard(const psl_ctx_t *psl, const char *name)
{
	CLEANUP(mem_freep) char *below = mem_printf("no-suffix-is-named-so.%s", name);

	return strchr(name, '.') && is_suffix(psl, below);
}

const char *suffix_of(const char *name)
{
	const psl_ctx_t *psl = list();

	for (; psl && name; name = name_parent(name))
		if (*name && is_suffix(psl, name) && !is_parent_of_wildcard(psl, name))
			return name;
	return NULL;
}
