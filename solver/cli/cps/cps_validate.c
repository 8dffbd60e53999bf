/* dcvd cps validate: the service publishes, verifies and acknowledges; this follows it. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/mem.h"
#include "solver/cli/common/waiting.h"
#include "solver/cli/cps/cps_desk.h"

#define FOLLOW_PAUSE_MS 300

static bool print_progress(const json_t *validation, size_t *shown)
{
	const json_t *sentences = json_object_get(validation, "sentences");
	size_t before = *shown;

	for (; *shown < json_array_size(sentences); ++*shown) {
		const json_t *s = json_array_get(sentences, *shown);
		const char *at = json_text(s, "at");

		fprintf(stderr, "  %.8s  ", strlen(at) > 19 ? at + 11 : at);
		desk_print_line(stderr, json_text(s, "text"));
	}
	return *shown > before;
}

/* Once for each thing that is waited for. */
static bool print_waiting(const json_t *validation, char **said)
{
	const char *waits = json_text(validation, "waits_for");

	if (!*waits || (*said && strcmp(*said, waits) == 0))
		return false;
	mem_replace(said, waits);
	fputs("            waiting: ", stderr);
	desk_print_line(stderr, waits);
	return true;
}

static int follow_validation(const struct cli_service *s, json_t **validation)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/cps/validations/%s", json_text(*validation, "id"));
	const struct timespec pause = { .tv_nsec = FOLLOW_PAUSE_MS * 1000000L };
	CLEANUP(mem_freep) char *waits = NULL;
	struct waiting waiting = { 0 };
	int code = EXIT_DONE;
	size_t shown = 0;

	print_progress(*validation, &shown);
	while (strcmp(json_text(*validation, "state"), "running") == 0 && !cli_interrupted) {
		json_t *next = NULL;

		nanosleep(&pause, NULL);
		code = service_call(s, "GET", path, NULL, NULL, &next);
		if (code != EXIT_DONE)
			break;
		json_decref(*validation);
		*validation = next;
		if (print_progress(*validation, &shown) || print_waiting(*validation, &waits))
			waiting_news(&waiting);
		if (!*json_text(next, "waits_for"))
			waiting_for(&waiting, "CPS, which is at work, or does not answer");
	}
	waiting_done(&waiting);
	return code;
}

static int conclude(const struct cli_service *s, const json_t *validation)
{
	const char *state = json_text(validation, "state");

	if (s->json)
		print_json(validation);
	if (strcmp(state, "done") == 0) {
		if (!s->json)
			puts("done");
		return EXIT_DONE;
	}
	if (strcmp(state, "running") == 0) {
		fputs("dcvd: the service continues; run the same command to follow it again\n", stderr);
		return EXIT_REFUSED;
	}
	fputs("dcvd: ", stderr);
	desk_print_line(stderr, json_text(json_object_get(validation, "error"), "detail"));
	return EXIT_REFUSED;
}

int cps_validate_and_follow(const struct cli_service *s, int64_t enrollment, const char *follow, bool force)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/cps/enrollments/%" PRId64 "/validate", enrollment);
	json_t *validation = NULL;
	int code;

	cli_watch_interrupt();
	code = service_call(s, "POST", path, json_pack("{s:s, s:b}", "follow", follow, "force", force), NULL, &validation);
	if (code == EXIT_DONE)
		code = follow_validation(s, &validation);
	if (code == EXIT_DONE)
		code = conclude(s, validation);
	json_decref(validation);
	return code;
}

int cps_cli_validate(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *follow = "validation";
	bool force = false;
	const struct cli_option options[] = {
		CLI_SERVICE_OPTIONS(&s),
		{ "follow", CLI_TEXT, &follow, "WHAT", "how far: validation (the default), issuance or production" },
		{ "force", CLI_FLAG, &force, NULL, "also when its class is not managed" }, { NULL },
	};
	int64_t enrollment;
	char **rest;
	int count, code = cli_parse("cps validate ENROLLMENT", "Has the service publish, verify and acknowledge the challenges of the newest\n"
	                            "pending change, and follows it until every name is valid, or further.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!desk_read_enrollment("cps validate", count, rest, &enrollment))
		return EXIT_USAGE;
	return cps_validate_and_follow(&s, enrollment, follow, force);
}
