/* dcvd client: who may use the API.
 *
 * While the service runs, it holds the state folder and is asked; otherwise the store is opened directly. */
#include <pwd.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "solver/api/audit/audit.h"
#include "solver/api/audit/audit_chain.h"
#include "solver/api/access/clients.h"
#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/cli/cli.h"

/* Changes without the service are in the audit log too, under the user of this machine. */
static void note(struct store *store, const char *action, const char *name)
{
	const struct passwd *user = getpwuid(getuid());
	CLEANUP(mem_freep) char *who = user ? mem_printf("user:%s", user->pw_name) : mem_printf("user:%u", (unsigned)getuid());
	const struct audit_event event = { .door = "cli", .client = who, .peer = "local", .action = action, .name = name, .result = "ok" };
	struct err err;

	if (audit_append(store, &event, &err) < 0)
		fprintf(stderr, "dcvd: the audit log cannot be written: %s\n", err.text);
}

static int complain(const struct problem *p)
{
	fprintf(stderr, "dcvd: %s\n", p->err.text);
	return EXIT_REFUSED;
}

static void show_token(const struct cli_service *s, const json_t *client)
{
	const char *token = json_text(client, "token");

	if (s->json) {
		print_json(client);
		return;
	}
	printf("%s\n", token);
	if (isatty(STDOUT_FILENO))
		fprintf(stderr, "This is the bearer token of %s. It is not shown again.\n", json_text(client, "name"));
}

static json_t *client_of(struct store *store, const char *name, const char *token)
{
	const struct client *c;
	struct client_list *l;
	struct err err;
	json_t *all = NULL;

	if (client_list_load(store, &l, &err) < 0)
		return json_object();
	c = client_list_named(l, name);
	all = c ? client_json(c) : json_object();
	client_list_free(l);
	if (token)
		json_object_set_new(all, "token", json_string(token));
	return all;
}

/* ---- add ---- */

static json_t *texts(const struct cli_list *list)
{
	json_t *all = json_array();

	for (size_t i = 0; i < list->count; i++)
		json_array_append_new(all, json_string(list->items[i]));
	return all;
}

static int add_directly(struct store *store, const char *name, const json_t *grants_json_text, json_t **ret)
{
	struct problem problem = { 0 };
	struct grants *grants = NULL;
	char token[BEARER_SIZE];
	int code = grants_read(grants_json_text, &grants, &problem);

	if (code == 0)
		code = client_issue(store, name, grants, token, &problem);
	grants_free(grants);
	if (code < 0)
		return complain(&problem);
	note(store, "client.add", name);
	*ret = client_of(store, name, token);
	explicit_bzero(token, sizeof(token));
	return EXIT_DONE;
}

static int add_client(const struct cli_service *s, const char *name, json_t *grants, json_t **ret)
{
	struct store *store = NULL;
	int status = cli_open_store(s, true, &store);

	if (status < 0)
		return service_call(s, "POST", "/v1/clients", json_pack("{ss sO}", "name", name, "grants", grants), NULL, ret);
	if (status)
		return status;
	status = add_directly(store, name, grants, ret);
	store_close(store);
	return status;
}

struct add_options {
	struct cli_service s;
	struct cli_list grant, type, network, door, certificate, identity, any;
	const char *role, *rate;
	bool wildcard, no_wildcard;
};

#define GRANT_OPTIONS(o) \
	{ "role", CLI_TEXT, &(o)->role, "ROLE", "client (the default), reader (sees all, changes nothing) or operator" }, \
	{ "grant", CLI_LIST, &(o)->grant, "NAME", "www.a.example, *.a.example (below), .a.example (both), * (all; an operator, when no role is given); repeatable" }, \
	{ "wildcard", CLI_FLAG, &(o)->wildcard, NULL, "wildcard identifiers too, where a whole suffix is granted" }, \
	{ "type", CLI_LIST, &(o)->type, "TYPE", "only dns-01 or http-01; repeatable" }, \
	{ "door", CLI_LIST, &(o)->door, "DOOR", "only by rest, httpreq, acme-dns or cert-manager; repeatable" }, \
	{ "network", CLI_LIST, &(o)->network, "CIDR", "only from there; repeatable" }, \
	{ "rate", CLI_TEXT, &(o)->rate, "N/TIME", "at most so many changes, as 100/1m" }, \
	{ "certificate", CLI_LIST, &(o)->certificate, "WHICH", "known by its TLS certificate: sha256:<hex>, a subject as CN=a,O=b, or a common name; repeatable" }, \
	{ "identity", CLI_LIST, &(o)->identity, "USER", "known by X-Remote-User of the front proxy; repeatable" }

static json_t *grants_of(const struct add_options *o)
{
	const struct { const char *name; const struct cli_list *list; } lists[] = { { "identifiers", &o->grant }, { "types", &o->type },
		{ "networks", &o->network }, { "doors", &o->door }, { "certificates", &o->certificate }, { "identities", &o->identity } };
	json_t *grants = json_object();

	for (size_t i = 0; i < ARRAY_LEN(lists); i++)
		if (lists[i].list->count)
			json_object_set_new(grants, lists[i].name, texts(lists[i].list));
	if (o->rate)
		json_object_set_new(grants, "rate", json_string(o->rate));
	if (o->role)
		json_object_set_new(grants, "role", json_string(o->role));
	if (o->wildcard || o->no_wildcard)
		json_object_set_new(grants, "wildcard", json_boolean(o->wildcard));
	return grants;
}

/* Mistakes that can be found without the service, such as an unknown role. */
static int check_grants(const char *command, const json_t *all)
{
	struct problem problem = { 0 };
	struct grants *grants = NULL;
	int code = grants_read(all, &grants, &problem);

	grants_free(grants);
	return code < 0 ? cli_usage_error(command, "%s", problem.err.text) : 0;
}

static int add(int argc, char **argv)
{
	struct add_options o = { 0 };
	const struct cli_option options[] = { GRANT_OPTIONS(&o), CLI_SERVICE_OPTIONS(&o.s), { NULL } };
	json_t *grants, *client = NULL;
	int count, status = cli_parse("client add NAME --grant NAME… | --role reader", "Creates a client and prints its bearer token, this once.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count != 1)
		return cli_usage_error("client add", "give one name");
	grants = grants_of(&o);
	status = check_grants("client add", grants);
	if (!status)
		status = add_client(&o.s, argv[0], grants, &client);
	if (status == EXIT_DONE)
		show_token(&o.s, client);
	json_decref(grants);
	json_decref(client);
	return status;
}

/* ---- list, show ---- */

static json_t *all_of(struct store *store)
{
	struct client_list *l;
	struct err err;
	json_t *all = json_array();

	if (client_list_load(store, &l, &err) < 0)
		return all;
	for (size_t i = 0; i < l->count; i++)
		json_array_append_new(all, client_json(&l->items[i]));
	client_list_free(l);
	return all;
}

static int read_clients(const struct cli_service *s, json_t **ret)
{
	struct store *store = NULL;
	int status = cli_open_store(s, false, &store);

	if (status < 0)
		return service_call(s, "GET", "/v1/clients", NULL, NULL, ret);
	if (status)
		return status;
	*ret = json_pack("{so}", "clients", all_of(store));
	store_close(store);
	return EXIT_DONE;
}

static char *joined(const json_t *array)
{
	struct buf b = BUF_INIT(65536);
	json_t *item;
	size_t i;

	json_array_foreach(array, i, item)
		buf_printf(&b, "%s%s", i ? " " : "", json_string_value(item));
	return buf_take(&b);
}

static const char *or_any(const char *text)
{
	return *text ? text : "any";
}

static void print_clients(const json_t *all)
{
	static const char *const headings[] = { "NAME", "ROLE", "STATE", "AGE", "WILDCARD", "TYPES", "DOORS", "NETWORKS", "RATE", "GRANTS", NULL };
	struct table *t = table_new(headings);
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(all, "clients"), i, c) {
		const json_t *grants = json_object_get(c, "grants");
		CLEANUP(mem_freep) char *names = joined(json_object_get(grants, "identifiers"));
		CLEANUP(mem_freep) char *types = joined(json_object_get(grants, "types"));
		CLEANUP(mem_freep) char *networks = joined(json_object_get(grants, "networks"));
		CLEANUP(mem_freep) char *doors = joined(json_object_get(grants, "doors"));
		char age[16];
		const char *const cells[] = { json_text(c, "name"), json_text(c, "role"), json_is_true(json_object_get(c, "revoked")) ? "revoked" : "active",
			                      age_text(json_text(c, "created"), age), json_is_true(json_object_get(grants, "wildcard")) ? "yes" : "no",
			                      types, or_any(doors), or_any(networks), or_any(json_text(grants, "rate")), names, NULL };

		table_row(t, cells);
	}
	table_print_free(t);
}

static void print_line(const char *heading, const char *text)
{
	if (*text)
		printf("%-13s %s\n", heading, text);
}

static void print_client(const json_t *c)
{
	static const char *const lists[][2] = { { "identifiers", "" }, { "types", "" }, { "doors", "any" }, { "networks", "any" },
		                                { "certificates", "" }, { "identities", "" } };
	const json_t *grants = json_object_get(c, "grants");

	print_line("name", json_text(c, "name"));
	print_line("role", json_text(c, "role"));
	print_line("state", json_is_true(json_object_get(c, "revoked")) ? "revoked" : "active");
	print_line("created", json_text(c, "created"));
	print_line("wildcard", json_is_true(json_object_get(grants, "wildcard")) ? "yes" : "no");
	print_line("rate", or_any(json_text(grants, "rate")));
	for (size_t i = 0; i < ARRAY_LEN(lists); i++) {
		CLEANUP(mem_freep) char *text = joined(json_object_get(grants, lists[i][0]));

		print_line(lists[i][0], *text ? text : lists[i][1]);
	}
}

static int list(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *all = NULL;
	int count, status = cli_parse("client list", "All clients.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	status = read_clients(&s, &all);
	if (status == EXIT_DONE && s.json)
		print_json(all);
	else if (status == EXIT_DONE)
		print_clients(all);
	json_decref(all);
	return status;
}

static const json_t *named(const json_t *all, const char *name)
{
	json_t *c;
	size_t i;

	json_array_foreach(json_object_get(all, "clients"), i, c)
		if (strcmp(json_text(c, "name"), name) == 0)
			return c;
	return NULL;
}

static int show(int argc, char **argv)
{
	struct cli_service s = { 0 };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), { NULL } };
	json_t *all = NULL;
	int count, status = cli_parse("client show NAME", "One client and its grants.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count != 1)
		return cli_usage_error("client show", "give one name");
	status = read_clients(&s, &all);
	if (status == EXIT_DONE && !named(all, argv[0])) {
		fprintf(stderr, "dcvd: there is no client %s\n", argv[0]);
		status = EXIT_REFUSED;
	} else if (status == EXIT_DONE && s.json) {
		print_json(named(all, argv[0]));
	} else if (status == EXIT_DONE) {
		print_client(named(all, argv[0]));
	}
	json_decref(all);
	return status;
}

/* ---- set ---- */

static int set_directly(struct store *store, const char *name, const json_t *patch, json_t **ret)
{
	struct problem problem = { 0 };

	if (client_set(store, name, patch, &problem) < 0)
		return complain(&problem);
	note(store, "client.set", name);
	*ret = client_of(store, name, NULL);
	return EXIT_DONE;
}

static int set_client(const struct cli_service *s, const char *name, json_t *patch, json_t **ret)
{
	CLEANUP(mem_freep) char *escaped = url_escape(name);
	CLEANUP(mem_freep) char *path = mem_printf("/v1/clients/%s", escaped);
	struct store *store = NULL;
	int status = cli_open_store(s, true, &store);

	if (status < 0)
		return service_call(s, "PATCH", path, json_pack("{sO}", "grants", patch), NULL, ret);
	if (status)
		return status;
	status = set_directly(store, name, patch, ret);
	store_close(store);
	return status;
}

/* The restrictions to remove, as null in the patch. */
static int lift(const struct cli_list *any, json_t *patch)
{
	static const char *const names[][2] = { { "type", "types" }, { "door", "doors" }, { "network", "networks" }, { "rate", "rate" },
		                                { "certificate", "certificates" }, { "identity", "identities" } };

	for (size_t i = 0; i < any->count; i++) {
		size_t k = 0;

		while (k < ARRAY_LEN(names) && strcmp(names[k][0], any->items[i]) != 0)
			k++;
		if (k == ARRAY_LEN(names))
			return cli_usage_error("client set", "--lift is type, door, network, rate, certificate or identity, not \"%s\"", any->items[i]);
		json_object_set_new(patch, names[k][1], json_null());
	}
	return 0;
}

static int set(int argc, char **argv)
{
	struct add_options o = { 0 };
	const struct cli_option options[] = { GRANT_OPTIONS(&o), { "no-wildcard", CLI_FLAG, &o.no_wildcard, NULL, "remove the right to wildcard identifiers" },
		{ "lift", CLI_LIST, &o.any, "OPTION", "remove a restriction (type, door, network, rate), a certificate or an identity; repeatable" },
		CLI_SERVICE_OPTIONS(&o.s), { NULL } };
	json_t *patch, *client = NULL;
	int count, status = cli_parse("client set NAME [--grant NAME…] [--type TYPE…] …", "Changes what a client is granted, at once. Each option replaces the old setting; other settings stay.\n"
	                              "What the client published before stays until it withdraws it, which it may in any case.", options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	patch = grants_of(&o);
	status = lift(&o.any, patch);
	if (!status && (count != 1 || !json_object_size(patch) || (o.wildcard && o.no_wildcard)))
		status = cli_usage_error("client set", "give one name, and at least one option to change");
	if (!status)
		status = set_client(&o.s, argv[0], patch, &client);
	if (!status && o.s.json)
		print_json(client);
	else if (!status)
		print_client(client);
	json_decref(patch);
	json_decref(client);
	return status;
}

/* ---- rotate, revoke ---- */

static int rotate_directly(struct store *store, const char *name, json_t **ret)
{
	struct problem problem = { 0 };
	char token[BEARER_SIZE];

	if (client_rotate(store, name, token, &problem) < 0)
		return complain(&problem);
	note(store, "client.rotate", name);
	*ret = client_of(store, name, token);
	explicit_bzero(token, sizeof(token));
	return EXIT_DONE;
}

static int revoke_directly(struct store *store, const char *name, json_t **ret)
{
	struct problem problem = { 0 };

	if (client_revoke(store, name, &problem) < 0)
		return complain(&problem);
	note(store, "client.revoke", name);
	*ret = client_of(store, name, NULL);
	return EXIT_DONE;
}

struct change {
	const char *usage, *about, *method, *path; /* path: what follows the name */
	int (*directly)(struct store *store, const char *name, json_t **ret);
	bool revokes;
};

/* The journal is open here, not the engine, which alone can give records to another client. */
static int change_directly(struct store *store, const struct change *change, const char *name, const char *keep_for, json_t **ret)
{
	int status;

	if (keep_for) {
		fputs("dcvd: --keep-for needs the running service; start it and repeat this\n", stderr);
		return EXIT_REACH;
	}
	status = change->directly(store, name, ret);
	if (status == EXIT_DONE && change->revokes)
		fputs("dcvd: what it published is withdrawn when the service starts\n", stderr);
	return status;
}

static int change_client(const struct cli_service *s, const struct change *change, const char *name, const char *keep_for, json_t **ret)
{
	CLEANUP(mem_freep) char *heir = keep_for ? url_escape(keep_for) : NULL;
	CLEANUP(mem_freep) char *escaped = url_escape(name);
	CLEANUP(mem_freep) char *path = mem_printf("/v1/clients/%s%s%s%s", escaped, change->path, heir ? "?keep_for=" : "", heir ? heir : "");
	struct store *store = NULL;
	int status = cli_open_store(s, false, &store);

	if (status < 0)
		return service_call(s, change->method, path, NULL, NULL, ret);
	if (status)
		return status;
	status = change_directly(store, change, name, keep_for, ret);
	store_close(store);
	return status;
}

static void print_count(const json_t *client, const char *key, const char *what, const char *whom)
{
	json_int_t count = json_integer_value(json_object_get(client, key));

	printf("; %lld challenge%s %s%s", (long long)count, count == 1 ? " is" : "s are", what, whom);
}

/* Only a running service counts. */
static void print_revoked(const char *name, const json_t *client, const char *heir)
{
	bool counted = json_object_get(client, "withdrawn") != NULL;

	printf("%s is revoked", name);
	if (counted && heir)
		print_count(client, "handed_over", "handed over to ", heir);
	if (counted && (!heir || json_integer_value(json_object_get(client, "withdrawn"))))
		print_count(client, "withdrawn", "being withdrawn", "");
	putchar('\n');
}

static int run_change(const struct change *change, int argc, char **argv)
{
	struct cli_service s = { 0 };
	const char *keep_for = NULL;
	const struct cli_option keep = { "keep-for", CLI_TEXT, &keep_for, "OTHER", "hand its records over to that client instead of withdrawing them" };
	const struct cli_option options[] = { CLI_SERVICE_OPTIONS(&s), change->revokes ? keep : (struct cli_option){ NULL }, { NULL } };
	json_t *client = NULL;
	int count, status = cli_parse(change->usage, change->about, options, argc, argv, &argv, &count);

	if (status)
		return status - 1;
	if (count != 1)
		return cli_usage_error(change->revokes ? "client revoke" : "client rotate", "give one name");
	status = change_client(&s, change, argv[0], keep_for, &client);
	if (status == EXIT_DONE && *json_text(client, "token"))
		show_token(&s, client);
	else if (status == EXIT_DONE && s.json)
		print_json(client);
	else if (status == EXIT_DONE)
		print_revoked(argv[0], client, keep_for);
	json_decref(client);
	return status;
}

static int rotate(int argc, char **argv)
{
	static const struct change change = { "client rotate NAME", "A new token, printed this once; the old one ends at once.", "POST", "/rotate", rotate_directly, false };

	return run_change(&change, argc, argv);
}

static int withdraw_token(int argc, char **argv)
{
	static const struct change change = { "client revoke NAME", "The token ends at once, and what the client published is withdrawn.", "DELETE", "",
		                               revoke_directly, true };

	return run_change(&change, argc, argv);
}

static const struct cli_command commands[] = {
	{ "add", add, "NAME --grant NAME…", "create one and print its token" },
	{ "set", set, "NAME --grant NAME…", "change what it is granted" },
	{ "list", list, "", "all" },
	{ "show", show, "NAME", "one" },
	{ "rotate", rotate, "NAME", "a new token" },
	{ "revoke", withdraw_token, "NAME [--keep-for OTHER]", "end its token, and withdraw or hand over its records" },
	{ NULL },
};

int cli_client(int argc, char **argv)
{
	return cli_dispatch(commands, "client", argc, argv);
}
