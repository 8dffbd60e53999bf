/* The first certificate of a PEM text, as far as two of them are told apart: digest, serial number, validity, DNS names. Nothing is verified. */
#ifndef SOLVER_CRYPTO_LEAF_H
#define SOLVER_CRYPTO_LEAF_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "solver/base/err.h"

#define LEAF_PEM_MAX 131072  /* bytes that are read of a text */
#define LEAF_NAMES_MAX 2000

struct leaf {
	char digest[65];         /* SHA-256 of the DER form, hexadecimal */
	char *serial;            /* hexadecimal */
	int64_t not_before_ms, not_after_ms;
	char **names;            /* DNS names of the subjectAltName, lower case */
	size_t name_count;
};

/* ERR_INVALID: there is no certificate in it. Gives *ret's members (free with leaf_done). */
int leaf_read(const char *pem, struct leaf *ret, struct err *err);
void leaf_done(struct leaf *l);
/* Whether this name stands there, as it is: "*.example.org" is a name of its own. */
bool leaf_names(const struct leaf *l, const char *name);

#endif
