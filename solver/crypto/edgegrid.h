/* EdgeGrid (EG1-HMAC-SHA256) request signing, and the credentials it needs.
 *
 * The string that is signed is the string that is sent: callers hand the exact path with
 * its query, and pass the same bytes to the HTTP client. A retry is signed anew. */
#ifndef SOLVER_CRYPTO_EDGEGRID_H
#define SOLVER_CRYPTO_EDGEGRID_H

#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"
#include "solver/base/secret.h"

#define EDGEGRID_MAX_BODY 131072 /* bytes of a POST body that are hashed */
#define EDGERC_MAX_BYTES 65536

struct edgegrid_credentials {
	char *host; /* lower case, no scheme, no slash */
	struct secret *client_token, *client_secret, *access_token;
	char *account_key; /* accountSwitchKey, or NULL */
};

/* Reads `section` of an .edgerc file (NULL: "default"); "~/" is expanded. Errors name the
 * file, the section, the line or the missing key, never a value. */
int edgegrid_credentials_read(const char *path, const char *section, struct edgegrid_credentials *ret, struct err *err);
/* The same from text (fuzzed). `name` is for errors. */
int edgegrid_credentials_parse(const char *text, size_t length, const char *name, const char *section,
                               struct edgegrid_credentials *ret, struct err *err);
/* AKAMAI_HOST, … or AKAMAI_<SECTION>_HOST, …; an empty one counts as not set. ERR_NOT_FOUND when none of the four is set, ERR_INVALID
 * when only some are: a mixture of two sources is never used. */
int edgegrid_credentials_from_env(const char *section, struct edgegrid_credentials *ret, struct err *err);
void edgegrid_credentials_done(struct edgegrid_credentials *c);

struct edgegrid_request {
	const char *method;         /* upper case */
	const char *scheme;         /* NULL: "https" */
	const char *host;           /* NULL: that of the credentials */
	const char *path_and_query; /* the exact request target */
	const char *const *headers_to_sign; /* NULL-ended names in order, or NULL */
	const char *const *headers;         /* NULL-ended "Name: value" lines the former are found in */
	const void *body;
	size_t body_length;
	size_t max_body;            /* 0: EDGEGRID_MAX_BODY */
	const char *timestamp;      /* "20140321T19:34:21+0000"; NULL: the machine's clock */
	const char *nonce;          /* NULL: a random UUID */
};

#define EDGEGRID_TIMESTAMP_SIZE 24

/* "20140321T19:34:21+0000"; returns text. For callers without a clock of their own. */
const char *edgegrid_timestamp(int64_t wall_ms, char text[EDGEGRID_TIMESTAMP_SIZE]);
/* The value of the Authorization header; gives (free with free). */
char *edgegrid_authorization(const struct edgegrid_credentials *c, const struct edgegrid_request *request);

#endif
