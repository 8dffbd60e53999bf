/* What the commands share.
 *
 * A command gets its own name as argv[0] and returns the exit status. Human text goes to a terminal, --json is
 * for machines and stable; progress and complaints go to stderr. */
#ifndef SOLVER_CLI_COMMON_H
#define SOLVER_CLI_COMMON_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

enum {
	EXIT_DONE = 0,
	EXIT_REFUSED = 1, /* not ready, not passed, refused */
	EXIT_USAGE = 2,   /* usage or configuration */
	EXIT_REACH = 3,   /* the service, or what it needs, cannot be reached */
	EXIT_DAMAGED = 4, /* the journal is not what was written: somebody must decide */
};

struct cli_command {
	const char *name;
	int (*run)(int argc, char **argv);
	const char *arguments;
	const char *help;
};

/* ---- groups of commands: dispatch.c ---- */
/* Runs a command of a table ended by a row without name; argv[0] is the group's name, argv[1] the command's. */
int cli_dispatch(const struct cli_command *table, const char *group, int argc, char **argv);

/* ---- options: args.c ---- */
#define CLI_LIST_MAX 64
struct cli_list { const char *items[CLI_LIST_MAX + 1]; size_t count; };

enum cli_kind {
	CLI_FLAG /* bool */, CLI_TEXT /* const char * */, CLI_LIST, /* struct cli_list */
	CLI_OPTIONAL, /* const char *: --name is "", --name=value the value */
};
struct cli_option {
	const char *name;     /* "server", without dashes; NULL ends the table */
	enum cli_kind kind;
	void *target;
	const char *argument; /* "URL" */
	const char *help;
	char letter;          /* also "-s"; 0: none */
};

/* Takes the options out of argv, wherever they stand up to "--"; what is left is argv[0 … *ret_count-1], without
 * the command's name. Returns 0, or an exit status + 1 when the command is over (help, wrong usage). */
int cli_parse(const char *usage, const char *about, const struct cli_option *table, int argc, char **argv,
              char ***ret_rest, int *ret_count);
int cli_usage_error(const char *command, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- the service: client_http.c ---- */
struct cli_service {
	const char *server;     /* --server, $DCVD_SERVER, api.listen of --config, http://127.0.0.1:8053 */
	const char *token_file; /* --token-file; else $DCVD_TOKEN, $DCVD_TOKEN_FILE, <state>/operator.token on loopback */
	const char *config;
	const char *state;
	const char *ca_file;    /* --ca-file, $DCVD_CA_FILE */
	bool json;
};

#define CLI_SERVICE_OPTIONS(s) \
	{ "server", CLI_TEXT, &(s)->server, "URL", "the service (also $DCVD_SERVER); default http://127.0.0.1:8053" }, \
	{ "token-file", CLI_TEXT, &(s)->token_file, "FILE", "bearer token (also $DCVD_TOKEN, $DCVD_TOKEN_FILE); default: that of the operator" }, \
	{ "ca-file", CLI_TEXT, &(s)->ca_file, "FILE", "CA certificates of an https:// service (also $DCVD_CA_FILE); default: the system's" }, \
	{ "config", CLI_TEXT, &(s)->config, "FILE", "configuration: where the service listens and keeps its state" }, \
	{ "state", CLI_TEXT, &(s)->state, "DIR", "state folder, when it is not that of the configuration" }, \
	{ "json", CLI_FLAG, &(s)->json, NULL, "output for machines" }

/* One call. Takes `body` (or NULL). Returns an exit status; on success *ret (free with json_decref; NULL allowed)
 * and *ret_status (NULL allowed). A refusal is printed to stderr as the sentence of the service. */
int service_call(const struct cli_service *s, const char *method, const char *path, json_t *body, int *ret_status, json_t **ret);
/* The folder in use: --state, that of --config, the default. Gives (free with free), NULL: printed. */
char *service_state(const struct cli_service *s);
struct store;
/* 0 and a store (store_close), -1: ask the service, which holds it; or an exit status. Where there is no journal, one is made only with `make`. */
int cli_open_store(const struct cli_service *s, bool make, struct store **ret);
/* "a b" -> "a%20b"; gives (free with free). */
char *url_escape(const char *text);
/* Set by SIGINT and SIGTERM once cli_watch_interrupt() was called; calls under way end. */
extern volatile int cli_interrupted;
void cli_watch_interrupt(void);

/* ---- waiting and presenting: follow.c ---- */
struct cli_challenge {
	const char *type, *domain, *token, *key_authorization, *value, *record_name, *account_uri, *account_thumbprint, *deadline, *lifetime;
	bool raw;
};
#define CLI_CHALLENGE_OPTIONS(c) \
	{ "type", CLI_TEXT, &(c)->type, "TYPE", "dns-01 (the default), http-01, dns-account-01 or dns-persist-01" }, \
	{ "token", CLI_TEXT, &(c)->token, "TOKEN", "http-01: the token of the authority" }, \
	{ "key-authorization", CLI_TEXT, &(c)->key_authorization, "K", "token.thumbprint" }, \
	{ "value", CLI_TEXT, &(c)->value, "VALUE", "DNS types: the finished TXT value, instead of the key authorization" }, \
	{ "record-name", CLI_TEXT, &(c)->record_name, "NAME", "DNS types: the name to write, when it is another than the type prescribes" }, \
	{ "account-uri", CLI_TEXT, &(c)->account_uri, "URL", "dns-account-01, dns-persist-01: the account at the authority" }, \
	{ "account-thumbprint", CLI_TEXT, &(c)->account_thumbprint, "T", "dns-persist-01 where the authority wants a digest: of the account's key" }, \
	{ "raw", CLI_FLAG, &(c)->raw, NULL, "also what no authority can ask for (a value that is no digest); for operators" }, \
	{ "deadline", CLI_TEXT, &(c)->deadline, "TIME", "ready by then, or failed (10m)" }, \
	{ "lifetime", CLI_TEXT, &(c)->lifetime, "TIME", "withdrawn after that at the latest (7d); 0s with dns-persist-01: never" }
/* Presents; gives *ret, the challenge as JSON. */
int challenge_present(const struct cli_service *s, const struct cli_challenge *c, json_t **ret);
/* What a challenge that is not ready waits for, in a sentence; gives. */
char *challenge_waits(const json_t *challenge);
/* Waits until it is ready or over, with progress on a terminal. Replaces *challenge. EXIT_DONE: ready. */
int challenge_follow(const struct cli_service *s, const char *timeout, json_t **challenge);

/* ---- output: output.c ---- */
void print_json(const json_t *j);
/* The columns that UTF-8 text takes on a terminal, one a character. */
int text_columns(const char *text);
const char *json_text(const json_t *object, const char *key); /* "" when it is not a text */
const char *challenge_why(const json_t *challenge); /* why it failed, or why it does not go on now; "" when neither is known */
const char *state_colour(const char *state); /* "" when stdout is no terminal */
const char *colour_end(void);
/* "5m", "3h", "2d" since an RFC 3339 time. */
const char *age_text(const char *time, char text[16]);

/* A table whose columns fit their content. Cells are copied. */
struct table;
struct table *table_new(const char *const *headings); /* NULL-ended */
void table_row(struct table *t, const char *const *cells);
void table_print_free(struct table *t);
void table_free(struct table *t);

#endif
