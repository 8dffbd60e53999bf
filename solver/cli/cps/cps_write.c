/* dcvd cps create, update, renew, delete, cancel, schedule: what changes enrollments. */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "solver/base/mem.h"
#include "solver/cli/cps/cps_desk.h"
#include "solver/cli/cps/cps_file.h"

#define GONE_PAUSE_S 30

/* Every option of all of them; each command offers its own. */
struct wish {
	struct desk desk;
	const char *file, *contract, *profile, *cn, *type, *not_before, *not_after, *deploy_not_before, *deploy_not_after;
	struct cli_list sans, add, remove, set;
	bool from_defaults, duplicate, cancel_pending, staging_bypass, missing, override, force, renew, dry_run, wait, clear;
};

#define DEPLOY_OPTIONS(w) \
	{ "deploy-not-before", CLI_TEXT, &(w)->deploy_not_before, "DATE", "not deployed before, 2027-01-31" }, \
	{ "deploy-not-after", CLI_TEXT, &(w)->deploy_not_after, "DATE", "nor after" }, \
	{ "dry-run", CLI_FLAG, &(w)->dry_run, NULL, "print what would be sent, and send nothing" }, \
	{ "wait", CLI_FLAG, &(w)->wait, NULL, "follow to the end" }
#define UPDATE_OPTIONS(w) \
	{ "allow-cancel-pending-changes", CLI_FLAG, &(w)->cancel_pending, NULL, "a change that is pending is cancelled" }, \
	{ "allow-staging-bypass", CLI_FLAG, &(w)->staging_bypass, NULL, "what changes no certificate need not wait for staging" }, \
	{ "allow-missing-certificate-addition", CLI_FLAG, &(w)->missing, NULL, "third party: the other one of two certificates may come later" }, \
	{ "override-renewal-window", CLI_FLAG, &(w)->override, NULL, "also while CPS renews by itself" }, \
	{ "force", CLI_FLAG, &(w)->force, NULL, "also when the certificate ends within 14 days" }

static void put_text(json_t *o, const char *key, const char *text)
{
	if (text)
		json_object_set_new(o, key, json_string(text));
}

static void put_flag(json_t *o, const char *key, bool is)
{
	if (is)
		json_object_set_new(o, key, json_true());
}

static void put_list(json_t *o, const char *key, const struct cli_list *list)
{
	json_t *array = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(array, json_string(list->items[i]));
	if (list->count)
		json_object_set(o, key, array);
	json_decref(array);
}

static json_t *input_of(const struct wish *w, int64_t enrollment)
{
	json_t *o = json_object();

	if (enrollment)
		json_object_set_new(o, "enrollment", json_integer((json_int_t)enrollment));
	put_text(o, "contract", w->contract);
	put_text(o, "profile", w->profile);
	put_text(o, "cn", w->cn);
	put_text(o, "deploy_not_before", w->deploy_not_before);
	put_text(o, "deploy_not_after", w->deploy_not_after);
	put_text(o, "not_before", w->not_before);
	put_text(o, "not_after", w->not_after);
	put_list(o, "add_sans", w->sans.count ? &w->sans : &w->add);
	put_list(o, "remove_sans", &w->remove);
	put_list(o, "set", &w->set);
	put_flag(o, "allow_duplicate_cn", w->duplicate);
	put_flag(o, "allow_cancel_pending_changes", w->cancel_pending);
	put_flag(o, "allow_staging_bypass", w->staging_bypass);
	put_flag(o, "allow_missing_certificate_addition", w->missing);
	put_flag(o, "override_renewal_window", w->override);
	put_flag(o, "force", w->force);
	put_flag(o, "renew", w->renew);
	put_flag(o, "dry_run", w->dry_run);
	return o;
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

static void print_written(const json_t *result)
{
	json_t *changes = json_object_get(result, "changes"), *one;
	size_t i;

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

static int follow(struct wish *w)
{
	const struct cli_service service = { .config = w->desk.config_file };
	int64_t enrollment = json_integer_value(json_object_get(w->desk.result, "enrollment"));

	if (!w->wait || w->dry_run || !json_array_size(json_object_get(w->desk.result, "changes")))
		return EXIT_DONE;
	return cps_validate_and_follow(&service, enrollment);
}

static int write_and_report(struct wish *w, const char *what, json_t *input)
{
	int code = desk_ask(&w->desk, what, input);

	if (code == EXIT_DONE)
		code = cps_report_written(&w->desk);
	return code;
}

/* ---- the commands */

static int read_body(const char *file, json_t *input)
{
	json_t *body = file ? cps_file_read(file) : NULL;

	if (file && !body)
		return EXIT_USAGE;
	if (body)
		json_object_set_new(input, "body", body);
	return EXIT_DONE;
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

int cps_cli_create(int argc, char **argv)
{
	struct wish w = { 0 };
	const struct cli_option options[] = {
		DESK_OPTIONS(&w.desk),
		{ "file", CLI_TEXT, &w.file, "FILE", "the enrollment, YAML or JSON, laid over cps.enrollment-defaults" },
		{ "from-defaults", CLI_FLAG, &w.from_defaults, NULL, "from cps.enrollment-defaults, --profile, --cn and --san alone" },
		{ "profile", CLI_TEXT, &w.profile, "NAME", "a name under cps.profiles" },
		{ "contract", CLI_TEXT, &w.contract, "ID", "contract it belongs to" },
		{ "cn", CLI_TEXT, &w.cn, "NAME", "common name" },
		{ "san", CLI_LIST, &w.sans, "NAME", "another name" },
		{ "type", CLI_TEXT, &w.type, "TYPE", "dv or third-party" },
		{ "allow-duplicate-cn", CLI_FLAG, &w.duplicate, NULL, "also when an enrollment has this common name" },
		DEPLOY_OPTIONS(&w), { NULL },
	};
	char **rest;
	int count, code = cli_parse("cps create --file FILE | --from-defaults --cn NAME [--san NAME]", "Makes an enrollment.", options, argc, argv, &rest, &count);
	json_t *input;

	if (code)
		return code - 1;
	if (count || !w.file == !w.from_defaults || (w.from_defaults && !w.cn))
		return cli_usage_error("cps create", "either --file FILE, or --from-defaults with --cn NAME, is wanted");
	if (w.type && strcmp(w.type, "dv") != 0 && strcmp(w.type, "third-party") != 0)
		return cli_usage_error("cps create", "--type is dv or third-party");
	input = input_of(&w, 0);
	code = read_body(w.file, input);
	if (w.type)
		put_type(input, w.type);
	if (code == EXIT_DONE)
		code = write_and_report(&w, "create", json_incref(input));
	json_decref(input);
	if (code == EXIT_DONE)
		code = follow(&w);
	desk_close(&w.desk);
	return code;
}

static int update(struct wish *w, const char *command, const char *usage, const char *help, const struct cli_option *options, int argc, char **argv)
{
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse(usage, help, options, argc, argv, &rest, &count);
	json_t *input;

	if (code)
		return code - 1;
	if (!desk_read_enrollment(command, count, rest, &enrollment))
		return EXIT_USAGE;
	if (!w->renew && !w->file && !w->add.count && !w->remove.count && !w->set.count)
		return cli_usage_error(command, "--file, --add-san, --remove-san or --set says what changes");
	input = input_of(w, enrollment);
	code = read_body(w->file, input);
	if (code == EXIT_DONE)
		code = write_and_report(w, "update", json_incref(input));
	json_decref(input);
	if (code == EXIT_DONE)
		code = follow(w);
	desk_close(&w->desk);
	return code;
}

int cps_cli_update(int argc, char **argv)
{
	struct wish w = { 0 };
	const struct cli_option options[] = {
		DESK_BARE_OPTIONS(&w.desk),
		{ "file", CLI_TEXT, &w.file, "FILE", "members that change, YAML or JSON" },
		{ "add-san", CLI_LIST, &w.add, "NAME", "another name" },
		{ "remove-san", CLI_LIST, &w.remove, "NAME", "a name less" },
		{ "set", CLI_LIST, &w.set, "PATH=VALUE", "one member, as networkConfiguration.ocspStapling=on" },
		UPDATE_OPTIONS(&w), DEPLOY_OPTIONS(&w), { NULL },
	};

	/* --set is that of the enrollment here, not that of the configuration. */
	return update(&w, "cps update", "cps update ENROLLMENT", "Changes an enrollment; what is not named stays as it is. Nothing is sent when nothing differs.",
	              options, argc, argv);
}

int cps_cli_renew(int argc, char **argv)
{
	struct wish w = { .renew = true };
	const struct cli_option options[] = { DESK_OPTIONS(&w.desk), UPDATE_OPTIONS(&w), DEPLOY_OPTIONS(&w), { NULL } };

	return update(&w, "cps renew", "cps renew ENROLLMENT", "Has CPS renew the certificate now.", options, argc, argv);
}

/* Waits until CPS has deleted the enrollment. */
static int wait_until_gone(struct wish *w, int64_t enrollment)
{
	const struct timespec pause = { .tv_sec = GONE_PAUSE_S };

	cli_watch_interrupt();
	fprintf(stderr, "dcvd: waiting until enrollment %" PRId64 " is gone\n", enrollment);
	while (!cli_interrupted) {
		int code;

		nanosleep(&pause, NULL);
		code = desk_try(&w->desk, "enrollment", json_pack("{s:I}", "enrollment", (json_int_t)enrollment));
		if (code == ERR_NOT_FOUND)
			return EXIT_DONE;
	}
	return EXIT_REFUSED;
}

int cps_cli_delete(int argc, char **argv)
{
	struct wish w = { 0 };
	const struct cli_option options[] = {
		DESK_OPTIONS(&w.desk),
		{ "allow-cancel-pending-changes", CLI_FLAG, &w.cancel_pending, NULL, "a change that is pending is cancelled" },
		DEPLOY_OPTIONS(&w), { NULL },
	};
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps delete ENROLLMENT", "Removes an enrollment and its certificate from the network.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (!desk_read_enrollment("cps delete", count, rest, &enrollment))
		return EXIT_USAGE;
	code = write_and_report(&w, "delete", input_of(&w, enrollment));
	if (code == EXIT_DONE && w.wait && !w.dry_run && json_array_size(json_object_get(w.desk.result, "changes")))
		code = wait_until_gone(&w, enrollment);
	desk_close(&w.desk);
	return code;
}

/* ENROLLMENT [CHANGE] */
static bool read_both(const char *command, int count, char **rest, int64_t *enrollment, json_t *input)
{
	int64_t change = 0;

	if (count < 1 || count > 2 || !desk_read_enrollment(command, 1, rest, enrollment) ||
	    (count == 2 && !desk_read_enrollment(command, 1, rest + 1, &change)))
		return false;
	json_object_set_new(input, "enrollment", json_integer((json_int_t)*enrollment));
	if (change)
		json_object_set_new(input, "change", json_integer((json_int_t)change));
	return true;
}

int cps_cli_cancel(int argc, char **argv)
{
	struct wish w = { 0 };
	const struct cli_option options[] = {
		DESK_OPTIONS(&w.desk), { "dry-run", CLI_FLAG, &w.dry_run, NULL, "print what would be sent, and send nothing" }, { NULL },
	};
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps cancel ENROLLMENT [CHANGE]", "Cancels a pending change, without CHANGE the newest. CPS waits half an hour then before it\n"
	                            "renews by itself, and the CSRs of a third-party change are useless.", options, argc, argv, &rest, &count);
	json_t *input;

	if (code)
		return code - 1;
	input = input_of(&w, 0);
	if (!read_both("cps cancel", count, rest, &enrollment, input)) {
		json_decref(input);
		return EXIT_USAGE;
	}
	code = write_and_report(&w, "cancel", input);
	desk_close(&w.desk);
	return code;
}

int cps_cli_schedule(int argc, char **argv)
{
	struct wish w = { 0 };
	const struct cli_option options[] = {
		DESK_OPTIONS(&w.desk),
		{ "not-before", CLI_TEXT, &w.not_before, "TIME", "2027-01-31T12:00:00Z" },
		{ "not-after", CLI_TEXT, &w.not_after, "TIME", "" },
		{ "clear", CLI_FLAG, &w.clear, NULL, "as soon as it is ready" },
		{ "dry-run", CLI_FLAG, &w.dry_run, NULL, "print what would be sent, and send nothing" }, { NULL },
	};
	int64_t enrollment = 0;
	char **rest;
	int count, code = cli_parse("cps schedule ENROLLMENT [CHANGE]", "When a change is deployed; without an option \"dcvd cps show\" tells. Only a renewal, or a change of\n"
	                            "a certificate that is active, can wait.", options, argc, argv, &rest, &count);
	json_t *input;

	if (code)
		return code - 1;
	if (!w.not_before && !w.not_after && !w.clear)
		return cli_usage_error("cps schedule", "--not-before, --not-after or --clear is wanted");
	input = input_of(&w, 0);
	if (!read_both("cps schedule", count, rest, &enrollment, input)) {
		json_decref(input);
		return EXIT_USAGE;
	}
	code = write_and_report(&w, "schedule", input);
	desk_close(&w.desk);
	return code;
}
