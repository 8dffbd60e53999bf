#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"

static int forget(const struct cli_service *s, const char *id)
{
	CLEANUP(mem_freep) char *escaped = url_escape(id);
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges/%s/forget", escaped);
	json_t *reply = NULL;
	int status = service_call(s, "POST", path, NULL, NULL, &reply);

	if (status == EXIT_DONE && s->json)
		print_json(reply);
	else if (status == EXIT_DONE)
		printf("%s  %s\n", id, json_text(reply, "state"));
	if (status == EXIT_DONE)
		fprintf(stderr, "dcvd: warning: it is not known whether the record at %s was removed. If it still exists, remove it by hand: TXT \"%s\"\n",
		        json_text(reply, "fqdn"), json_text(reply, "value"));
	json_decref(reply);
	return status;
}

int cli_forget(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	int count, one, status = cli_parse("forget ID…", "Gives up the withdrawal of challenges (ch_…) whose record dcvd cannot remove, because its zone or its "
	                                   "server is gone for good. Only for operators; it stands in the audit log.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count < 1)
		return cli_usage_error("forget", "give the id of a challenge, as dcvd list --state withdrawing shows it");
	for (int i = 0; i < count; i++) {
		one = forget(&s, argv[i]);
		status = one > status ? one : status;
	}
	return status;
}
