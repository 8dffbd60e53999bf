/* dcvd check DOMAIN: what every name server or web address says now, and what is wrong with it. */
#include <getopt.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/daemon/oneshot.h"

#define CHECK_TIMEOUT_MS 30000
#define OVERRIDES_MAX 64

struct check_args {
	struct daemon_options daemon;
	const char *overrides[OVERRIDES_MAX + 1];
	size_t override_count;
	struct oneshot_question question;
	bool json;
};

static void help(void)
{
	puts("dcvd check DOMAIN [--type dns-01|http-01] [--value V | --key-authorization K] [--token T]\n"
	     "\n"
	     "Asks every address of every name server of _acme-challenge.DOMAIN (dns-01), or fetches the token from\n"
	     "every address of DOMAIN (http-01), and says whether a certificate authority would be content.\n"
	     "\n"
	     "  -t, --type TYPE             dns-01 (the default), or http-01\n"
	     "      --token TOKEN           http-01: the token to fetch\n"
	     "      --key-authorization K   what http-01 must serve, or what the dns-01 value is computed from\n"
	     "      --value VALUE           dns-01: the TXT value that must be there\n"
	     "  -c, --config FILE, -s, --set KEY=VALUE   as for dcvd serve (resolver.servers, check.http-port, …)\n"
	     "      --json                  the verdict for machines\n"
	     "\n"
	     "Exit status: 0 pass, 1 not, 2 usage, 3 could not be checked.");
}

/* ---- the table ---- */

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "-";
}

/* Strangers wrote it: nothing of it may steer the terminal. */
static void print_clean(const char *text, int width)
{
	int printed = 0;

	for (; *text && printed < 70; text++, printed++)
		putchar((unsigned char)*text < 0x20 || *text == 0x7f ? '.' : *text);
	for (; printed < width; printed++)
		putchar(' ');
}

static void print_values(const json_t *values)
{
	size_t i;
	json_t *value;

	json_array_foreach(values, i, value) {
		printf("%s\"", i ? ", " : "");
		print_clean(json_is_string(value) ? json_string_value(value) : "?", 0);
		putchar('"');
	}
}

static void print_look(const json_t *look, int servers, int addresses)
{
	const json_t *values = json_object_get(look, "values");

	printf("  %-4s  ", json_is_true(json_object_get(look, "ok")) ? "ok" : "BAD");
	print_clean(text_of(look, "server"), servers);
	printf("  ");
	print_clean(text_of(look, "address"), addresses);
	printf("  %5d ms  ", (int)json_integer_value(json_object_get(look, "elapsed_ms")));
	print_clean(text_of(look, "status"), 10);
	printf("  ");
	if (json_array_size(values))
		print_values(values);
	else if (json_is_string(json_object_get(look, "detail")))
		print_clean(text_of(look, "detail"), 0);
	putchar('\n');
}

static int widest(const json_t *looks, const char *key, const char *title)
{
	size_t i, width = strlen(title);
	json_t *look;

	json_array_foreach(looks, i, look)
		if (strlen(text_of(look, key)) > width)
			width = strlen(text_of(look, key));
	return width > 40 ? 40 : (int)width;
}

static void print_verdict(const json_t *v, const char *domain)
{
	const json_t *looks = json_object_get(v, "looks");
	int servers = widest(looks, "server", "server"), addresses = widest(looks, "address", "address");
	const char *result = text_of(v, "result");
	const char *colour = !isatty(STDOUT_FILENO) ? "" : strcmp(result, "pass") == 0 ? "\033[1;32m" : "\033[1;31m";
	json_t *mend, *look;
	size_t i;

	printf("%s%s%s  %s: ", colour, strcmp(result, "pass") == 0 ? "PASS" : strcmp(result, "fail") == 0 ? "FAIL" : result,
	       *colour ? "\033[0m" : "", domain);
	puts(text_of(v, "detail"));
	json_array_foreach(json_object_get(v, "mends"), i, mend)
		printf("      to mend it: %s\n", json_string_value(mend));
	if (json_is_string(json_object_get(v, "fqdn")))
		printf("      record %s in zone %s\n", text_of(v, "fqdn"), text_of(v, "zone"));
	if (!json_array_size(looks))
		return;
	printf("\n        %-*s  %-*s      time  %-10s  answer\n", servers, "server", addresses, "address", "status");
	json_array_foreach(looks, i, look)
		print_look(look, servers, addresses);
}

/* ---- arguments ---- */

static int take_option(struct check_args *a, int c)
{
	switch (c) {
	case 't':
		a->question.http = strcmp(optarg, "http-01") == 0;
		return a->question.http || strcmp(optarg, "dns-01") == 0 ? 0 : 2;
	case 'T':
		a->question.token = optarg;
		return 0;
	case 'K':
		a->question.key_authorization = optarg;
		return 0;
	case 'V':
		a->question.value = optarg;
		return 0;
	case 'c':
		a->daemon.config_file = optarg;
		return 0;
	case 's':
		if (a->override_count == OVERRIDES_MAX)
			return 2;
		a->overrides[a->override_count++] = optarg;
		return 0;
	case 'j':
		a->json = true;
		return 0;
	default:
		return 2;
	}
}

static int run(struct check_args *a)
{
	CLEANUP(mem_freep) char *text = NULL;
	struct err err = { 0 };
	json_t *verdict;
	int status;

	if (oneshot_check(&a->daemon, &a->question, CHECK_TIMEOUT_MS, &text, &err) < 0) {
		fprintf(stderr, "dcvd check: %s\n", err.text);
		return err.code == ERR_INVALID ? 2 : 3;
	}
	verdict = json_loads(text, 0, NULL);
	if (a->json)
		puts(text);
	else
		print_verdict(verdict, a->question.domain);
	status = strcmp(text_of(verdict, "result"), "pass") == 0 ? 0 : 1;
	json_decref(verdict);
	return status;
}

int cli_check(int argc, char **argv)
{
	static const struct option long_options[] = {
		{ "type", required_argument, NULL, 't' }, { "token", required_argument, NULL, 'T' },
		{ "key-authorization", required_argument, NULL, 'K' }, { "value", required_argument, NULL, 'V' },
		{ "config", required_argument, NULL, 'c' }, { "set", required_argument, NULL, 's' },
		{ "json", no_argument, NULL, 'j' }, { "help", no_argument, NULL, 'h' }, { 0 },
	};
	struct check_args a = { .question.http = false };
	int c;

	a.daemon.overrides = a.overrides;
	optind = 1;
	while ((c = getopt_long(argc, argv, "t:c:s:h", long_options, NULL)) != -1) {
		if (c == 'h')
			return help(), 0;
		if (take_option(&a, c) != 0) {
			fputs("dcvd check: see dcvd check --help\n", stderr);
			return 2;
		}
	}
	if (optind + 1 != argc) {
		fputs("dcvd check: give one domain; see dcvd check --help\n", stderr);
		return 2;
	}
	a.question.domain = argv[optind];
	return run(&a);
}
