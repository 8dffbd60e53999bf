#include "solver/cli/cps/doctor.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/cps/accounts.h"

#define NAMES_DEFAULT 20

/* In this order: each may need what the ones before it found. */
static const struct { const char *name; void (*run)(struct doctor *d); } checks[] = {
	{ "credentials", doctor_credentials }, { "host", doctor_host }, { "clock", doctor_clock }, { "signature", doctor_signature },
	{ "contracts", doctor_contracts }, { "account switch key", doctor_switch_key }, { "CPS read", doctor_read_grant },
	{ "CPS write", doctor_write_grant }, { "other grants", doctor_other_grants }, { "rate", doctor_rate },
	{ "inventory", doctor_inventory }, { "names", doctor_names },
};

/* ---- printing */

static void print_line(const json_t *line, bool several)
{
	const char *result = json_text(line, "result"), *remedy = json_text(line, "remedy"), *account = json_text(line, "account");
	CLEANUP(mem_freep) char *text = mem_printf("%s%s%s%s: %s%s%s", strcmp(result, "pass") == 0 ? "PASS  " : strcmp(result, "warn") == 0 ? "WARN  " : "FAIL  ",
	                                           several ? (*account ? account : "main") : "", several ? ": " : "", json_text(line, "check"),
	                                           json_text(line, "text"), *remedy ? "; " : "", remedy);

	desk_print_line(stdout, text);
}

static enum grade worst(const json_t *lines)
{
	enum grade found = GRADE_PASS;
	json_t *line;
	size_t i;

	json_array_foreach(lines, i, line)
		for (int g = GRADE_WARN; g <= GRADE_FAIL; g++)
			if (strcmp(json_text(line, "result"), doctor_grade_name((enum grade)g)) == 0 && (int)found < g)
				found = (enum grade)g;
	return found;
}

static void print_report(const struct doctor *d, bool several)
{
	json_t *line;
	size_t i;

	if (d->desk.json) {
		json_t *all = json_pack("{s:s, s:O}", "result", doctor_grade_name(worst(d->lines)), "checks", d->lines);

		print_json(all);
		json_decref(all);
		return;
	}
	json_array_foreach(d->lines, i, line)
		print_line(line, several);
}

/* ---- accounts */

static void forget_account(struct doctor *d)
{
	akamai_client_free(d->client);
	d->client = NULL;
	doctor_forget_answer(&d->answer);
	mem_replace(&d->date, NULL);
	json_decref(d->contracts);
	json_decref(d->enrollments);
	d->contracts = d->enrollments = NULL;
	d->over = false;
}

static void examine(struct doctor *d, const char *account)
{
	d->account = account;
	cps_account_describe(&d->desk.config->cps, account, &d->settings);
	d->client = akamai_client_new(d->desk.loop, d->desk.http, &d->settings);
	for (size_t i = 0; i < ARRAY_LEN(checks) && !d->over; i++) {
		d->check = checks[i].name;
		checks[i].run(d);
	}
	forget_account(d);
}

/* The main one, unless there are others and it has no credentials; or the one that is asked for. */
static bool main_is_meant(const struct doctor *d)
{
	struct akamai_account settings;
	struct akamai_client *client;
	struct err err;
	bool loads;

	if (d->desk.config->cps.account_count == 0)
		return true;
	cps_account_describe(&d->desk.config->cps, "", &settings);
	client = akamai_client_new(d->desk.loop, d->desk.http, &settings);
	loads = akamai_client_load(client, &err) == 0;
	akamai_client_free(client);
	return loads;
}

static int examine_all(struct doctor *d)
{
	const struct config_cps *cps = &d->desk.config->cps;
	bool found = !d->desk.account;

	if (!d->desk.account && main_is_meant(d))
		examine(d, "");
	for (size_t i = 0; i < cps->account_count; i++) {
		if (d->desk.account && strcmp(d->desk.account, cps->accounts[i].name) != 0)
			continue;
		examine(d, cps->accounts[i].name);
		found = true;
	}
	if (!found)
		return cli_usage_error("cps doctor", "there is no account \"%s\" under cps.accounts", d->desk.account);
	print_report(d, cps->account_count > 0);
	return worst(d->lines) == GRADE_FAIL ? EXIT_REFUSED : EXIT_DONE;
}

int cps_cli_doctor(int argc, char **argv)
{
	struct doctor d = { .names_max = NAMES_DEFAULT };
	const char *names = NULL;
	const struct cli_option options[] = {
		DESK_OPTIONS(&d.desk),
		{ "names", CLI_TEXT, &names, "N", "managed names whose DNS, CAA and web servers are looked at; default 20" }, { NULL },
	};
	char **rest;
	int count, code = cli_parse("cps doctor", "Examines what dcvd needs to work with CPS: credentials, host, clock, grants, limits, and the names. Writes\n"
	                            "nothing. Exit status 1 when something fails.", options, argc, argv, &rest, &count);

	if (code)
		return code - 1;
	if (count || (names && (!*names || strlen(names) > 4 || strspn(names, "0123456789") != strlen(names))))
		return cli_usage_error("cps doctor", count ? "\"%s\" is too much" : "--names is a number, not \"%s\"", count ? rest[0] : names);
	if (names)
		d.names_max = strtoll(names, NULL, 10);
	if (desk_open(&d.desk, &d.desk.err) < 0)
		return desk_complain_setup(&d.desk.err);
	d.lines = json_array();
	code = examine_all(&d);
	json_decref(d.lines);
	desk_close(&d.desk);
	return code;
}
