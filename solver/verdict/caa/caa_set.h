/* One set of CAA records, read for one certificate, authority, account and method (RFC 8659 section 4, RFC 8657). */
#ifndef SOLVER_VERDICT_CAA_SET_H
#define SOLVER_VERDICT_CAA_SET_H

#include "solver/verdict/data/authority.h"
#include "solver/verdict/data/evidence.h"

/* The meaning of one record. When the set denies, the first of these is reported. */
enum caa_reading {
	CAA_CRITICAL,        /* unknown and critical: no authority may issue */
	CAA_SPELLING,        /* our issuer, written so that it does not match */
	CAA_MALFORMED,       /* skipped */
	CAA_METHOD,          /* ours, but not with this method */
	CAA_ACCOUNT,         /* ours, but not for this account */
	CAA_PARAMETER_UNSURE, /* our issuer, with a parameter that the authority may read in two ways */
	CAA_ACCOUNT_UNSEEN,  /* our issuer, for an account that may or may not be ours */
	CAA_OTHER_ISSUER,
	CAA_NOBODY,
	CAA_IRRELEVANT,      /* another tag */
	CAA_ALLOWS,
};

enum caa_decision { CAA_YES, CAA_NO, CAA_MAYBE };

struct caa_record {
	enum caa_reading reading;
	char *shown;  /* 0 issue "letsencrypt.org" */
	char *why;    /* "allows Let's Encrypt": a predicate */
	char *better; /* the record as it should be written, or NULL */
	char *ignored; /* a parameter that is ignored for its case, or NULL */
};

struct caa_set {
	struct caa_record *records;
	size_t count;
	enum caa_decision decision;
	const char *tag; /* that counts here: "issue" or "issuewild" */
};

bool caa_is_present(const struct ev_answer *answer); /* it holds a CAA record */
void caa_set_read(const struct ev_answer *answer, const struct evidence *e, const struct authority *a, struct caa_set *ret);
void caa_set_done(struct caa_set *s);

#endif
