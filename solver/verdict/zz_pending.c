/* Stages that are not written yet judge nothing. Each falls away with its file; the last one takes this file with it. */
#include "solver/verdict/judge.h"

#define PENDING(name) \
	__attribute__((weak)) void name(const struct evidence *e, const struct authority *a, struct verdict *v) { (void)e, (void)a, (void)v; }

#if !__has_include("solver/verdict/persist.c")
PENDING(judge_persist)
#endif
#if !__has_include("solver/verdict/tls_alpn.c")
PENDING(judge_tls_alpn)
#endif
#if !__has_include("solver/verdict/delegation.c")
PENDING(judge_delegation)
#endif
#if !__has_include("solver/verdict/dnssec.c")
PENDING(judge_dnssec)
#endif
#if !__has_include("solver/verdict/perspectives.c")
PENDING(judge_perspectives)
#endif
#if !__has_include("solver/verdict/budget.c")
PENDING(judge_budget)
#endif
