/* The first client: without it, nobody could create one. */
#include <stdio.h>
#include <string.h>

#include "solver/api/api.h"
#include "solver/api/clients.h"
#include "solver/api/state_file.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"

int api_bootstrap_operator(struct store *s, const char *state_dir, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("%s/operator.token", state_dir);
	struct problem problem = { 0 };
	char token[BEARER_SIZE], line[BEARER_SIZE + 1];
	struct client_list *l;
	struct grants *all;
	bool known;
	int code;

	if (client_list_load(s, &l, err) < 0)
		return err->code;
	known = client_list_named(l, OPERATOR_NAME) != NULL;
	client_list_free(l);
	if (known)
		return 0; /* also when it was revoked: that was somebody's decision */
	/* The file first: a client whose token nobody has would never be made again. */
	bearer_new(token);
	snprintf(line, sizeof(line), "%s\n", token);
	code = state_file_write(state_dir, "operator.token", line, err);
	explicit_bzero(line, sizeof(line));
	if (code == 0) {
		all = grants_all();
		code = client_add(s, OPERATOR_NAME, all, token, &problem);
		grants_free(all);
		if (code < 0)
			err_set(err, code, "%s", problem.err.text);
	}
	explicit_bzero(token, sizeof(token));
	if (code == 0)
		log_event(LOG_INFO, "wrote the operator's token", "file", path, NULL);
	return code;
}
