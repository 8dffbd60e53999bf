/* dcvd solve: presents, waits until ready, runs a command, withdraws. */
#include <errno.h>
#include <signal.h>
#include <spawn.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"

/* The terminal sends an interrupt to the child too; here it must only not prevent the withdrawal. */
static int run(char **command)
{
	int status = 0, code;
	pid_t pid;

	code = posix_spawnp(&pid, command[0], NULL, NULL, command, environ);
	if (code) {
		fprintf(stderr, "dcvd: %s: %s\n", command[0], strerror(code));
		return 127;
	}
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return 126;
	return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

static int withdraw(const struct cli_service *s, const char *id)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/challenges/%s", id);

	cli_interrupted = 0; /* withdraw in every case */
	return service_call(s, "DELETE", path, NULL, NULL, NULL);
}

int cli_solve(int argc, char **argv)
{
	struct cli_service s = { 0 };
	struct cli_challenge c = { 0 };
	const char *timeout = NULL;
	const struct cli_option options[] = { CLI_CHALLENGE_OPTIONS(&c), { "timeout", CLI_TEXT, &timeout, "TIME", "give up waiting after that" },
		CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *challenge = NULL;
	int count, gone, status = cli_parse("solve DOMAIN --value V … -- COMMAND ARGUMENT…",
	                                    "Presents, waits until ready, runs COMMAND, withdraws. The exit status is that of COMMAND when it ran.",
	                                    options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count < 2)
		return cli_usage_error("solve", "give a domain, -- and a command");
	c.domain = argv[0];
	cli_watch_interrupt();
	status = challenge_present(&s, &c, &challenge);
	if (status != EXIT_DONE)
		return status;
	status = challenge_follow(&s, timeout, &challenge);
	if (status == EXIT_DONE)
		status = run(argv + 1);
	gone = withdraw(&s, json_text(challenge, "id"));
	json_decref(challenge);
	return status ? status : gone;
}
