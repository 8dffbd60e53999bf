#include "providers/embedded/embedded.h"

#include <stdio.h>
#include <stdlib.h>

#include "solver/base/mem.h"

struct provider {
	char unused; /* an instance has nothing of its own */
};

static const struct option embedded_options[] = { { .name = NULL } };

static int embedded_open(const void *options, struct provider **ret, struct err *err)
{
	(void)options;
	(void)err;
	*ret = mem_new(1, sizeof(**ret));
	return 0;
}

static void embedded_close(struct provider *p)
{
	free(p);
}

static int embedded_step(struct provider *p, struct job *job, const struct answer *answer, struct request *ret, struct err *err)
{
	(void)p;
	(void)err;
	*ret = (struct request){ .want = answer ? WANT_NOTHING : WANT_ANSWERS };
	for (size_t i = 0; answer && i < job->count; i++) {
		struct change *c = &job->changes[i];

		c->status = answer->code == 0 ? CHANGE_DONE : CHANGE_RETRY;
		if (answer->code != 0)
			snprintf(c->message, sizeof(c->message), "the published answers were not changed: %s",
			         answer->error ? answer->error : "no reason given");
	}
	return 0;
}

static void embedded_job_done(struct provider *p, struct job *job)
{
	(void)p;
	(void)job;
}

const struct provider_api embedded_provider = {
	.abi = PROVIDER_ABI,
	.name = "embedded",
	.summary = "the DNS server inside dcvd: the zone, or a CNAME target, is delegated to it",
	.options = embedded_options,
	.options_size = sizeof(struct provider),
	.caps = { .min_ttl = 1, .local = true },
	.open = embedded_open,
	.close = embedded_close,
	.step = embedded_step,
	.job_done = embedded_job_done,
};
