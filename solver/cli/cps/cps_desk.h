/* What the commands of `dcvd cps` share: a loop, the credentials here, and one answer of CPS. */
#ifndef SOLVER_CLI_CPS_DESK_H
#define SOLVER_CLI_CPS_DESK_H

#include "solver/cli/common/common.h"
#include "solver/cps/cps.h"

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

#define DESK_BARE_OPTIONS(d) \
	{ "config", CLI_TEXT, &(d)->config_file, "FILE", "configuration; its part \"cps\" says which credentials" }, \
	{ "edgerc", CLI_TEXT, &(d)->edgerc, "FILE", "credentials; without it the environment (AKAMAI_HOST, …) goes first" }, \
	{ "account", CLI_TEXT, &(d)->account, "NAME", "account under cps.accounts; default: the main one" }, \
	{ "section", CLI_TEXT, &(d)->section, "NAME", "section of that file; default: default" }, \
	{ "json", CLI_FLAG, &(d)->json, NULL, "output for machines" }

#define DESK_OPTIONS(d) \
	DESK_BARE_OPTIONS(d), \
	{ "set", CLI_LIST, &(d)->overrides, "KEY=VALUE", "changes one option of the configuration" }

int desk_complain(const struct err *err); /* of CPS; an exit status */
int desk_complain_setup(const struct err *err); /* nothing was asked yet: the configuration or the credentials are wrong */
int desk_open(struct desk *d, struct err *err);
void desk_close(struct desk *d);
/* Asks CPS for something (cps.h) and waits; `input` is taken. EXIT_DONE: d->result holds the answer; otherwise it is printed why not. */
int desk_ask(struct desk *d, const char *what, json_t *input);
/* The same without a word about failure: 0 and d->result, or a code of err.h. */
int desk_try(struct desk *d, const char *what, json_t *input);
/* Waits for the answer to what was started with `code`; an exit status. */
int desk_wait(struct desk *d, int code);
bool desk_read_enrollment(const char *command, int count, char **rest, int64_t *ret);
/* CPS wrote it: nothing of it may steer the terminal. */
void desk_print_line(FILE *out, const char *text);

/* Prints what a command that writes did, would do, or was refused; an exit status. */
int cps_report_written(const struct desk *d); /* cps_write.c */

int cps_cli_list(int argc, char **argv); /* cps_show.c */
int cps_cli_show(int argc, char **argv);
int cps_cli_create(int argc, char **argv); /* cps_write.c */
int cps_cli_update(int argc, char **argv);
int cps_cli_renew(int argc, char **argv);
int cps_cli_delete(int argc, char **argv);
int cps_cli_cancel(int argc, char **argv);
int cps_cli_schedule(int argc, char **argv);
int cps_cli_deployments(int argc, char **argv); /* cps_read.c */
int cps_cli_history(int argc, char **argv);
int cps_cli_active(int argc, char **argv);
int cps_cli_warnings(int argc, char **argv);
int cps_cli_inventory(int argc, char **argv);
int cps_cli_approve(int argc, char **argv);
int cps_cli_apply(int argc, char **argv); /* cps_apply.c */
int cps_cli_export(int argc, char **argv);
int cps_cli_doctor(int argc, char **argv); /* doctor.c */
/* cps.c: the service validates the enrollment, and this follows it. */
int cps_cli_validate(int argc, char **argv); /* cps_validate.c */
/* Also when its class is not managed, with `force`. `follow`: "validation", "issuance" or "production". */
int cps_validate_and_follow(const struct cli_service *s, int64_t enrollment, const char *follow, bool force);

#endif
