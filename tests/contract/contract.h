/* What the contract suites of providers stand on: options from the command line, a small blocking runner
 * in place of the engine, and eyes that look at the result without asking the provider. */
#ifndef TESTS_CONTRACT_CONTRACT_H
#define TESTS_CONTRACT_CONTRACT_H

#include <stdbool.h>
#include <stddef.h>

#include "providers/provider.h"

/* --- options.c: fills the struct of an option table from "name=value" words --- */
int options_fill(const struct option *table, void *options, char *const *words, size_t count, struct err *err);
void options_free(const struct option *table, void *options);
/* The text of the first secret among the options, or NULL. Borrowed. */
const char *options_secret(const struct option *table, const void *options);

/* --- transport.c: carries one request out, and blocks. The answer's text stays valid until the next call --- */
void transport_carry_out(const struct request *request, struct answer *ret);
void transport_done(void);

/* --- runner.c --- */
enum fault { FAULT_NONE, FAULT_LOST, FAULT_UNREACHED, FAULT_STATUS, FAULT_NONSENSE };

struct run {
	const struct provider_api *api;
	struct provider *provider;
	const char *secret;      /* must not show up in what others can read */
	/* What goes wrong, at which call (from 0); LOST: it was carried out, and the reply is gone. */
	enum fault fault;
	size_t fault_at;
	int fault_status;
	/* What was seen. */
	size_t calls;
	enum want first_want;
	bool leaked;
};

/* Runs one job to its end; returns what step() returned last. */
int run_job(struct run *r, struct job *job, struct err *err);
/* Only the first step, then job_done(), as when the daemon ends in between. */
void run_cut_short(struct run *r, struct job *job);

/* --- answers of the embedded provider, in transport.c --- */
size_t published_count(const char *fqdn, const char *value); /* value NULL: any */
void published_apply(const struct job *job);

/* --- look.c: how often a value stands at a name; value NULL: how many values. -1 when it cannot be seen --- */
struct eye {
	enum { EYE_MEMORY, EYE_PUBLISHED, EYE_DNS, EYE_STATE } kind;
	const char *server; /* DNS: its address; STATE: URL of {"txt": {name: [values]}} */
};
int eye_open(struct eye *e, const char *text);
int eye_count(const struct eye *e, const char *zone, const char *fqdn, const char *value);
/* The TTL of the TXT records of a name in seconds; -1 when it cannot be seen. */
int eye_ttl(const struct eye *e, const char *fqdn);

#endif
