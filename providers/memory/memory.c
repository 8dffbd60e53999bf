#include "providers/memory/memory.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/mem.h"

struct record {
	char *zone, *fqdn, *value;
	struct record *prev, *next;
};

struct provider {
	const struct memory_options *options;
	int64_t jobs; /* begun with this instance */
};

static struct record *records;
static size_t jobs_done;

static const struct option memory_table[] = {
	{ "fail-first", OPTION_INT, offsetof(struct memory_options, fail_first), .def = "0", .min = 0, .max = 1000000,
	  .help = "Jobs that fail for the moment before one succeeds." },
	{ "limit-first", OPTION_INT, offsetof(struct memory_options, limit_first), .def = "0", .min = 0, .max = 1000000,
	  .help = "Jobs that are told to slow down, after those that fail." },
	{ "lose-first", OPTION_INT, offsetof(struct memory_options, lose_first), .def = "0", .min = 0, .max = 1000000,
	  .help = "Jobs that are carried out although their reply is lost, after those." },
	{ "retry-after", OPTION_DURATION, offsetof(struct memory_options, retry_after_ms), .def = "0ms", .min = 0, .max = 3600000,
	  .help = "The pause that is asked for with a failure." },
	{ "pause", OPTION_DURATION, offsetof(struct memory_options, pause_ms), .def = "0ms", .min = 0, .max = 3600000,
	  .help = "How long each job takes." },
	{ "server", OPTION_TEXT, offsetof(struct memory_options, server), .site = true,
	  .help = "Which of several sets of records, by a name of your own." },
	{ "refuse", OPTION_TEXT, offsetof(struct memory_options, refuse),
	  .help = "A sentence with which every job is denied." },
	{ "refuse-name", OPTION_TEXT, offsetof(struct memory_options, refuse_name),
	  .help = "A name of a record: every job that holds it is denied as a whole." },
	{ "lost-zone", OPTION_TEXT, offsetof(struct memory_options, lost_zone),
	  .help = "A zone that the provider does not know." },
	{ "unreachable", OPTION_BOOL, offsetof(struct memory_options, unreachable), .def = "false",
	  .help = "No job reaches the records." },
	{ "silent", OPTION_BOOL, offsetof(struct memory_options, silent), .def = "false",
	  .help = "No job is answered, and none is carried out." },
	{ .name = NULL },
};

static bool matches(const struct record *r, const char *zone, const char *fqdn, const char *value)
{
	return (!zone || strcmp(r->zone, zone) == 0) && (!fqdn || strcmp(r->fqdn, fqdn) == 0) &&
	       (!value || strcmp(r->value, value) == 0);
}

static struct record *find(const char *zone, const char *fqdn, const char *value)
{
	struct record *r;

	DL_FOREACH(records, r) {
		if (matches(r, zone, fqdn, value))
			return r;
	}
	return NULL;
}

static void record_remove(struct record *r)
{
	DL_DELETE(records, r);
	free(r->zone);
	free(r->fqdn);
	free(r->value);
	free(r);
}

bool memory_has(const char *zone, const char *fqdn, const char *value)
{
	return find(zone, fqdn, value) != NULL;
}

size_t memory_count(const char *zone, const char *fqdn)
{
	struct record *r;
	size_t n = 0;

	DL_FOREACH(records, r)
		n += matches(r, zone, fqdn, NULL);
	return n;
}

void memory_put(const char *zone, const char *fqdn, const char *value)
{
	struct record *r;

	if (find(zone, fqdn, value))
		return;
	r = mem_new(1, sizeof(*r));
	r->zone = mem_dup(zone);
	r->fqdn = mem_dup(fqdn);
	r->value = mem_dup(value);
	DL_APPEND(records, r);
}

void memory_take(const char *zone, const char *fqdn, const char *value)
{
	struct record *r = find(zone, fqdn, value);

	if (r)
		record_remove(r);
}

void memory_clear(void)
{
	while (records)
		record_remove(records);
	jobs_done = 0;
}

size_t memory_jobs(void)
{
	return jobs_done;
}

static int memory_open(const void *options, struct provider **ret, struct err *err)
{
	(void)err;
	*ret = mem_new(1, sizeof(**ret));
	(*ret)->options = options;
	return 0;
}

static void memory_close(struct provider *p)
{
	free(p);
}

static void change_apply(const char *zone, struct change *c)
{
	bool there = memory_has(zone, c->fqdn, c->value);

	c->status = there == (c->op == CHANGE_ADD) ? CHANGE_NOOP : CHANGE_DONE;
	if (c->op == CHANGE_ADD)
		memory_put(zone, c->fqdn, c->value);
	else
		memory_take(zone, c->fqdn, c->value);
}

static void settle(struct job *job, enum change_status status, const char *message)
{
	for (size_t i = 0; i < job->count; i++) {
		job->changes[i].status = status;
		snprintf(job->changes[i].message, sizeof(job->changes[i].message), "%s", message);
	}
}

static bool job_has(const struct job *job, const char *fqdn)
{
	for (size_t i = 0; fqdn && i < job->count; i++)
		if (strcmp(job->changes[i].fqdn, fqdn) == 0)
			return true;
	return false;
}

static void job_apply(struct provider *p, struct job *job)
{
	const struct memory_options *o = p->options;
	int64_t n = p->jobs++;

	job->retry_after_ms = (unsigned)o->retry_after_ms;
	if (o->refuse && *o->refuse) {
		settle(job, CHANGE_DENIED, o->refuse);
	} else if (o->unreachable) {
		settle(job, CHANGE_RETRY, "the memory provider was told to be out of reach");
		for (size_t i = 0; i < job->count; i++)
			job->changes[i].not_sent = true;
	} else if (o->silent) {
		settle(job, CHANGE_UNKNOWN, "the memory provider was told not to answer");
	} else if (job_has(job, o->refuse_name)) {
		settle(job, CHANGE_DENIED, "the memory provider was told to refuse a name of the job");
	} else if (o->lost_zone && strcmp(job->zone, o->lost_zone) == 0) {
		settle(job, CHANGE_NO_ZONE, "the memory provider was told to know no such zone");
	} else if (n < o->fail_first) {
		settle(job, CHANGE_RETRY, "the memory provider was told to fail");
	} else if (n < o->fail_first + o->limit_first) {
		settle(job, CHANGE_RATE_LIMITED, "the memory provider was told to be slow");
	} else {
		CLEANUP(mem_freep) char *zone = o->server ? mem_printf("%s/%s", o->server, job->zone) : mem_dup(job->zone);

		for (size_t i = 0; i < job->count; i++)
			change_apply(zone, &job->changes[i]);
		jobs_done++;
		if (n < o->fail_first + o->limit_first + o->lose_first)
			settle(job, CHANGE_UNKNOWN, "the memory provider was told to lose its reply");
	}
}

static int memory_step(struct provider *p, struct job *job, const struct answer *answer, struct request *ret, struct err *err)
{
	(void)err;
	*ret = (struct request){ .want = WANT_NOTHING };
	if (!answer && p->options->pause_ms > 0)
		*ret = (struct request){ .want = WANT_PAUSE, .timeout_ms = (unsigned)p->options->pause_ms };
	else
		job_apply(p, job);
	return 0;
}

static void memory_job_done(struct provider *p, struct job *job)
{
	(void)p;
	(void)job;
}

const struct provider_api memory_provider = {
	.abi = PROVIDER_ABI,
	.name = "memory",
	.summary = "keeps values in memory and fails on demand: for tests",
	.options = memory_table,
	.options_size = sizeof(struct memory_options),
	.caps = { .min_ttl = 1 },
	.open = memory_open,
	.close = memory_close,
	.step = memory_step,
	.job_done = memory_job_done,
};
