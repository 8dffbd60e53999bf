#include "solver/verdict/dns/persist_record.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/base/mem.h"
#include "solver/dns/name.h"
#include "solver/verdict/data/body.h"
#include "solver/verdict/data/span.h"

#define RECORD_MAX 65535

enum { SEEN_ACCOUNT = 1, SEEN_POLICY = 2, SEEN_UNTIL = 4 };

static bool span_is(struct span s, const char *word)
{
	return s.length == strlen(word) && strncasecmp((const char *)s.at, word, s.length) == 0;
}

/* "before \"what was written\" behind". */
static int malformed(struct err *err, const char *before, struct span s, const char *behind)
{
	CLEANUP(mem_freep) char *quoted = body_quote(s.at, s.length < 200 ? s.length : 200);

	return err_set(err, ERR_INVALID, "%s %s%s", before, quoted, behind);
}

static int check_value(struct span tag, struct span value, struct err *err)
{
	CLEANUP(mem_freep) char *quoted_tag = body_quote(tag.at, tag.length < 100 ? tag.length : 100);
	CLEANUP(mem_freep) char *quoted = body_quote(value.at, value.length < 100 ? value.length : 100);

	for (size_t i = 0; i < value.length; i++)
		if (value.at[i] <= ' ' || value.at[i] >= 0x7f || value.at[i] == ';')
			return err_set(err, ERR_INVALID, "malformed value %s for tag %s", quoted, quoted_tag);
	return 0;
}

static int read_until(struct span value, struct persist_record *ret, struct err *err)
{
	CLEANUP(mem_freep) char *text = span_text(value);
	char *end;
	size_t sign = *text == '-' || *text == '+';

	errno = 0;
	ret->until_s = strtoll(text, &end, 10);
	if (!text[sign] || strspn(text + sign, "0123456789") != strlen(text + sign) || *end || errno)
		return malformed(err, "malformed persistUntil timestamp", value, "");
	ret->has_until = true;
	return 0;
}

/* Ignore unknown parameters, repeated ones too. */
static int read_known(struct span tag, struct span value, unsigned *seen, struct persist_record *ret, struct err *err)
{
	unsigned which = span_is(tag, "accounturi") ? SEEN_ACCOUNT : span_is(tag, "policy") ? SEEN_POLICY :
	                 span_is(tag, "persistUntil") ? SEEN_UNTIL : 0;

	if (*seen & which)
		return malformed(err, "duplicate parameter", tag, "");
	*seen |= which;
	if (which == SEEN_ACCOUNT && !value.length)
		return err_set(err, ERR_INVALID, "empty value provided for mandatory accounturi");
	if (which == SEEN_ACCOUNT)
		ret->account_uri = span_text(value);
	else if (which == SEEN_POLICY)
		ret->policy = span_text(value);
	else if (which == SEEN_UNTIL)
		return read_until(value, ret, err);
	return 0;
}

static int read_parameter(struct span parameter, unsigned *seen, struct persist_record *ret, struct err *err)
{
	struct span all = span_trim(parameter), value = all, tag;
	bool pair;
	int rc;

	if (!all.length)
		return err_set(err, ERR_INVALID, "empty parameter or trailing semicolon provided");
	tag = span_trim(span_cut(&value, '=', &pair));
	if (!pair)
		return malformed(err, "malformed parameter", all, " should be tag=value pair");
	if (!tag.length)
		return malformed(err, "malformed parameter", all, ", empty tag");
	value = span_trim(value);
	rc = check_value(tag, value, err);
	return rc < 0 ? rc : read_known(tag, value, seen, ret, err);
}

static int read_issuer(struct span issuer, struct persist_record *ret, struct err *err)
{
	CLEANUP(mem_freep) char *text = span_text(issuer);

	if (!issuer.length)
		return err_set(err, ERR_INVALID, "empty issuer-domain-name");
	if (strlen(text) != issuer.length || name_normalize(text, ret->issuer, NULL) < 0) {
		ret->issuer[0] = '\0';
		return malformed(err, "malformed issuer-domain-name", issuer, "");
	}
	return 0;
}

int persist_record_parse(const unsigned char *bytes, size_t length, struct persist_record *ret, struct err *err)
{
	struct span rest = { bytes, length };
	unsigned seen = 0;
	bool more;
	int rc;

	memset(ret, 0, sizeof(*ret));
	if (length > RECORD_MAX)
		return err_set(err, ERR_TOO_LARGE, "longer than a TXT record can be");
	rc = read_issuer(span_trim(span_cut(&rest, ';', &more)), ret, err);
	while (rc == 0 && more)
		rc = read_parameter(span_cut(&rest, ';', &more), &seen, ret, err);
	if (rc == 0 && !ret->account_uri)
		rc = err_set(err, ERR_INVALID, "missing mandatory accounturi parameter");
	return rc;
}

void persist_record_done(struct persist_record *r)
{
	free(r->account_uri);
	free(r->policy);
	*r = (struct persist_record){ 0 };
}

bool persist_record_is_wildcard(const struct persist_record *r)
{
	return r->policy && strcasecmp(r->policy, "wildcard") == 0;
}
