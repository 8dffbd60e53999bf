/* The value of a CAA record of tag issue or issuewild: "issuer; tag=value; tag=value" (RFC 8659 section 4.2), read
 * exactly as strictly as authorities do. */
#ifndef SOLVER_VERDICT_CAA_VALUE_H
#define SOLVER_VERDICT_CAA_VALUE_H

#include <stddef.h>

struct caa_parameter {
	char *tag;   /* as written: tags are case-sensitive */
	char *value;
};

struct caa_value {
	char *issuer;      /* escaped; "": no authority. Compared byte by byte, so neither its case nor its dots are touched */
	struct caa_parameter *parameters;
	size_t count;
	const char *fault; /* NULL, or why an authority skips the record: borrowed */
};

/* Never fails: a malformed value gets `fault` and the parts that were read before it. */
void caa_value_parse(const unsigned char *bytes, size_t length, struct caa_value *ret);
void caa_value_done(struct caa_value *v);
/* How often the tag stands there; the first one's value, or NULL. Exact, or in whatever case. */
size_t caa_value_find(const struct caa_value *v, const char *tag, const char **ret_value);
size_t caa_value_find_any_case(const struct caa_value *v, const char *tag, const char **ret_tag);

#endif
