#include "solver/conf/cps.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/buf.h"
#include "solver/base/mem.h"
#include "solver/conf/check.h"
#include "solver/conf/duration.h"
#include "solver/conf/window.h"
#include "solver/conf/yaml_json.h"

#define DAY (24LL * 3600 * 1000)
#define JSON_MAX (256 * 1024)

const char *const cps_keys[] = { "accounts", "classes", "policies", "profiles", "enrollment-defaults", NULL };

static const char *const class_names[] = { [CPS_CLASS_MONITORED] = "monitored", [CPS_CLASS_MANAGED] = "managed", [CPS_CLASS_IGNORED] = "ignored", NULL };
static const char *const management_names[] = {
	[CPS_MANAGEMENT_HOLD] = "hold", [CPS_MANAGEMENT_ACKNOWLEDGE] = "acknowledge", [CPS_MANAGEMENT_APPROVE] = "approve", NULL,
};
static const char *const follow_names[] = {
	[CPS_UNTIL_VALIDATION] = "validation", [CPS_UNTIL_ISSUANCE] = "issuance", [CPS_UNTIL_PRODUCTION] = "production", NULL,
};

/* "21d" */
static const char *check_duration(const char *text)
{
	int64_t ms;

	return duration_parse(text, &ms) < 0 || ms <= 0 ? "expected a duration, as 21d or 12h" : NULL;
}

static const char *check_edge(const char *text)
{
	const char *colon = strrchr(text, ':');
	long port = colon ? strtol(colon + 1, NULL, 10) : 443;
	CLEANUP(mem_freep) char *host = mem_dup_n(text, colon ? (size_t)(colon - text) : strlen(text));

	if (colon && (strspn(colon + 1, "0123456789") != strlen(colon + 1) || port < 1 || port > 65535))
		return "expected a host, or host:port";
	return check_domain(host);
}

#define AT(member) offsetof(struct config_cps_account, member)
static const struct option account_options[] = {
	{ "edgerc", OPTION_PATH, AT(edgerc), .min = 1, .max = 1024, .help = "File with its credentials; default: that of cps." },
	{ "section", OPTION_TEXT, AT(section), .min = 1, .max = 128, .help = "Section of that file; default: that of cps." },
	{ "account-key", OPTION_TEXT, AT(account_key), .min = 1, .max = 128, .help = "Account that is switched to (accountSwitchKey)." },
	{ "base-url", OPTION_TEXT, AT(base_url), .min = 8, .max = 512, .check = check_url, .help = "URL of the API in place of the credentials' host; default: that of cps." },
	{ "contracts", OPTION_LIST, AT(contracts), .max = 256, .check = check_contract, .help = "Contracts whose enrollments are listed; empty: all." },
	{ "per-minute", OPTION_INT, AT(per_minute), .def = "35", .min = 1, .max = 10000, .help = "Requests a minute of this account." },
	{ "burst", OPTION_INT, AT(burst), .def = "20", .min = 1, .max = 10000, .help = "Its requests in two seconds." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_cps_policy, member)
static const struct option policy_options[] = {
	{ "acknowledge-warnings", OPTION_LIST, AT(acknowledge_warnings), .max = 256, .check = check_warning,
	  .help = "Codes of warnings that are acknowledged without asking, or text-sha256:… of one exact text." },
	{ "change-management", OPTION_ENUM, AT(change_management), .def = "hold", .names = management_names,
	  .help = "What happens before production: hold waits until a person acts at CPS, approve waits for an approval in dcvd, acknowledge does not wait." },
	{ "approvals", OPTION_INT, AT(approvals), .def = "1", .min = 1, .max = 2, .help = "How many different people must approve." },
	{ "approve-after", OPTION_DURATION, AT(approve_after_ms), .def = "0s", .min = 0, .max = 30 * DAY,
	  .help = "With approve: so long before CPS deploys by itself (its deadline) the change is acknowledged without an approval; 0s: never." },
	{ "windows", OPTION_LIST, AT(windows), .max = 32, .check = check_window,
	  .help = "A certificate that replaces one in production goes there in these times only, as \"Mon-Thu 08:00-16:00 Europe/Berlin\"; empty: at any time." },
	{ "renew-before", OPTION_DURATION, AT(renew_before_ms), .def = "0s", .min = 0, .max = 120 * DAY,
	  .help = "A renewal is asked for so long before the certificate ends, when CPS has not begun by itself; 0s: never." },
	{ "before-deployment", OPTION_LIST, AT(before_deployment), .max = 64,
	  .help = "Program with its arguments that runs while change management waits, when the change is agreed to; only its exit status 0 lets it go to production." },
	{ "after-deployment", OPTION_LIST, AT(after_deployment), .max = 64,
	  .help = "Program with its arguments that runs once the certificate is in production." },
	{ "program-timeout", OPTION_DURATION, AT(program_timeout_ms), .def = "10m", .min = 1000, .max = DAY, .help = "How long such a program may run." },
	{ "verify-edge", OPTION_TEXT, AT(verify_edge), .min = 1, .max = 255, .check = check_edge,
	  .help = "Host, or host:port, of an edge server whose TLS certificate must be the new one in the end, as \"www.example.com.edgekey.net\"." },
	{ "alarm-before", OPTION_LIST, AT(alarm_before), .max = 16, .check = check_duration, .help = "An alarm this long before the certificate ends, without a change in production." },
	{ "follow", OPTION_ENUM, AT(follow), .def = "production", .names = follow_names, .help = "How far a change is followed." },
	{ 0 },
};
#undef AT

#define AT(member) offsetof(struct config_cps_class, member)
static const struct option class_options[] = {
	{ "class", OPTION_ENUM, AT(kind), .def = "monitored", .names = class_names, .required = true,
	  .help = "managed: changes are driven; monitored: looked at only; ignored: counted only." },
	{ "policy", OPTION_TEXT, AT(policy), .min = 1, .max = 64, .help = "A name under policies; default: hold everything." },
	{ 0 },
};
static const struct option match_options[] = {
	{ "cn", OPTION_TEXT, AT(cn), .min = 1, .max = 255, .help = "Common name; \"*.example.com\" is everything below." },
	{ "ra", OPTION_TEXT, AT(ra), .min = 1, .max = 64, .help = "lets-encrypt, third-party or symantec." },
	{ "validation", OPTION_TEXT, AT(validation), .min = 1, .max = 64, .help = "dv, ov, ev or third-party." },
	{ "contract", OPTION_TEXT, AT(contract), .min = 1, .max = 64, .help = "Contract it was listed under." },
	{ "account", OPTION_TEXT, AT(account), .min = 1, .max = 64, .help = "A name under accounts." },
	{ 0 },
};
#undef AT

/* ---- lists that mean something: each item was checked by the option table */

static void free_lists(struct config_cps_policy *p)
{
	free(p->alarm_ms);
	for (size_t i = 0; i < p->window_count; i++)
		window_done(&p->window_list[i]);
	free(p->window_list);
}

static void read_windows(struct config_cps_policy *p)
{
	size_t count = 0;

	while (p->windows && p->windows[count])
		count++;
	p->window_list = mem_new(count + 1, sizeof(*p->window_list));
	for (size_t i = 0; i < count; i++)
		if (!window_parse(p->windows[i], &p->window_list[p->window_count]))
			p->window_count++;
}

static int by_length(const void *a, const void *b)
{
	int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;

	return (x > y) - (x < y);
}

static void read_alarms(struct config_cps_policy *p)
{
	size_t count = 0;

	while (p->alarm_before && p->alarm_before[count])
		count++;
	p->alarm_ms = mem_new(count + 1, sizeof(*p->alarm_ms));
	for (size_t i = 0; i < count; i++)
		if (duration_parse(p->alarm_before[i], &p->alarm_ms[p->alarm_count]) == 0)
			p->alarm_count++;
	qsort(p->alarm_ms, p->alarm_count, sizeof(*p->alarm_ms), by_length);
}

/* No shell looks for them. */
static int check_program(char *const *argv, const char *option, const struct yaml_node *node, struct err *err)
{
	if (argv && argv[0] && argv[0][0] != '/')
		return yaml_error(node, err, "cps.policies.%.64s.%s: expected a program by its whole path, and its arguments", node->key, option);
	return 0;
}

int64_t config_cps_next_window(const struct config_cps_policy *p, int64_t wall_ms)
{
	int64_t soonest = 0;

	for (size_t i = 0; i < p->window_count; i++) {
		int64_t next = window_next(&p->window_list[i], wall_ms);

		soonest = !soonest || next < soonest ? next : soonest;
	}
	return soonest;
}

bool config_cps_in_window(const struct config_cps_policy *p, int64_t wall_ms)
{
	for (size_t i = 0; i < p->window_count; i++)
		if (window_holds(&p->window_list[i], wall_ms))
			return true;
	return false;
}

void cps_free(struct config *c)
{
	struct config_cps *cps = &c->cps;

	for (size_t i = 0; i < cps->account_count; i++) {
		free(cps->accounts[i].name);
		option_free(account_options, &cps->accounts[i]);
	}
	for (size_t i = 0; i < cps->policy_count; i++) {
		free_lists(&cps->policies[i]);
		free(cps->policies[i].name);
		option_free(policy_options, &cps->policies[i]);
	}
	for (size_t i = 0; i < cps->class_count; i++) {
		option_free(class_options, &cps->classes[i]);
		option_free(match_options, &cps->classes[i]);
	}
	free(cps->accounts);
	free(cps->policies);
	free(cps->classes);
	free(cps->enrollment_defaults);
	free(cps->profiles);
}

static int check_map(const struct yaml_node *node, enum yaml_kind kind, const char *what, struct err *err)
{
	if (node && !yaml_is_null(node) && node->kind != kind)
		return yaml_error(node, err, "cps.%s: expected a %s", what, kind == YAML_MAP ? "mapping" : "list");
	return 0;
}

static int read_name(char **ret, const struct yaml_node *node, const char *what, struct err *err)
{
	const char *wrong = check_name(node->key);

	if (wrong)
		return yaml_key_error(node, err, "cps.%s: '%.128s': %s", what, node->key, wrong);
	*ret = mem_dup(node->key);
	return 0;
}

static int read_accounts(struct config_cps *cps, const struct yaml_node *map, struct option_notes *notes, struct err *err)
{
	int code = check_map(map, YAML_MAP, "accounts", err);

	if (code < 0 || !map || yaml_is_null(map))
		return code;
	cps->accounts = mem_new(map->count + 1, sizeof(*cps->accounts));
	for (const struct yaml_node *node = map->child; node && code == 0; node = node->next) {
		struct config_cps_account *one = &cps->accounts[cps->account_count++];
		CLEANUP(mem_freep) char *path = mem_printf("cps.accounts.%.64s", node->key);

		option_defaults(account_options, one);
		code = read_name(&one->name, node, "accounts", err);
		if (code == 0)
			code = option_mistake(notes, option_parse_table(account_options, one, node, path, NULL, notes, err), err);
	}
	return code;
}

static int read_policies(struct config_cps *cps, const struct yaml_node *map, struct option_notes *notes, struct err *err)
{
	int code = check_map(map, YAML_MAP, "policies", err);

	if (code < 0 || !map || yaml_is_null(map))
		return code;
	cps->policies = mem_new(map->count + 1, sizeof(*cps->policies));
	for (const struct yaml_node *node = map->child; node && code == 0; node = node->next) {
		struct config_cps_policy *one = &cps->policies[cps->policy_count++];
		CLEANUP(mem_freep) char *path = mem_printf("cps.policies.%.64s", node->key);

		option_defaults(policy_options, one);
		code = read_name(&one->name, node, "policies", err);
		if (code == 0)
			code = option_mistake(notes, option_parse_table(policy_options, one, node, path, NULL, notes, err), err);
		read_windows(one);
		read_alarms(one);
		if (code == 0)
			code = option_mistake(notes, check_program(one->before_deployment, "before-deployment", node, err), err);
		if (code == 0)
			code = option_mistake(notes, check_program(one->after_deployment, "after-deployment", node, err), err);
	}
	return code;
}

const struct config_cps_policy *config_cps_policy(const struct config *c, const char *name)
{
	for (size_t i = 0; name && i < c->cps.policy_count; i++)
		if (c->cps.policies[i].name && strcmp(c->cps.policies[i].name, name) == 0)
			return &c->cps.policies[i];
	return NULL;
}

static int read_class(struct config *c, struct config_cps_class *one, const struct yaml_node *node, struct option_notes *notes, struct err *err)
{
	static const char *const others[] = { "match", NULL };
	CLEANUP(mem_freep) char *path = mem_printf("cps.classes[%zu]", (size_t)(one - c->cps.classes));
	CLEANUP(mem_freep) char *match = mem_printf("%s.match", path);
	const struct yaml_node *below = yaml_find(node, "match");
	int code;

	option_defaults(class_options, one);
	code = option_parse_table(class_options, one, node, path, others, notes, err);
	if (code == 0 && below)
		code = option_parse_table(match_options, one, below, match, NULL, notes, err);
	if (code == 0 && one->policy && !config_cps_policy(c, one->policy))
		return yaml_error(node, err, "%s: there is no policy '%.64s' under cps.policies", path, one->policy);
	return code;
}

static int read_classes(struct config *c, const struct yaml_node *list, struct option_notes *notes, struct err *err)
{
	int code = check_map(list, YAML_LIST, "classes", err);

	if (code < 0 || !list || yaml_is_null(list))
		return code;
	c->cps.classes = mem_new(list->count + 1, sizeof(*c->cps.classes));
	for (const struct yaml_node *node = list->child; node && code == 0; node = node->next)
		code = option_mistake(notes, read_class(c, &c->cps.classes[c->cps.class_count++], node, notes, err), err);
	return code;
}

static int read_json(char **ret, const struct yaml_node *node, const char *what, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(JSON_MAX);

	if (!node || yaml_is_null(node))
		return 0;
	if (node->kind != YAML_MAP)
		return yaml_error(node, err, "cps.%s: expected a mapping", what);
	yaml_to_json(node, &text);
	if (text.overflow)
		return yaml_error(node, err, "cps.%s: larger than %d bytes", what, JSON_MAX);
	*ret = buf_take(&text);
	return 0;
}

int cps_read(struct config *c, const struct yaml_node *map, struct option_notes *notes, struct err *err)
{
	int code;

	if (!map || map->kind != YAML_MAP)
		return 0;
	code = option_mistake(notes, read_accounts(&c->cps, yaml_find(map, "accounts"), notes, err), err);
	if (code == 0)
		code = option_mistake(notes, read_policies(&c->cps, yaml_find(map, "policies"), notes, err), err);
	if (code == 0)
		code = option_mistake(notes, read_classes(c, yaml_find(map, "classes"), notes, err), err);
	if (code == 0)
		code = option_mistake(notes, read_json(&c->cps.enrollment_defaults, yaml_find(map, "enrollment-defaults"), "enrollment-defaults", err), err);
	return code < 0 ? code : option_mistake(notes, read_json(&c->cps.profiles, yaml_find(map, "profiles"), "profiles", err), err);
}

/* ---- dump and example */

static void dump_rows(const struct option *table, const void *base, const char *indent, struct buf *out)
{
	for (const struct option *o = table; o->name; o++) {
		buf_printf(out, "%s%s: ", indent, o->name);
		option_dump(o, base, out);
		buf_add_char(out, '\n');
	}
}

static void dump_name(const char *name, struct buf *out)
{
	buf_add_text(out, "    ");
	option_dump_text(name ? name : "", out);
	buf_add_text(out, ":\n");
}

void cps_dump(const struct config *c, struct buf *out)
{
	buf_add_text(out, c->cps.account_count ? "  accounts:\n" : "  accounts: {}\n");
	for (size_t i = 0; i < c->cps.account_count; i++) {
		dump_name(c->cps.accounts[i].name, out);
		dump_rows(account_options, &c->cps.accounts[i], "      ", out);
	}
	buf_add_text(out, c->cps.policy_count ? "  policies:\n" : "  policies: {}\n");
	for (size_t i = 0; i < c->cps.policy_count; i++) {
		dump_name(c->cps.policies[i].name, out);
		dump_rows(policy_options, &c->cps.policies[i], "      ", out);
	}
	buf_add_text(out, c->cps.class_count ? "  classes:\n" : "  classes: []\n");
	for (size_t i = 0; i < c->cps.class_count; i++) {
		buf_add_text(out, "    - match:\n");
		dump_rows(match_options, &c->cps.classes[i], "        ", out);
		dump_rows(class_options, &c->cps.classes[i], "      ", out);
	}
	buf_printf(out, "  enrollment-defaults: %s\n", c->cps.enrollment_defaults ? c->cps.enrollment_defaults : "{}");
	buf_printf(out, "  profiles: %s\n", c->cps.profiles ? c->cps.profiles : "{}");
}

static void example_rows(const struct option *table, const char *indent, struct buf *out)
{
	for (const struct option *o = table; o->name; o++) {
		buf_printf(out, "#%s# %s\n#%s%s: ", indent, o->help, indent, o->name);
		if (o->def)
			option_dump_text(o->def, out);
		buf_add_char(out, '\n');
	}
}

void cps_example(struct buf *out)
{
	buf_add_text(out, "#  # More accounts, by names of your choice, each with credentials and a budget of its own.\n#  accounts:\n#    other:\n");
	example_rows(account_options, "      ", out);
	buf_add_text(out, "#  # What may be done without asking, by names of your choice.\n#  policies:\n#    standard:\n");
	example_rows(policy_options, "      ", out);
	buf_add_text(out, "#  # Which enrollments are whose business: the first that matches decides; without one: monitored.\n#  classes:\n#    - match:\n");
	example_rows(match_options, "        ", out);
	example_rows(class_options, "      ", out);
	buf_add_text(out, "#  # Members of new enrollments, as CPS spells them, with contract beside; profiles are laid over them by name.\n"
	                  "#  enrollment-defaults: {contract: C-1, networkConfiguration: {geography: core}}\n"
	                  "#  profiles: {china: {networkConfiguration: {geography: china+core}}}\n");
}
