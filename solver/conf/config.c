#include "solver/conf/config.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

#include "solver/base/mem.h"
#include "solver/conf/callback.h"
#include "solver/conf/check.h"
#include "solver/conf/cps.h"
#include "solver/conf/override.h"
#include "solver/conf/place.h"
#include "solver/conf/provider.h"
#include "solver/conf/route.h"
#include "solver/conf/source.h"
#include "solver/conf/suggest.h"
#include "solver/conf/tables.h"
#include "solver/conf/yaml.h"

#define WARNINGS_MAX (64 * 1024)
#define READ_WAIT_MS 10000 /* for a pipe; a file is there at once */

/* Keys at the top that are neither an option nor a section with a table. */
static const char *const special_keys[] = { "providers", "routes", "callback-secrets", "callbacks", NULL };

/* The count is no part of what stands in the file, so it may change. */
struct config *config_hold(const struct config *c)
{
	struct config *counted = (struct config *)c;

	counted->holders++;
	return counted;
}

void config_free(struct config *c)
{
	if (!c || (c->holders && c->holders--))
		return;
	for (const struct section *s = config_sections; s->name; s++)
		option_free(s->table, section_base(s, c));
	providers_free(c);
	routes_free(c);
	cps_free(c);
	callbacks_free_all(c);
	free(c->file);
	free(c->warnings);
	places_free(c->places);
	free(c);
}

static void config_freep(struct config **c)
{
	config_free(*c);
}

static struct config *config_new(const char *file)
{
	struct config *c = mem_new(1, sizeof(*c));

	c->file = mem_dup(file);
	for (const struct section *s = config_sections; s->name; s++)
		option_defaults(s->table, section_base(s, c));
	return c;
}

static int unknown_section(const struct yaml_node *node, struct err *err)
{
	struct suggestion nearest = { .word = node->key };
	char hint[96];

	for (const struct section *s = config_sections; s->name; s++)
		suggestion_consider(&nearest, s->name);
	for (const struct option *o = section_find("")->table; o->name; o++)
		suggestion_consider(&nearest, o->name);
	for (size_t i = 0; special_keys[i]; i++)
		suggestion_consider(&nearest, special_keys[i]);
	return yaml_key_error(node, err, "unknown key '%.64s'%s", node->key, suggestion_text(&nearest, hint));
}

static bool is_special(const char *key)
{
	for (size_t i = 0; special_keys[i]; i++)
		if (strcmp(special_keys[i], key) == 0)
			return true;
	return false;
}

/* One child of the root: an option, or a section. */
static int read_top(struct config *c, const struct yaml_node *node, struct option_notes *notes, struct err *err)
{
	const struct section *top = section_find("");
	const struct section *section = *node->key ? section_find(node->key) : NULL;
	const struct option *option = option_find(top->table, node->key);

	if (is_special(node->key))
		return 0;
	if (option)
		return option_parse(option, section_base(top, c), node, option->name, notes, err);
	if (!section)
		return unknown_section(node, err);
	return option_parse_table(section->table, section_base(section, c), node, section->name,
	                          strcmp(section->name, "cps") == 0 ? cps_keys : NULL, notes, err);
}

static bool is_served(const struct config *c, const char *zone)
{
	for (char **served = c->dns.zones; served && *served; served++)
		if (strcasecmp(*served, zone) == 0)
			return true;
	return false;
}

/* What two options must agree on; points at the section. */
static int check_agreement(const struct config *c, const struct yaml_node *root, struct err *err)
{
	const struct yaml_node *challenge = yaml_find(root, "challenge"), *check = yaml_find(root, "check");

	if (c->check.poll_first_ms > c->check.poll_max_ms)
		return yaml_key_error(check ? check : root, err, "check: poll-first is longer than poll-max");
	if (c->challenge.deadline_ms > c->challenge.lifetime_ms)
		return yaml_key_error(challenge ? challenge : root, err, "challenge: deadline is longer than lifetime");
	if (c->acme_dns.zone && !is_served(c, c->acme_dns.zone))
		return yaml_key_error(yaml_find(root, "acme-dns") ? yaml_find(root, "acme-dns") : root, err,
		                      "acme-dns: zone %.253s is not among dns.zones", c->acme_dns.zone);
	return 0;
}

static int read_tree(struct config *c, const struct yaml_node *root, config_provider_table_fn tables,
                     struct option_notes *notes, struct err *err)
{
	int code = 0;

	if (root->kind != YAML_MAP && !yaml_is_null(root))
		return yaml_error(root, err, "expected a mapping of options");
	for (const struct yaml_node *node = root->child; node && code == 0; node = node->next)
		code = option_mistake(notes, read_top(c, node, notes, err), err);
	if (code == 0)
		code = option_mistake(notes, providers_read(c, yaml_find(root, "providers"), tables, notes, err), err);
	if (code == 0)
		code = option_mistake(notes, routes_read(c, yaml_find(root, "routes"), notes, err), err);
	if (code == 0)
		code = option_mistake(notes, callbacks_read(c, root, notes, err), err);
	if (code == 0)
		code = option_mistake(notes, cps_read(c, yaml_find(root, "cps"), notes, err), err);
	return code < 0 ? code : option_mistake(notes, check_agreement(c, root, err), err);
}

static int apply_overrides(struct yaml_node **root, const char *const *overrides, struct err *err)
{
	struct yaml_node *map;
	int code = 0;

	if (yaml_is_null(*root)) {
		map = yaml_new(YAML_MAP, (*root)->file);
		yaml_free(*root);
		*root = map;
	}
	if ((*root)->kind != YAML_MAP)
		return 0; /* refused when it is read */
	for (size_t i = 0; overrides && overrides[i] && code == 0; i++)
		code = override_apply(*root, overrides[i], err);
	return code;
}

static int parse(const char *text, size_t length, const char *name, const char *const *overrides, config_provider_table_fn tables,
                 struct buf *mistakes, struct config **ret, struct err *err)
{
	CLEANUP(config_freep) struct config *c = NULL;
	CLEANUP(yaml_freep) struct yaml_node *root = NULL;
	CLEANUP(buf_done) struct buf warnings = BUF_INIT(WARNINGS_MAX);
	struct option_notes notes = { .warnings = &warnings, .mistakes = mistakes };
	int code;

	if (length > CONFIG_MAX_BYTES)
		return err_set(err, ERR_TOO_LARGE, "%s: larger than %d bytes", name, CONFIG_MAX_BYTES);
	code = yaml_parse(text, length, name, &root, err);
	if (code == 0)
		code = apply_overrides(&root, overrides, err);
	if (code < 0)
		return code;
	c = config_new(name);
	code = read_tree(c, root, tables, &notes, err);
	if (code < 0)
		return code;
	c->warnings = mem_dup(buf_text(&warnings));
	if (mistakes)
		c->places = places_read(root);
	*ret = c;
	c = NULL;
	return 0;
}

int config_parse(const char *text, size_t length, const char *name, const char *const *overrides,
                 config_provider_table_fn tables, struct config **ret, struct err *err)
{
	return parse(text, length, name, overrides, tables, NULL, ret, err);
}

static void closep(int *fd)
{
	if (*fd >= 0)
		close(*fd);
}

/* A pipe that nobody writes to must not stop us, and must not read as an empty file either: read() would say at once that it is
 * at its end, poll() waits for a writer. */
static ssize_t read_soon(int fd, char *chunk, size_t size)
{
	struct pollfd readable = { .fd = fd, .events = POLLIN };
	int ready = poll(&readable, 1, READ_WAIT_MS);

	if (ready == 0)
		errno = ETIMEDOUT;
	return ready > 0 ? read(fd, chunk, size) : -1;
}

static int read_file(const char *file, struct buf *content, struct err *err)
{
	CLEANUP(closep) int fd = open(file, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char chunk[8192];
	ssize_t got;

	if (fd < 0 && errno == ENOENT)
		return err_set(err, ERR_NOT_FOUND, "%s: there is no such file", file);
	if (fd < 0)
		return err_errno(err, "%s: cannot open", file);
	while ((got = read_soon(fd, chunk, sizeof(chunk))) > 0 && !content->overflow)
		buf_add(content, chunk, (size_t)got);
	explicit_bzero(chunk, sizeof(chunk));
	if (got < 0)
		return err_errno(err, "%s: cannot read", file);
	if (content->overflow)
		return err_set(err, ERR_TOO_LARGE, "%s: larger than %d bytes", file, CONFIG_MAX_BYTES);
	return 0;
}

int config_read(const char *file, const char *const *overrides, config_provider_table_fn tables, struct config **ret,
                struct err *err)
{
	return config_read_all(file, overrides, tables, NULL, ret, err);
}

int config_read_all(const char *file, const char *const *overrides, config_provider_table_fn tables, struct buf *mistakes,
                    struct config **ret, struct err *err)
{
	CLEANUP(buf_wipe) struct buf content = BUF_INIT(CONFIG_MAX_BYTES);
	int code;

	if (file) {
		code = read_file(file, &content, err);
		if (code < 0)
			return code;
	}
	code = parse(buf_text(&content), content.length, file ? file : "defaults", overrides, tables, mistakes, ret, err);
	if (code == 0 && !file)
		mem_replace(&(*ret)->file, NULL);
	return code;
}

int config_read_state_dir(const char *file, char **ret, struct err *err)
{
	CLEANUP(buf_wipe) struct buf content = BUF_INIT(CONFIG_MAX_BYTES);
	CLEANUP(config_freep) struct config *c = config_new(file);
	CLEANUP(yaml_freep) struct yaml_node *root = NULL;
	struct option_notes notes = { 0 };
	const struct yaml_node *node;
	int code = file ? read_file(file, &content, err) : 0;

	if (code == 0)
		code = yaml_parse(buf_text(&content), content.length, file ? file : "defaults", &root, err);
	node = code == 0 ? yaml_find(root, "state-dir") : NULL;
	if (node)
		code = read_top(c, node, &notes, err);
	if (code == 0) {
		*ret = c->state_dir;
		c->state_dir = NULL;
	}
	return code;
}
