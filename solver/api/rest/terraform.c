#include "solver/api/rest/terraform.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "solver/api/common/fields.h"

#define LABEL "_acme-challenge."
#define WELL_KNOWN "/.well-known/acme-challenge/"

struct terraform_fields { const char *domain, *full_path, *response_body; };

static const struct field table[] = {
	{ "domain", FIELD_TEXT, offsetof(struct terraform_fields, domain), .required = true },
	{ "full_path", FIELD_TEXT, offsetof(struct terraform_fields, full_path), .required = true },
	{ "response_body", FIELD_TEXT, offsetof(struct terraform_fields, response_body), .required = true },
	{ NULL },
};

static bool starts_with(const char **at, const char *start)
{
	size_t length = strlen(start);

	if (strncasecmp(*at, start, length) != 0)
		return false;
	*at += length;
	return true;
}

/* "_acme-challenge.example.com." is the path of example.com and of *.example.com. */
static int read_dns(const struct terraform_fields *f, struct challenge_request *ret, struct problem *problem)
{
	const char *at = f->full_path, *name = f->domain;

	starts_with(&name, "*.");
	if (!starts_with(&at, LABEL) || !starts_with(&at, name) || (strcmp(at, "") != 0 && strcmp(at, ".") != 0))
		return problem_set(problem, 422, ERR_INVALID, "/full_path", "full_path must be " LABEL "%.253s.", name);
	*ret = (struct challenge_request){ .type = CHALLENGE_DNS01, .domain = f->domain, .value = f->response_body };
	return 0;
}

static int read_http(const struct terraform_fields *f, struct challenge_request *ret, struct problem *problem)
{
	const char *at = f->full_path;

	if (!starts_with(&at, "http://") || !starts_with(&at, f->domain) || !starts_with(&at, WELL_KNOWN) || !*at)
		return problem_set(problem, 422, ERR_INVALID, "/full_path", "full_path must be http://%.253s" WELL_KNOWN " with the token behind it", f->domain);
	*ret = (struct challenge_request){ .type = CHALLENGE_HTTP01, .domain = f->domain, .token = at, .key_authorization = f->response_body };
	return 0;
}

static int read_item(const json_t *item, enum challenge_type type, struct challenge_request *ret, struct problem *problem)
{
	struct terraform_fields f = { 0 };

	if (!json_is_object(item))
		return problem_set(problem, 422, ERR_INVALID, NULL, "a challenge of Terraform must be an object");
	if (fields_read(item, table, &f, problem) < 0)
		return problem->err.code;
	return type == CHALLENGE_HTTP01 ? read_http(&f, ret, problem) : read_dns(&f, ret, problem);
}

static bool is_listed(const struct challenge_request *list, size_t count, const struct challenge_request *r)
{
	const char *proof = r->value ? r->value : r->key_authorization;

	for (size_t i = 0; i < count; i++) {
		const char *other = list[i].value ? list[i].value : list[i].key_authorization;

		if (list[i].type == r->type && other && strcmp(other, proof) == 0 && strcasecmp(list[i].domain, r->domain) == 0)
			return true;
	}
	return false;
}

int terraform_read(const json_t *array, enum challenge_type type, struct challenge_request *list, size_t *count, struct problem *problem)
{
	for (size_t i = 0; i < json_array_size(array); i++) {
		struct challenge_request r;
		char step[24];

		if (read_item(json_array_get(array, i), type, &r, problem) == 0) {
			if (!is_listed(list, *count, &r))
				list[(*count)++] = r;
			continue;
		}
		snprintf(step, sizeof(step), "%zu", i);
		problem_inside(problem, step);
		problem_inside(problem, type == CHALLENGE_HTTP01 ? "http_challenges" : "dns_challenges");
		return problem->err.code;
	}
	return 0;
}
