/* Hooks: what ACME clients with a hook of their own call, each with its own words.
 *
 * A client's file (hook_certbot.c, …) reads its arguments or environment into items, and says what is to be done
 * with them; hook.c does it, either through the service or with an engine in this process (--standalone). What a
 * client presents lives two hours at most: clients that are killed never clean up. */
#ifndef SOLVER_CLI_HOOK_H
#define SOLVER_CLI_HOOK_H

#include "solver/cli/common/common.h"

int cli_hook(int argc, char **argv);

struct alone;

/* One challenge in the words of its client, borrowed. */
struct hook_item {
	const char *type;   /* "dns-01" or "http-01" */
	const char *domain; /* without "*." */
	const char *token;  /* NULL for dns-01 */
	const char *proof;  /* dns-01: the TXT value; http-01: the key authorization */
	const char *record_name; /* dns-01: another name than "_acme-challenge." + domain; or NULL */
};

struct hook {
	const char *client; /* "certbot" */
	struct cli_service service;
	const char *types, *deadline, *lifetime;
	struct cli_list overrides;
	bool standalone;
	const struct hook_backend *backend;
	struct alone *alone;
};

/* Where the work is done. All return an exit status and print their own complaint. Challenges are JSON as in the API:
 * at least id, state, type, domain, reason, and value or token. */
struct hook_backend {
	int (*open)(struct hook *h);
	/* Journalled when it returns. Gives *ret, an array. */
	int (*submit)(struct hook *h, const struct hook_item *items, size_t count, json_t **ret);
	/* The challenges of a name, newest first. Gives *ret, an array. */
	int (*list)(struct hook *h, const char *domain, json_t **ret);
	/* Waits until it is ready or over. Gives *ret. */
	int (*settle)(struct hook *h, const char *id, json_t **ret);
	int (*release)(struct hook *h, const char *id);
	/* Waits until released challenges are gone, when no service does that. */
	int (*finish)(struct hook *h);
	void (*close)(struct hook *h);
};
extern const struct hook_backend hook_service, hook_alone;

/* Presents all items as one order and leaves them to it. Gives *ret (array of challenges; NULL allowed). */
int hook_present(struct hook *h, const struct hook_item *items, size_t count, json_t **ret);
/* Waits until all of `challenges` are ready; prints why a challenge is not. */
int hook_await(struct hook *h, const json_t *challenges);
/* Both; when one cannot be ready, all are withdrawn again: the client gives up and may never clean up. */
int hook_solve(struct hook *h, const struct hook_item *items, size_t count);
/* Releases what was presented with the same name and proof, or with an id in `ids` (NULL allowed). A missing challenge
 * is no error. */
int hook_release(struct hook *h, const struct hook_item *item, const char *ids);
/* False, with a sentence, for a type that dcvd does not serve or that --types leaves out. */
bool hook_serves(const struct hook *h, const char *type, const char *domain);
/* "http-01" or "dns-01" by the form of the proof, NULL for any other. */
const char *hook_type_of(const char *token, const char *proof);
/* A sentence for the client's log, "dcvd hook CLIENT: …". Returns EXIT_REFUSED. */
int hook_complain(const struct hook *h, const char *format, ...) __attribute__((format(printf, 2, 3)));

/* ---- the clients: argv[0] is the verb ---- */
int hook_certbot(struct hook *h, int argc, char **argv);
int hook_dehydrated(struct hook *h, int argc, char **argv);
int hook_uacme(struct hook *h, int argc, char **argv);
int hook_lego(struct hook *h, int argc, char **argv);

#endif
