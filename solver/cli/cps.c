/* dcvd cps: Akamai CPS enrollments. `validate` is done by the service; the rest asks CPS with the credentials here. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/buf.h"
#include "solver/base/log.h"
#include "solver/base/mem.h"
#include "solver/cli/cli.h"
#include "solver/akamai/client.h"
#include "solver/cps/accounts.h"
#include "solver/cps/cps.h"
#include "solver/cps/media.h"
#include "solver/daemon/schema.h"

#define ANSWER_TIMEOUT_MS (15 * 60 * 1000) /* CPS may tell us to wait for minutes */
#define FOLLOW_PAUSE_MS 300
#define BODY_MAX (4 * 1024 * 1024)

/* What a command that asks CPS by itself needs. */
struct desk {
	const char *config_file, *edgerc, *section, *account;
	struct cli_list overrides;
	bool json;
	struct config *config;
	struct loop *loop;
	struct http_client *http;
	struct cps *cps;
	int done;
	json_t *result;
	struct err err;
};

#define DESK_OPTIONS(d) \
	{ "config", CLI_TEXT, &(d)->config_file, "FILE", "configuration; its part \"cps\" says which credentials" }, \
	{ "set", CLI_LIST, &(d)->overrides, "KEY=VALUE", "changes one option of the configuration" }, \
	{ "edgerc", CLI_TEXT, &(d)->edgerc, "FILE", "credentials; without it the environment (AKAMAI_HOST, …) goes first" }, \
	{ "account", CLI_TEXT, &(d)->account, "NAME", "account under cps.accounts; default: the main one" }, \
	{ "section", CLI_TEXT, &(d)->section, "NAME", "section of that file; default: default" }, \
	{ "json", CLI_FLAG, &(d)->json, NULL, "output for machines" }

static int complain(const struct err *err)
{
	fprintf(stderr, "dcvd: %s\n", err->text);
	switch (err->code) {
	case ERR_UNREACHABLE:
	case ERR_TIMEOUT:
		return EXIT_REACH;
	default:
		return EXIT_REFUSED;
	}
}

/* Nothing was asked yet: the configuration or the credentials are wrong. */
static int complain_setup(const struct err *err)
{
	fprintf(stderr, "dcvd: %s\n", err->text);
	return EXIT_USAGE;
}

static int desk_open(struct desk *d, struct err *err)
{
	if (config_read(d->config_file, d->overrides.items, schema_provider_table, &d->config, err) < 0)
		return err->code;
	if (d->edgerc) {
		mem_replace(&d->config->cps.edgerc, d->edgerc);
		d->config->cps.edgerc_by_hand = true;
	}
	if (d->section)
		mem_replace(&d->config->cps.section, d->section);
	log_setup(LOG_WARNING, LOG_TEXT);
	d->loop = loop_new();
	d->http = http_client_new(d->loop);
	const struct cps_parts parts = { .loop = d->loop, .http = d->http, .config = d->config };
	return cps_open(&parts, &d->cps, err);
}

static void desk_close(struct desk *d)
{
	cps_close(d->cps);
	if (d->http)
		http_client_free(d->http);
	if (d->loop)
		loop_free(d->loop);
	config_free(d->config);
	json_decref(d->result);
}

static void on_answer(json_t *result, const struct err *err, void *arg)
{
	struct desk *d = arg;

	d->result = json_incref(result);
	d->err = *err;
	d->done = 1;
	loop_stop(d->loop);
}

/* Waits for the answer to what was started with `code`; an exit status. */
static int desk_wait(struct desk *d, int code)
{
	if (code < 0)
		return complain_setup(&d->err);
	loop_run_until(d->loop, &d->done, ANSWER_TIMEOUT_MS);
	if (!d->done)
		err_set(&d->err, ERR_TIMEOUT, "CPS did not answer within %d minutes", ANSWER_TIMEOUT_MS / 60000);
	return d->err.code < 0 ? complain(&d->err) : EXIT_DONE;
}

static int ask(struct desk *d, const char *what, int64_t enrollment)
{
	json_t *input = json_pack("{s:I}", "enrollment", (json_int_t)enrollment);
	int code;

	if (d->account)
		json_object_set_new(input, "account", json_string(d->account));
	code = cps_ask(d->cps, what, input, on_answer, d, &d->err);
	json_decref(input);
	return code;
}

static bool read_enrollment(const char *command, int count, char **rest, int64_t *ret)
{
	if (count != 1 || strlen(rest[0]) > 15 || strspn(rest[0], "0123456789") != strlen(rest[0]) || !*rest[0]) {
		cli_usage_error(command, "one enrollment is wanted, a number as \"dcvd cps list\" shows");
		return false;
	}
	*ret = strtoll(rest[0], NULL, 10);
	return true;
}

/* ---- list ---- */

static void print_enrollments(const json_t *result)
{
	static const char *const headings[] = { "ENROLLMENT", "NAME", "NAMES", "TYPE", "CHANGE", NULL };
	struct table *t = table_new(headings);
	size_t i;
	json_t *e;

	json_array_foreach(json_object_get(result, "enrollments"), i, e) {
		const json_t *pending = json_object_get(e, "pending_changes");
		const json_t *change = json_array_get(pending, json_array_size(pending) ? json_array_size(pending) - 1 : 0);
		char id[24], names[24], text[96] = "-";

		snprintf(id, sizeof(id), "%lld", (long long)json_integer_value(json_object_get(e, "id")));
		snprintf(names, sizeof(names), "%zu", json_array_size(json_object_get(e, "sans")));
		if (change)
			snprintf(text, sizeof(text), "%lld %.60s", (long long)json_integer_value(json_object_get(change, "id")),
			         json_text(change, "type"));
		table_row(t, (const char *const[]){ id, json_text(e, "cn"), names, json_text(e, "validation_type"), text });
	}
	table_print_free(t);
}

static int cps_cli_list(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	char **rest;
	int count, code = cli_parse("cps list", "Enrollments and their pending changes.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count)
		return cli_usage_error("cps list", "\"%s\" is too much", rest[0]);
	code = desk_open(&d, &d.err);
	code = desk_wait(&d, code < 0 ? code : cps_ask(d.cps, "list", NULL, on_answer, &d, &d.err));
	if (code == EXIT_DONE && d.json)
		print_json(d.result);
	else if (code == EXIT_DONE)
		print_enrollments(d.result);
	desk_close(&d);
	return code;
}

/* ---- show ---- */

static void print_names(const json_t *change)
{
	static const char *const headings[] = { "NAME", "STATUS", "EXPIRES", "CHALLENGES", NULL };
	struct table *t = table_new(headings);
	size_t i, k;
	json_t *name, *challenge;

	json_array_foreach(json_object_get(change, "names"), i, name) {
		struct buf kinds = BUF_INIT(256);

		json_array_foreach(json_object_get(name, "challenges"), k, challenge)
			buf_printf(&kinds, "%s%s", k ? " " : "", json_text(challenge, "type"));
		table_row(t, (const char *const[]){ json_text(name, "domain"), json_text(name, "status"),
		                                    json_text(name, "expires"), buf_text(&kinds) });
		buf_done(&kinds);
	}
	table_print_free(t);
}

/* CPS wrote it: nothing of it may steer the terminal. */
static void print_line(FILE *out, const char *text)
{
	for (; *text; text++)
		fputc((unsigned char)*text < 0x20 || *text == 0x7f ? '?' : *text, out);
	fputc('\n', out);
}

static void print_enrollment(const json_t *e)
{
	const json_t *change = json_object_get(e, "change");
	CLEANUP(mem_freep) char *line = NULL;

	printf("enrollment %lld: ", (long long)json_integer_value(json_object_get(e, "id")));
	print_line(stdout, json_text(e, "cn"));
	if (!json_is_object(change)) {
		puts("no pending change");
		return;
	}
	line = mem_printf("change %lld: %s, %s - %s", (long long)json_integer_value(json_object_get(change, "id")),
	                  json_text(change, "state"), json_text(change, "status"), json_text(change, "description"));
	print_line(stdout, line);
	if (*json_text(change, "error")) {
		fputs("error: ", stdout);
		print_line(stdout, json_text(change, "error"));
	}
	if (json_array_size(json_object_get(change, "names")))
		print_names(change);
}

static int cps_cli_show(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment;
	char **rest;
	int count, code = cli_parse("cps show ENROLLMENT", "An enrollment, its newest pending change and the state of each name.",
	                            options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!read_enrollment("cps show", count, rest, &enrollment))
		return EXIT_USAGE;
	code = desk_open(&d, &d.err);
	code = desk_wait(&d, code < 0 ? code : ask(&d, "show", enrollment));
	if (code == EXIT_DONE && d.json)
		print_json(d.result);
	else if (code == EXIT_DONE)
		print_enrollment(d.result);
	desk_close(&d);
	return code;
}

/* ---- ack ---- */

static int cps_cli_ack(int argc, char **argv)
{
	struct desk d = { 0 };
	const struct cli_option options[] = { DESK_OPTIONS(&d), { NULL } };
	int64_t enrollment;
	char **rest;
	int count, code = cli_parse("cps ack ENROLLMENT", "Tells CPS that the challenges of the newest pending change are in place.\n"
	                            "Nothing is checked; \"dcvd cps validate\" does it when they are.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!read_enrollment("cps ack", count, rest, &enrollment))
		return EXIT_USAGE;
	code = desk_open(&d, &d.err);
	code = desk_wait(&d, code < 0 ? code : ask(&d, "ack", enrollment));
	if (code == EXIT_DONE && d.json)
		print_json(d.result);
	else if (code == EXIT_DONE)
		printf("change %lld acknowledged\n", (long long)json_integer_value(json_object_get(d.result, "change")));
	desk_close(&d);
	return code;
}

/* ---- validate ---- */

static void print_progress(const json_t *validation, size_t *shown)
{
	const json_t *sentences = json_object_get(validation, "sentences");

	for (; *shown < json_array_size(sentences); ++*shown) {
		const json_t *s = json_array_get(sentences, *shown);
		const char *at = json_text(s, "at");

		fprintf(stderr, "  %.8s  ", strlen(at) > 19 ? at + 11 : at);
		print_line(stderr, json_text(s, "text"));
	}
}

static int follow_validation(const struct cli_service *s, json_t **validation)
{
	CLEANUP(mem_freep) char *path = mem_printf("/v1/cps/validations/%s", json_text(*validation, "id"));
	const struct timespec pause = { .tv_nsec = FOLLOW_PAUSE_MS * 1000000L };
	size_t shown = 0;

	print_progress(*validation, &shown);
	while (strcmp(json_text(*validation, "state"), "running") == 0 && !cli_interrupted) {
		json_t *next = NULL;
		int code;

		nanosleep(&pause, NULL);
		code = service_call(s, "GET", path, NULL, NULL, &next);
		if (code != EXIT_DONE)
			return code;
		json_decref(*validation);
		*validation = next;
		print_progress(*validation, &shown);
	}
	return EXIT_DONE;
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
		fputs("dcvd: it goes on in the service; the same command shows it again\n", stderr);
		return EXIT_REFUSED;
	}
	fputs("dcvd: ", stderr);
	print_line(stderr, json_text(json_object_get(validation, "error"), "detail"));
	return EXIT_REFUSED;
}

static int cps_cli_validate(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	CLEANUP(mem_freep) char *path = NULL;
	json_t *validation = NULL;
	int64_t enrollment;
	char **rest;
	int count, code = cli_parse("cps validate ENROLLMENT", "Has the service publish, verify and acknowledge the challenges of the newest\n"
	                            "pending change, and follows it until every name is valid.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!read_enrollment("cps validate", count, rest, &enrollment))
		return EXIT_USAGE;
	cli_watch_interrupt();
	path = mem_printf("/v1/cps/enrollments/%" PRId64 "/validate", enrollment);
	code = service_call(&s, "POST", path, json_object(), NULL, &validation);
	if (code == EXIT_DONE)
		code = follow_validation(&s, &validation);
	if (code == EXIT_DONE)
		code = conclude(&s, validation);
	json_decref(validation);
	return code;
}

/* ---- request ---- */

struct by_hand {
	struct desk desk;
	const char *body_file, *accept, *content_type, *timestamp, *nonce;
	bool dry_run;
	int status;
};

static char *read_body(const char *file)
{
	FILE *f = strcmp(file, "-") == 0 ? stdin : fopen(file, "re");
	struct buf body = BUF_INIT(BODY_MAX);
	char piece[16384];
	size_t got;

	if (!f) {
		perror(file);
		return NULL;
	}
	while ((got = fread(piece, 1, sizeof(piece), f)) > 0)
		buf_add(&body, piece, got);
	if (f != stdin)
		fclose(f);
	if (body.overflow || memchr(buf_text(&body), '\0', body.length)) {
		fprintf(stderr, "dcvd: %s: a body is text of at most %d bytes\n", file, BODY_MAX);
		buf_done(&body);
		return NULL;
	}
	return body.length ? buf_take(&body) : mem_dup("");
}

static void on_reply(const struct http_reply *reply, const struct err *err, void *arg)
{
	struct by_hand *h = arg;

	if (reply) {
		h->status = reply->status;
		fprintf(stderr, "HTTP %d\n", reply->status);
		fwrite(reply->body, 1, reply->body_length, stdout);
		if (reply->body_length && reply->body[reply->body_length - 1] != '\n')
			putchar('\n');
	}
	h->desk.err = *err;
	h->desk.done = 1;
	loop_stop(h->desk.loop);
}

static int print_signature(struct by_hand *h, struct akamai_client *client, const struct akamai_request *request)
{
	CLEANUP(mem_freep) char *url = NULL;
	CLEANUP(mem_freep) char *authorization = NULL;

	if (akamai_client_sign(client, request, h->timestamp, h->nonce, &url, &authorization, &h->desk.err) < 0)
		return complain_setup(&h->desk.err);
	if (h->desk.json) {
		json_t *o = json_pack("{s:s, s:s, s:s}", "method", request->method, "url", url, "authorization", authorization);

		print_json(o);
		json_decref(o);
		return EXIT_DONE;
	}
	printf("%s %s\nAuthorization: %s\n", request->method, url, authorization);
	return EXIT_DONE;
}

static int send_by_hand(struct by_hand *h, const struct akamai_request *request)
{
	struct akamai_account account;
	struct akamai_client *client;
	int code;

	if (desk_open(&h->desk, &h->desk.err) < 0)
		return complain_setup(&h->desk.err);
	cps_account_describe(&h->desk.config->cps, h->desk.account ? h->desk.account : "", &account);
	client = akamai_client_new(h->desk.loop, h->desk.http, &account);
	if (akamai_client_load(client, &h->desk.err) < 0)
		code = complain_setup(&h->desk.err);
	else if (h->dry_run)
		code = print_signature(h, client, request);
	else
		code = desk_wait(&h->desk, akamai_call_start(client, request, on_reply, h, NULL, &h->desk.err));
	akamai_client_free(client);
	return code;
}

static int cps_cli_request(int argc, char **argv)
{
	struct by_hand h = { 0 };
	CLEANUP(mem_freep) char *body = NULL;
	const struct cli_option options[] = {
		DESK_OPTIONS(&h.desk),
		{ "body", CLI_TEXT, &h.body_file, "FILE", "body; - is standard input" },
		{ "accept", CLI_TEXT, &h.accept, "MEDIA", "\"enrollments.v11\" or a full media type; default: by the path" },
		{ "content-type", CLI_TEXT, &h.content_type, "MEDIA", "the same for the body" },
		{ "dry-run", CLI_FLAG, &h.dry_run, NULL, "print what would be sent, and send nothing" },
		{ "timestamp", CLI_TEXT, &h.timestamp, "TIME", "with --dry-run: 20140321T19:34:21+0000" },
		{ "nonce", CLI_TEXT, &h.nonce, "TEXT", "with --dry-run" },
		{ NULL },
	};
	char **rest;
	int count, code = cli_parse("cps request METHOD PATH", "A signed request by hand; the path begins with /cps/v2/ and stands below the host of\n"
	                            "the credentials.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count != 2 || strspn(rest[0], "ABCDEFGHIJKLMNOPQRSTUVWXYZ") != strlen(rest[0]) || !*rest[0])
		return cli_usage_error("cps request", "METHOD (upper case) and PATH are wanted");
	if ((h.timestamp || h.nonce) && !h.dry_run)
		return cli_usage_error("cps request", "--timestamp and --nonce go with --dry-run");
	if (h.body_file && !(body = read_body(h.body_file)))
		return EXIT_USAGE;
	const struct akamai_request request = {
		.method = rest[0], .path = rest[1], .body = body, .once = true,
		.accept = h.accept ? h.accept : cps_media_accept(rest[0], rest[1]),
		.content_type = h.content_type ? h.content_type : body ? cps_media_content(rest[1]) : NULL,
	};
	code = send_by_hand(&h, &request);
	desk_close(&h.desk);
	return code;
}

/* ---- the group ---- */

int cli_cps(int argc, char **argv)
{
	static const struct cli_command commands[] = {
		{ "list", cps_cli_list, "", "enrollments and their pending changes" },
		{ "show", cps_cli_show, "ENROLLMENT", "its newest pending change and the state of each name" },
		{ "validate", cps_cli_validate, "ENROLLMENT", "publish, verify, acknowledge, follow, withdraw" },
		{ "ack", cps_cli_ack, "ENROLLMENT", "tell CPS that the challenges are in place" },
		{ "request", cps_cli_request, "METHOD PATH", "a signed request by hand" },
		{ NULL },
	};

	return cli_dispatch(commands, "cps", argc, argv);
}
