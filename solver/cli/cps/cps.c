/* dcvd cps: Akamai CPS enrollments. `validate` is done by the service; the rest asks CPS with the credentials here. */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cli/cps/cps.h"
#include "solver/cli/cps/cps_desk.h"
#include "solver/akamai/client.h"
#include "solver/cps/accounts.h"
#include "solver/cps/media.h"

#define BODY_MAX (4 * 1024 * 1024)

/* ---- ack ---- */

static int cps_cli_ack(int argc, char **argv)
{
	struct desk d = { 0 };
	bool warnings = false, change = false, deny = false, force = false;
	const char *expected = NULL, *hash = NULL;
	const struct cli_option options[] = {
		DESK_OPTIONS(&d),
		{ "warnings", CLI_FLAG, &warnings, NULL, "the warnings that \"dcvd cps warnings\" shows" },
		{ "expect-sha256", CLI_TEXT, &expected, "H", "with --warnings: only when the text is still the one with this digest" },
		{ "change-management", CLI_FLAG, &change, NULL, "the change, for production; with --hash" },
		{ "hash", CLI_TEXT, &hash, "H", "with --change-management: the hash of the result that was looked at" },
		{ "deny", CLI_FLAG, &deny, NULL, "deny instead" },
		{ "force", CLI_FLAG, &force, NULL, "also when its class is not managed" },
		{ NULL },
	};
	int64_t enrollment;
	char **rest;
	int count, code = cli_parse("cps ack ENROLLMENT", "Tells CPS that the challenges of the newest pending change are in place, or that its warnings or the\n"
	                            "change are agreed to. Nothing is checked; \"dcvd cps validate\" does it when they are ready.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!desk_read_enrollment("cps ack", count, rest, &enrollment))
		return EXIT_USAGE;
	if ((warnings && change) || (expected && !warnings) || (change && !hash))
		return cli_usage_error("cps ack", "--warnings [--expect-sha256 H], or --change-management --hash H");
	code = desk_ask(&d, "ack", json_pack("{s:I, s:s, s:s, s:s, s:b, s:b}", "enrollment", (json_int_t)enrollment, "what",
	                                     warnings ? "warnings" : change ? "change-management" : "challenges", "expect_digest",
	                                     expected ? expected : "", "hash", hash ? hash : "", "deny", deny, "force", force));
	if (code == EXIT_DONE && d.json)
		print_json(d.result);
	else if (code == EXIT_DONE)
		printf("change %lld %s\n", (long long)json_integer_value(json_object_get(d.result, "change")), deny ? "denied" : "acknowledged");
	desk_close(&d);
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
		return desk_complain_setup(&h->desk.err);
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
		return desk_complain_setup(&h->desk.err);
	cps_account_describe(&h->desk.config->cps, h->desk.account ? h->desk.account : "", &account);
	client = akamai_client_new(h->desk.loop, h->desk.http, &account);
	if (akamai_client_load(client, &h->desk.err) < 0)
		code = desk_complain_setup(&h->desk.err);
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
		{ "list", cps_cli_list, "", "enrollments, their names and pending changes" },
		{ "show", cps_cli_show, "ENROLLMENT", "its newest pending change, and what each name needs" },
		{ "create", cps_cli_create, "--file FILE", "make an enrollment" },
		{ "update", cps_cli_update, "ENROLLMENT", "change one: names, or any member" },
		{ "renew", cps_cli_renew, "ENROLLMENT", "have its certificate renewed now" },
		{ "delete", cps_cli_delete, "ENROLLMENT", "remove it" },
		{ "cancel", cps_cli_cancel, "ENROLLMENT [CHANGE]", "cancel a pending change" },
		{ "schedule", cps_cli_schedule, "ENROLLMENT", "when a change is deployed" },
		{ "apply", cps_cli_apply, "FILE…", "make enrollments as files say" },
		{ "export", cps_cli_export, "ENROLLMENT", "write such files" },
		{ "validate", cps_cli_validate, "ENROLLMENT", "publish, verify, acknowledge, follow, withdraw" },
		{ "inventory", cps_cli_inventory, "", "what the watcher of the service knows" },
		{ "approve", cps_cli_approve, "ENROLLMENT", "agree to what change management showed" },
		{ "warnings", cps_cli_warnings, "ENROLLMENT", "what holds its change" },
		{ "ack", cps_cli_ack, "ENROLLMENT", "acknowledge or deny by hand" },
		{ "deployments", cps_cli_deployments, "ENROLLMENT [NETWORK]", "list the deployed certificates" },
		{ "history", cps_cli_history, "ENROLLMENT WHAT", "changes, certificates or dv" },
		{ "active", cps_cli_active, "", "certificates on the network" },
		{ "doctor", cps_cli_doctor, "", "what is wrong with credentials, clock, grants, limits and names" },
		{ "request", cps_cli_request, "METHOD PATH", "a signed request by hand" },
		{ NULL },
	};

	return cli_dispatch(commands, "cps", argc, argv);
}
