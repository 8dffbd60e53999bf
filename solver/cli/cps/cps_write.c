/* dcvd cps create, update, renew, delete, cancel, schedule: what changes enrollments. One row a command, one row an option. */
#include <inttypes.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/mem.h"
#include "solver/cli/cps/cps_desk.h"
#include "solver/cli/cps/cps_file.h"

#define PAUSE_S 30
#define OPTIONS_MAX 40

enum { CREATE = 1, UPDATE = 2, RENEW = 4, DELETE = 8, CANCEL = 16, SCHEDULE = 32 };
#define CHANGES (CREATE | UPDATE | RENEW)
#define EXISTING (UPDATE | RENEW | DELETE | CANCEL | SCHEDULE)

/* Every option of all of them. */
struct wish {
	struct desk desk;
	const char *file, *contract, *profile, *cn, *type, *not_before, *not_after, *deploy_not_before, *deploy_not_after, *wait;
	struct cli_list sans, add, remove, set;
	bool from_defaults, duplicate, cancel_pending, staging_bypass, missing, override, force, dry_run, clear;
};

#define AT(member) offsetof(struct wish, member)
/* `input`: its name for cps_ask(); NULL: it is dealt with here. */
static const struct row { const char *name; enum cli_kind kind; size_t offset; const char *argument, *help; unsigned commands; const char *input; } rows[] = {
	{ "config", CLI_TEXT, AT(desk.config_file), "FILE", "configuration; its part \"cps\" says which credentials", ~0u, NULL },
	{ "edgerc", CLI_TEXT, AT(desk.edgerc), "FILE", "credentials; without it the environment (AKAMAI_HOST, …) goes first", ~0u, NULL },
	{ "account", CLI_TEXT, AT(desk.account), "NAME", "account under cps.accounts; default: the main one", ~0u, NULL },
	{ "section", CLI_TEXT, AT(desk.section), "NAME", "section of that file; default: default", ~0u, NULL },
	{ "json", CLI_FLAG, AT(desk.json), NULL, "output for machines", ~0u, NULL },
	/* --set of an update is that of the enrollment, not that of the configuration. */
	{ "set", CLI_LIST, AT(desk.overrides), "KEY=VALUE", "changes one option of the configuration", ~(unsigned)UPDATE, NULL },
	{ "set", CLI_LIST, AT(set), "PATH=VALUE", "one member, as networkConfiguration.ocspStapling=on", UPDATE, "set" },
	{ "file", CLI_TEXT, AT(file), "FILE", "the enrollment, YAML or JSON, laid over cps.enrollment-defaults", CREATE, NULL },
	{ "file", CLI_TEXT, AT(file), "FILE", "members that change, YAML or JSON", UPDATE, NULL },
	{ "from-defaults", CLI_FLAG, AT(from_defaults), NULL, "from cps.enrollment-defaults, --profile, --cn and --san alone", CREATE, NULL },
	{ "profile", CLI_TEXT, AT(profile), "NAME", "a name under cps.profiles", CREATE, "profile" },
	{ "contract", CLI_TEXT, AT(contract), "ID", "contract it belongs to", CREATE, "contract" },
	{ "cn", CLI_TEXT, AT(cn), "NAME", "common name", CREATE, "cn" },
	{ "san", CLI_LIST, AT(sans), "NAME", "another name", CREATE, "add_sans" },
	{ "type", CLI_TEXT, AT(type), "TYPE", "dv or third-party", CREATE, NULL },
	{ "allow-duplicate-cn", CLI_FLAG, AT(duplicate), NULL, "also when an enrollment has this common name", CREATE, "allow_duplicate_cn" },
	{ "add-san", CLI_LIST, AT(add), "NAME", "another name", UPDATE, "add_sans" },
	{ "remove-san", CLI_LIST, AT(remove), "NAME", "a name less", UPDATE, "remove_sans" },
	{ "allow-cancel-pending-changes", CLI_FLAG, AT(cancel_pending), NULL, "a change that is pending is cancelled", UPDATE | RENEW | DELETE,
	  "allow_cancel_pending_changes" },
	{ "allow-staging-bypass", CLI_FLAG, AT(staging_bypass), NULL, "what changes no certificate need not wait for staging", UPDATE | RENEW,
	  "allow_staging_bypass" },
	{ "allow-missing-certificate-addition", CLI_FLAG, AT(missing), NULL, "third party: the other one of two certificates may come later", UPDATE | RENEW,
	  "allow_missing_certificate_addition" },
	{ "override-renewal-window", CLI_FLAG, AT(override), NULL, "also while CPS renews by itself", UPDATE | RENEW, "override_renewal_window" },
	{ "force", CLI_FLAG, AT(force), NULL, "also when its class is not managed, or its certificate ends within 14 days", EXISTING, "force" },
	{ "not-before", CLI_TEXT, AT(not_before), "TIME", "2027-01-31T12:00:00Z", SCHEDULE, "not_before" },
	{ "not-after", CLI_TEXT, AT(not_after), "TIME", "the same", SCHEDULE, "not_after" },
	{ "clear", CLI_FLAG, AT(clear), NULL, "as soon as it is ready", SCHEDULE, NULL },
	{ "deploy-not-before", CLI_TEXT, AT(deploy_not_before), "DATE", "not deployed before, 2027-01-31", CHANGES | DELETE, "deploy_not_before" },
	{ "deploy-not-after", CLI_TEXT, AT(deploy_not_after), "DATE", "nor after", CHANGES | DELETE, "deploy_not_after" },
	{ "dry-run", CLI_FLAG, AT(dry_run), NULL, "print what would be sent, and send nothing", ~0u, "dry_run" },
	{ "wait", CLI_OPTIONAL, AT(wait), "[=WHAT]", "follow to production, with progress; or to validation, issuance or slot (assigned to the network)", CHANGES, NULL },
	{ "wait", CLI_OPTIONAL, AT(wait), NULL, "until CPS does not know it any more", DELETE, NULL },
};
#undef AT

static const struct command { unsigned bit; const char *name, *what, *usage, *help; } commands[] = {
	{ CREATE, "cps create", "create", "cps create --file FILE | --from-defaults --cn NAME [--san NAME]", "Makes an enrollment." },
	{ UPDATE, "cps update", "update", "cps update ENROLLMENT",
	  "Changes an enrollment; what is not named stays as it is. Nothing is sent when nothing differs." },
	{ RENEW, "cps renew", "update", "cps renew ENROLLMENT", "Has CPS renew the certificate now." },
	{ DELETE, "cps delete", "delete", "cps delete ENROLLMENT", "Removes an enrollment and its certificate from the network." },
	{ CANCEL, "cps cancel", "cancel", "cps cancel ENROLLMENT [CHANGE]",
	  "Cancels a pending change, without CHANGE the newest. CPS waits half an hour then before it\n"
	  "renews by itself, and the CSRs of a third-party change are useless." },
	{ SCHEDULE, "cps schedule", "schedule", "cps schedule ENROLLMENT [CHANGE]",
	  "When a change is deployed: without an option it is shown. Only a renewal, or a change of a\n"
	  "certificate that is active, can wait." },
};

static const struct command *command_of(unsigned bit)
{
	const struct command *c = commands;

	while (c->bit != bit)
		c++;
	return c;
}

static void offer(struct wish *w, unsigned bit, struct cli_option options[OPTIONS_MAX])
{
	size_t count = 0;

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if (rows[i].commands & bit)
			options[count++] = (struct cli_option){ rows[i].name, rows[i].kind, (char *)w + rows[i].offset, rows[i].argument, rows[i].help, 0 };
	options[count] = (struct cli_option){ 0 };
}

/* ---- what is wanted, as cps_ask() takes it */

static void put_list(json_t *o, const char *key, const struct cli_list *list)
{
	json_t *array = list->count ? json_array() : NULL;

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->items[i]));
	if (array)
		json_object_set_new(o, key, array);
}

static void put(json_t *o, const struct row *row, const struct wish *w)
{
	const void *at = (const char *)w + row->offset;
	const char *text = row->kind == CLI_TEXT ? *(const char *const *)at : NULL;

	if (row->kind == CLI_LIST)
		put_list(o, row->input, at);
	else if (row->kind == CLI_FLAG && *(const bool *)at)
		json_object_set_new(o, row->input, json_true());
	else if (text)
		json_object_set_new(o, row->input, json_string(text));
}

static json_t *input_of(const struct wish *w, unsigned bit)
{
	json_t *o = json_object();

	for (size_t i = 0; i < ARRAY_LEN(rows); i++)
		if ((rows[i].commands & bit) && rows[i].input)
			put(o, &rows[i], w);
	if (bit == RENEW)
		json_object_set_new(o, "renew", json_true());
	if (bit == SCHEDULE && !w->not_before && !w->not_after && !w->clear)
		json_object_set_new(o, "look", json_true());
	return o;
}

static void put_type(json_t *input, const char *type)
{
	bool third = strcmp(type, "third-party") == 0;
	json_t *overlay = json_pack("{s:s, s:s, s:s, s:b}", "ra", third ? "third-party" : "lets-encrypt", "validationType", third ? "third-party" : "dv",
	                            "certificateType", third ? "third-party" : "san", "enableMultiStackedCertificates", 0);
	json_t *body = json_object_get(input, "body");

	if (body)
		json_object_update_missing(overlay, body);
	json_object_set_new(input, "body", overlay);
}

static int read_body(const struct wish *w, json_t *input)
{
	json_t *body = w->file ? cps_file_read(w->file) : NULL;

	if (w->file && !body)
		return EXIT_USAGE;
	if (body)
		json_object_set_new(input, "body", body);
	if (w->type)
		put_type(input, w->type);
	return EXIT_DONE;
}

/* ---- the answer */

static void print_request(const json_t *request)
{
	json_t *body = json_object_get(request, "body");

	printf("%s %s\n", json_text(request, "method"), json_text(request, "path"));
	printf("Accept: %s\n", json_text(request, "accept"));
	if (*json_text(request, "content_type"))
		printf("Content-Type: %s\n", json_text(request, "content_type"));
	if (!json_is_null(body)) {
		putchar('\n');
		print_json(body);
	}
}

static void print_schedule(const json_t *result)
{
	printf("change %lld is deployed %s%s", (long long)json_integer_value(json_object_get(result, "change")),
	       *json_text(result, "not_before") ? "from " : "as soon as it is ready", json_text(result, "not_before"));
	printf("%s%s\n", *json_text(result, "not_after") ? ", not after " : "", json_text(result, "not_after"));
}

static void print_written(const json_t *result)
{
	json_t *changes = json_object_get(result, "changes"), *one;
	size_t i;

	if (!changes) {
		print_schedule(result);
		return;
	}
	printf("enrollment %lld", (long long)json_integer_value(json_object_get(result, "enrollment")));
	json_array_foreach(changes, i, one)
		printf("%s %lld", i ? "," : ": change", (long long)json_integer_value(one));
	if (!json_array_size(changes) && json_is_true(json_object_get(result, "changed")))
		fputs(": done, without a change", stdout);
	putchar('\n');
	if (*json_text(result, "note"))
		desk_print_line(stdout, json_text(result, "note"));
}

int cps_report_written(const struct desk *d)
{
	json_t *refused = json_object_get(d->result, "refused"), *request = json_object_get(d->result, "request"), *one;
	size_t i;

	if (d->json) {
		print_json(d->result);
	} else if (refused) {
		json_array_foreach(refused, i, one) {
			fputs("dcvd: ", stderr);
			desk_print_line(stderr, json_string_value(one));
		}
	} else if (request) {
		print_request(request);
	} else {
		print_written(d->result);
	}
	return refused ? EXIT_USAGE : EXIT_DONE;
}

/* ---- following to the end */

/* Asks for the enrollment again and again until `is_over`. */
static int wait_until(struct wish *w, int64_t enrollment, bool (*is_over)(int code, const json_t *enrollment), const char *what)
{
	const struct timespec pause = { .tv_sec = PAUSE_S };

	cli_watch_interrupt();
	fprintf(stderr, "dcvd: waiting until enrollment %" PRId64 " %s\n", enrollment, what);
	while (!cli_interrupted) {
		int code = desk_try(&w->desk, "enrollment", json_pack("{s:I}", "enrollment", (json_int_t)enrollment));

		if (is_over(code, w->desk.result))
			return EXIT_DONE;
		nanosleep(&pause, NULL);
	}
	return EXIT_REFUSED;
}

static bool is_gone(int code, const json_t *enrollment)
{
	(void)enrollment;
	return code == ERR_NOT_FOUND;
}

static bool has_slot(int code, const json_t *enrollment)
{
	return code == 0 && json_array_size(json_object_get(enrollment, "assignedSlots")) > 0;
}

static int follow(struct wish *w, unsigned bit)
{
	const struct cli_service service = { .config = w->desk.config_file };
	int64_t enrollment = json_integer_value(json_object_get(w->desk.result, "enrollment"));
	bool slot = w->wait && strcmp(w->wait, "slot") == 0;
	int code;

	if (!w->wait || w->dry_run || !json_array_size(json_object_get(w->desk.result, "changes")))
		return EXIT_DONE;
	if (bit == DELETE)
		return wait_until(w, enrollment, is_gone, "is gone");
	code = cps_validate_and_follow(&service, enrollment, *w->wait && !slot ? w->wait : "production", w->force);
	return code == EXIT_DONE && slot ? wait_until(w, enrollment, has_slot, "has a slot on the network") : code;
}

/* ---- the commands */

static bool is_among(const char *text, const char *const *words)
{
	while (text && *words && strcmp(text, *words) != 0)
		words++;
	return !text || *words;
}

static int check(const struct wish *w, unsigned bit, int count)
{
	static const char *const types[] = { "dv", "third-party", NULL }, *const waits[] = { "", "validation", "issuance", "production", "slot", NULL };

	if (bit == CREATE && (count || !w->file == !w->from_defaults || (w->from_defaults && !w->cn)))
		return cli_usage_error("cps create", "either --file FILE, or --from-defaults with --cn NAME, is wanted");
	if (!is_among(w->type, types))
		return cli_usage_error("cps create", "--type is dv or third-party");
	if (!is_among(w->wait, waits))
		return cli_usage_error(command_of(bit)->name, "--wait is validation, issuance, production or slot");
	if (bit == UPDATE && !w->file && !w->add.count && !w->remove.count && !w->set.count)
		return cli_usage_error("cps update", "--file, --add-san, --remove-san or --set says what changes");
	return EXIT_DONE;
}

/* ENROLLMENT, and of some [CHANGE]. */
static bool read_words(const struct command *c, int count, char **rest, json_t *input)
{
	int most = c->bit & (CANCEL | SCHEDULE) ? 2 : 1;
	int64_t enrollment = 0, change = 0;

	if (c->bit == CREATE)
		return true;
	if (!desk_read_enrollment(c->name, count < 1 || count > most ? count : 1, rest, &enrollment) ||
	    (count == 2 && !desk_read_enrollment(c->name, 1, rest + 1, &change)))
		return false;
	json_object_set_new(input, "enrollment", json_integer((json_int_t)enrollment));
	if (change)
		json_object_set_new(input, "change", json_integer((json_int_t)change));
	return true;
}

static int run(unsigned bit, int argc, char **argv)
{
	const struct command *c = command_of(bit);
	struct cli_option options[OPTIONS_MAX];
	struct wish w = { 0 };
	json_t *input;
	char **rest;
	int count, code;

	offer(&w, bit, options);
	code = cli_parse(c->usage, c->help, options, argc, argv, &rest, &count);
	if (code)
		return code - 1;
	code = check(&w, bit, count);
	if (code != EXIT_DONE)
		return code;
	input = input_of(&w, bit);
	code = read_words(c, count, rest, input) ? read_body(&w, input) : EXIT_USAGE;
	if (code == EXIT_DONE)
		code = desk_ask(&w.desk, c->what, json_incref(input));
	json_decref(input);
	if (code == EXIT_DONE)
		code = cps_report_written(&w.desk);
	if (code == EXIT_DONE)
		code = follow(&w, bit);
	desk_close(&w.desk);
	return code;
}

int cps_cli_create(int argc, char **argv)
{
	return run(CREATE, argc, argv);
}

int cps_cli_update(int argc, char **argv)
{
	return run(UPDATE, argc, argv);
}

int cps_cli_renew(int argc, char **argv)
{
	return run(RENEW, argc, argv);
}

int cps_cli_delete(int argc, char **argv)
{
	return run(DELETE, argc, argv);
}

int cps_cli_cancel(int argc, char **argv)
{
	return run(CANCEL, argc, argv);
}

int cps_cli_schedule(int argc, char **argv)
{
	return run(SCHEDULE, argc, argv);
}
