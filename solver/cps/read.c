/* Deployments, histories, the schedule of a change and active certificates: what CPS says, as it says it. */
#include <stdio.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/errands.h"
#include "solver/cps/json.h"

static const struct { const char *what, *rest, *accept; } rows[] = {
	{ "deployments", "/deployments", "deployments.v8" },
	{ "production", "/deployments/production", "deployment.v8" },
	{ "staging", "/deployments/staging", "deployment.v8" },
	{ "changes", "/history/changes", "change-history.v5" },
	{ "certificates", "/history/certificates", "certificate-history.v2" },
	{ "dv", "/dv-history", "dv-history.v1" },
};

static void on_reply(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct errand *e = arg;
	struct err parse = *err;

	e->call = NULL;
	if (parse.code == 0)
		e->result = cps_json_load(reply->body, reply->body_length, "the answer", &parse);
	errand_end(e, &parse);
}

int cps_enrollment_start(struct errand *e, struct err *err)
{
	char path[ERRAND_PATH_SIZE];

	(void)err;
	errand_enrollment_path(e, path, "");
	errand_get(e, path, "enrollment.v12", on_reply);
	return 0;
}

int cps_read_start(struct errand *e, struct err *err)
{
	const char *what = errand_input(e, "what"), *contract = errand_input(e, "contract");
	char path[ERRAND_PATH_SIZE];

	if (strcmp(what, "active") == 0) {
		if (strspn(contract, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_.") != strlen(contract))
			return err_set(err, ERR_INVALID, "\"%.64s\" is no contract id", contract);
		snprintf(path, sizeof(path), "/cps/v2/active-certificates%s%.64s", *contract ? "?contractId=" : "", contract);
		errand_get(e, path, "active-certificates.v2", on_reply);
		return 0;
	}
	for (size_t i = 0; i < ARRAY_LEN(rows); i++) {
		if (strcmp(rows[i].what, what) != 0)
			continue;
		errand_enrollment_path(e, path, rows[i].rest);
		errand_get(e, path, rows[i].accept, on_reply);
		return 0;
	}
	return err_set(err, ERR_INVALID, "\"%.40s\" is no history; changes, certificates or dv is wanted", what);
}
