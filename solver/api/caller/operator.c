/* Makes the first client, and a new operator when none is left: only an operator can create clients. */
#include <stdio.h>
#include <string.h>

#include "solver/api/caller/operator.h"
#include "solver/api/audit/audit.h"
#include "solver/api/audit/audit_chain.h"
#include "solver/api/access/clients.h"
#include "solver/api/common/state_file.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

/* When it is not the first start, it goes into the audit log too: it opens access again. */
static void note_made(struct store *s, const char *path, bool again)
{
	const struct audit_event event = { .door = "engine", .client = "dcvd", .action = "client.add", .name = OPERATOR_NAME, .result = "ok",
		                           .detail = "no operator was left when the service started" };
	struct err err;

	if (!again) {
		log_event(LOG_INFO, "wrote the operator's token", "file", path, NULL);
		return;
	}
	log_event(LOG_WARNING, "no operator was left: made one, and wrote its token", "client", OPERATOR_NAME, "file", path, NULL);
	if (audit_append(s, &event, &err) < 0)
		log_event(LOG_ERROR, "the audit log cannot be written", "error", err.text, NULL);
}

/* Write the file first: otherwise the client could exist without anybody having its token. */
static int make_operator(struct store *s, const char *state_dir, struct err *err)
{
	struct problem problem = { 0 };
	char token[BEARER_SIZE], line[BEARER_SIZE + 1];
	int code;

	bearer_new(token);
	snprintf(line, sizeof(line), "%s\n", token);
	code = state_file_write(state_dir, "operator.token", line, err);
	explicit_bzero(line, sizeof(line));
	if (code == 0 && (code = client_make_operator(s, OPERATOR_NAME, token, &problem)) < 0)
		err_set(err, code, "%s", problem.err.text);
	explicit_bzero(token, sizeof(token));
	return code;
}

int api_bootstrap_operator(struct store *s, const char *state_dir, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/operator.token", state_dir);
	struct client_list *l;
	bool operated, first;
	int code;

	if (client_list_load(s, &l, err) < 0)
		return err->code;
	operated = client_list_is_operated(l);
	first = !client_list_named(l, OPERATOR_NAME);
	client_list_free(l);
	if (operated && !first)
		return 0;
	code = make_operator(s, state_dir, err);
	if (code == 0)
		note_made(s, path, !first);
	return code;
}
