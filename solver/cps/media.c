#include "solver/cps/media.h"

#include <stddef.h>
#include <string.h>

#include "solver/base/mem.h"

#define JSON "application/json"

/* By the last segment of the path; "#" stands for a number, told apart by the segment before it. */
static const struct { const char *before, *segment, *accept, *content; } table[] = {
	{ NULL, "enrollments", "enrollments.v12", "enrollment.v12" },
	{ "enrollments", "#", "enrollment.v12", "enrollment.v12" },
	{ "changes", "#", "change.v2", NULL },
	{ NULL, "deployment-schedule", "deployment-schedule.v1", "deployment-schedule.v1" },
	{ NULL, "lets-encrypt-challenges", "dv-challenges.v2", NULL },
	{ NULL, "pre-verification-warnings", "warnings.v1", NULL },
	{ NULL, "post-verification-warnings", "warnings.v1", NULL },
	{ NULL, "change-management-info", "change-management-info.v6", NULL },
	{ NULL, "third-party-csr", "csr.v2", NULL },
	{ NULL, "lets-encrypt-challenges-completed", "change-id.v1", "acknowledgement.v1" },
	{ NULL, "pre-verification-warnings-ack", "change-id.v1", "acknowledgement.v1" },
	{ NULL, "post-verification-warnings-ack", "change-id.v1", "acknowledgement.v1" },
	{ NULL, "change-management-ack", "change-id.v1", "acknowledgement-with-hash.v1" },
	{ NULL, "third-party-cert-and-trust-chain", "change-id.v1", "certificate-and-trust-chain.v2" },
	{ NULL, "deployments", "deployments.v8", NULL },
	{ NULL, "production", "deployment.v8", NULL },
	{ NULL, "staging", "deployment.v8", NULL },
	{ NULL, "dv-history", "dv-history.v1", NULL },
	{ "history", "certificates", "certificate-history.v2", NULL },
	{ "history", "changes", "change-history.v5", NULL },
	{ NULL, "active-certificates", "active-certificates.v2", NULL },
};

/* The segment that ends at `end`; moves `end` to the slash before it. */
static size_t segment_before(const char *path, const char **end)
{
	const char *start = *end;
	size_t length;

	while (start > path && start[-1] != '/')
		start--;
	length = (size_t)(*end - start);
	*end = start > path ? start - 1 : path;
	return length;
}

static int segment_is(const char *text, size_t length, const char *wanted)
{
	if (strcmp(wanted, "#") == 0)
		return length > 0 && strspn(text, "0123456789") >= length;
	return strlen(wanted) == length && strncmp(text, wanted, length) == 0;
}

static size_t row_of(const char *path)
{
	const char *end = path + strcspn(path, "?");
	size_t length = segment_before(path, &end);
	const char *last = end + 1, *before_end = end;
	size_t before_length = segment_before(path, &before_end);

	for (size_t i = 0; i < ARRAY_LEN(table); i++) {
		if (!segment_is(last, length, table[i].segment))
			continue;
		if (!table[i].before || segment_is(before_end + 1, before_length, table[i].before))
			return i;
	}
	return ARRAY_LEN(table);
}

const char *cps_media_accept(const char *method, const char *path)
{
	size_t row = strncmp(path, "/cps/v2/", 8) == 0 ? row_of(path) : ARRAY_LEN(table);

	if (row == ARRAY_LEN(table))
		return JSON;
	if (strcmp(method, "GET") != 0 && strncmp(table[row].accept, "enrollment", 10) == 0)
		return "enrollment-status.v1";
	if (strcmp(method, "GET") != 0)
		return "change-id.v1";
	return table[row].accept;
}

const char *cps_media_content(const char *path)
{
	size_t row = strncmp(path, "/cps/v2/", 8) == 0 ? row_of(path) : ARRAY_LEN(table);

	return row == ARRAY_LEN(table) || !table[row].content ? JSON : table[row].content;
}
