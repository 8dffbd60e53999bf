/* The names of a change and their challenges, read from dv-challenges (v2 and v1) and dv-history. Pure.
 *
 * A name is valid only when its status says so: the time of a validation is that of the last check, whatever came of it.
 */
#ifndef SOLVER_CPS_DOMAINS_H
#define SOLVER_CPS_DOMAINS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/challenge/challenge.h"
#include "solver/cps/enrollment.h"

struct cps_challenge {
	int type; /* enum challenge_type, or -1 */
	char *type_text, *status, *error, *token, *full_path, *response_body;
};

struct cps_domain {
	char *domain, *status, *error, *validation_status;
	int64_t expires_ms;   /* 0: not said */
	int64_t requested_ms, checked_ms; /* when its tokens were asked for, and last looked at; 0: not said */
	struct cps_challenge *challenges;
	size_t challenge_count;
};

struct cps_domains {
	struct cps_domain *items;
	size_t count;
};

int cps_domains_parse(const char *text, size_t length, struct cps_domains *ret, struct err *err);
/* The newest attempt of each name. */
int cps_history_parse(const char *text, size_t length, struct cps_domains *ret, struct err *err);
void cps_domains_done(struct cps_domains *d);
bool cps_domain_is_valid(const struct cps_domain *d);
/* CPS waits for an answer to be published for this name. */
bool cps_domain_is_open(const struct cps_domain *d);
/* Its tokens are used up, by expiry or by a failed validation; CPS gets new ones by itself. */
bool cps_domain_is_spent(const struct cps_domain *d);
/* All of them are valid, and were looked at after `since_ms`. False for no name at all. */
bool cps_domains_valid_since(const struct cps_domains *d, int64_t since_ms);

#endif
