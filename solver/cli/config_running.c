/* dcvd config check --running: whether the service uses what its file says. The service compares: only it sees the secrets of the file,
 * its own environment and what was set on its command line. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cli/config_running.h"

#define SHOWN_MAX 120

static const char *shown(const json_t *difference, const char *key, char text[SHOWN_MAX + 4])
{
	const json_t *value = json_object_get(difference, key);

	if (!json_is_string(value))
		return "nothing";
	snprintf(text, SHOWN_MAX + 4, "%.*s%s", SHOWN_MAX, json_string_value(value), strlen(json_string_value(value)) > SHOWN_MAX ? "..." : "");
	return text;
}

static bool needs_restart(const json_t *difference)
{
	return strcmp(json_text(difference, "needs"), "restart") == 0;
}

static void print_difference(const json_t *d)
{
	char file[SHOWN_MAX + 4], running[SHOWN_MAX + 4];
	const char *one = shown(d, "file", file), *other = shown(d, "running", running);

	if (strcmp(one, other) == 0) /* secrets */
		printf("%s: the file has another value than the service", json_text(d, "option"));
	else
		printf("%s: the file has %s, the service uses %s", json_text(d, "option"), one, other);
	puts(needs_restart(d) ? "; it takes effect after a restart" : "; it takes effect with a reload");
}

/* Both may be written in different ways. */
static bool is_same_file(const char *a, const char *b)
{
	CLEANUP(mem_freep) char *one = realpath(a, NULL);
	CLEANUP(mem_freep) char *other = realpath(b, NULL);

	return strcmp(a, b) == 0 || (one && other && strcmp(one, other) == 0);
}

static int judge_file(const char *asked, const char *file)
{
	if (!asked || (*file && is_same_file(asked, file)))
		return EXIT_DONE;
	fprintf(stderr, "dcvd: the service reads %s, not %s\n", *file ? file : "no file", asked);
	return EXIT_REFUSED;
}

static int print(const json_t *reply)
{
	const char *file = json_text(reply, "file"), *name = *file ? file : "the defaults", *error = json_text(reply, "error");
	const json_t *list = json_object_get(reply, "differences"), *d;
	size_t i, restart = 0;

	if (*error) {
		fprintf(stderr, "dcvd: the service cannot take its file, and keeps what runs: %s\n", error);
		return EXIT_REFUSED;
	}
	json_array_foreach(list, i, d) {
		print_difference(d);
		restart += needs_restart(d);
	}
	if (!i)
		printf("the service uses what %s says\n", name);
	else if (restart < i)
		printf("reload the service for what %s says (systemctl reload dcvd, or SIGHUP)%s\n", name, restart ? ", and restart it for the rest" : "");
	else
		puts("restart the service for that; all else runs as the file says");
	return i ? EXIT_REFUSED : EXIT_DONE;
}

int config_running(const struct cli_service *service, const char *file)
{
	struct cli_service s = *service;
	json_t *reply = NULL;
	int status;

	s.config = file;
	status = service_call(&s, "GET", "/v1/config", NULL, NULL, &reply);
	if (status == EXIT_DONE)
		status = judge_file(file, json_text(reply, "file"));
	if (status == EXIT_DONE && s.json)
		print_json(reply);
	if (status == EXIT_DONE)
		status = s.json ? (json_array_size(json_object_get(reply, "differences")) || *json_text(reply, "error") ? EXIT_REFUSED : EXIT_DONE) : print(reply);
	json_decref(reply);
	return status;
}
