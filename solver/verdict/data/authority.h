/* Authorities as data: what differs between certificate authorities stands in a profile, not in code.
 *
 * A profile is a YAML-free JSON file; those shipped are compiled in (solver/verdict/authorities/NAME.json), a user adds or
 * replaces one with `check.authorities: [FILE]`. Everything absent is as with Let's Encrypt.
 *
 * A value that holds from a day on or until a day stands in "changes": [{"from": "2026-12-15", "perspectives": 5}]; days begin at
 * 00:00 UTC, `until` is the first day on which it does not hold. authority_at() is the profile of a moment.
 */
#ifndef SOLVER_VERDICT_AUTHORITY_H
#define SOLVER_VERDICT_AUTHORITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

enum trim_rule { TRIM_END, TRIM_BOTH, TRIM_END_CRLF_TAB, TRIM_NOTHING };
enum status_rule { STATUS_200, STATUS_2XX, STATUS_BELOW_400 };
enum fallback_rule { FALLBACK_FIRST_DIAL, FALLBACK_NONE, FALLBACK_ANY };
/* What accounturi of a dns-persist-01 record is (draft-ietf-acme-dns-persist): the account's URL (-00, -01), or a digest (-02). */
enum persist_form { PERSIST_URL, PERSIST_HASH, PERSIST_BOTH };
enum known { KNOWN_NO, KNOWN_YES, KNOWN_UNKNOWN };

/* A kind of certificate that may be asked for (draft-ietf-acme-profiles). For people: no verdict depends on it. */
struct authority_profile {
	char *name;             /* "shortlived" */
	char *life, *pending, *reuse; /* "160h": of a certificate, of a pending authorization, of a valid one; NULL: not known */
	int64_t names;          /* most in one certificate; 0: not known */
	char **identifiers;     /* "dns", "ip" */
	char *from, *until;     /* "2026-07-08": first day, and first day without it; or NULL */
};

struct authority;
struct authority_day {
	char *day;              /* "2026-12-15" */
	int64_t from_ms;
	char *what;             /* "perspectives 5" */
	struct authority *then; /* the profile from that day on */
};

struct authority {
	char *name;             /* "letsencrypt" */
	char *title;            /* "Let's Encrypt" */
	char **issuers;         /* issuer domain names for CAA; empty: CAA is not looked at */
	char **account_prefixes; /* of account URIs: an accounturi must be one of these plus the id, or equal account_uri */
	bool caa;               /* evaluates CAA */
	bool public_names;      /* only names under an ICANN suffix, and the other rules of a public authority */
	int64_t labels_max;     /* 10; 0: any */
	bool dnssec;            /* a bogus answer is an error */
	bool reserved_refused;  /* special-purpose addresses are dropped. Without it they count, but only check.allow-addresses has them looked at */
	/* http-01 */
	int64_t redirects_max;  /* followed */
	int64_t redirects_promised; /* over that a warning */
	int64_t *redirect_statuses; /* 0-ended */
	bool web_ports_only;
	bool suffix_rule;       /* redirect hosts must be under an ICANN suffix */
	int64_t body_max;       /* a body of this size or more is refused; 0: any */
	int64_t path_max;
	enum trim_rule trim;
	enum status_rule status;
	enum fallback_rule fallback;
	int64_t dial_ms, attempt_ms, flaky_ms; /* 10000, 19800, 8000: over flaky_ms it may run out of time elsewhere */
	/* dns */
	int64_t cname_max;      /* hops that its resolver follows */
	int64_t query_ms, query_tries;
	int64_t cache_ms;       /* how long it may remember a failed attempt */
	/* limits and retries */
	int64_t failures_per_hour, failures_consecutive; /* 0: none known */
	bool retry;             /* a failed challenge may be tried again */
	int64_t perspectives;   /* remotes; 0: none */
	char **types;           /* challenge types it offers */
	enum persist_form persist;
	char *persist_prefix;   /* of accounturi in the hash form, "accountHashPrefix" of its directory; or NULL */
	enum known caa_parameters; /* accounturi and validationmethods of CAA (RFC 8657) are honoured */
	enum known method_aliases; /* validationmethods may say "ca-tbr-7" for dns-01 (Baseline Requirements 2.3.1) */
	struct authority_profile *profiles;
	size_t profile_count;
	char *ended;            /* the day from which it issues nothing, or NULL */
	char *note;             /* for people, or NULL */
	struct authority_day *days; /* in their order */
	size_t day_count;
	const struct authority *undated; /* the profile that holds the days, when this is one of theirs */
};

/* NULL when there is no such profile. Borrowed for the life of the set. */
struct authorities;
/* The shipped profiles and then those of `files` (NULL-ended, or NULL). Errors name file and key. Gives *ret. */
int authorities_load(const char *const *files, struct authorities **ret, struct err *err);
void authorities_free(struct authorities *s);
const struct authority *authorities_find(const struct authorities *s, const char *name);
/* NULL-ended, sorted; borrowed. */
const char *const *authorities_names(const struct authorities *s);
/* One profile from text (fuzzed); gives (free with authority_free). */
int authority_parse(const char *text, size_t length, const char *where, struct authority **ret, struct err *err);
void authority_free(struct authority *a);
/* The same without what it demands of public names and addresses: for special-use names that this host serves itself. Borrows. */
struct authority authority_for_own(const struct authority *a);
/* The profile accepts something that every public authority refuses: special names, addresses, ports or redirects. */
bool authority_relaxes(const struct authority *a);
/* The profile as it is at a moment (wall clock); `a` itself when no day has come. Borrows. */
const struct authority *authority_at(const struct authority *a, int64_t at_ms);
bool authority_has_ended(const struct authority *a, int64_t at_ms);
/* A copy that the caller may change and that no date changes. Borrows. */
struct authority authority_copy(const struct authority *a);

#endif
