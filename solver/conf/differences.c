#include "solver/conf/differences.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "solver/base/mem.h"
#include "solver/conf/tables.h"
#include "solver/conf/yaml.h"
#include "solver/conf/yaml_json.h"

#define DUMP_MAX (4 * 1024 * 1024)

static void add(struct config_difference **list, const char *option, const char *file, const char *running, bool start)
{
	struct config_difference *d = mem_new(1, sizeof(*d));

	*d = (struct config_difference){ .option = mem_dup(option), .file = mem_dup(file), .running = mem_dup(running), .start = start };
	LL_APPEND(*list, d);
}

void config_differences_free(struct config_difference *list)
{
	struct config_difference *d, *next;

	LL_FOREACH_SAFE(list, d, next) {
		free(d->option);
		free(d->file);
		free(d->running);
		free(d);
	}
}

/* ---- what the dump shows ---- */

static char *text_of(const struct yaml_node *node)
{
	struct buf text = BUF_INIT(DUMP_MAX);

	if (!node)
		return NULL;
	yaml_to_json(node, &text);
	return buf_take(&text);
}

static bool is_start(const char *option)
{
	const char *dot = strchr(option, '.');
	CLEANUP(mem_freep) char *name = dot ? mem_dup_n(option, (size_t)(dot - option)) : mem_dup("");
	const struct section *s = section_find(name);
	const struct option *o = s ? option_find(s->table, dot ? dot + 1 : option) : NULL;

	return o && o->start;
}

static bool is_list_of_maps(const struct yaml_node *n)
{
	return n && n->kind == YAML_LIST && n->child && n->child->kind == YAML_MAP;
}

static void compare(const char *path, const struct yaml_node *file, const struct yaml_node *running, struct config_difference **list);

static const struct yaml_node *child_named(const struct yaml_node *map, const char *key)
{
	return map && map->kind == YAML_MAP ? yaml_find(map, key) : NULL;
}

static void compare_child(const char *path, const char *key, const struct yaml_node *file, const struct yaml_node *running, struct config_difference **list)
{
	CLEANUP(mem_freep) char *child = mem_printf("%s%s%s", path, *path ? "." : "", key);

	compare(child, file, running, list);
}

static void compare_maps(const char *path, const struct yaml_node *file, const struct yaml_node *running, struct config_difference **list)
{
	for (const struct yaml_node *n = file->child; n; n = n->next)
		compare_child(path, n->key, n, child_named(running, n->key), list);
	for (const struct yaml_node *n = running->child; n; n = n->next)
		if (!child_named(file, n->key))
			compare_child(path, n->key, NULL, n, list);
}

static void compare_lists(const char *path, const struct yaml_node *file, const struct yaml_node *running, struct config_difference **list)
{
	const struct yaml_node *one = file->child, *other = running->child;

	for (size_t i = 0; one || other; i++) {
		CLEANUP(mem_freep) char *child = mem_printf("%s[%zu]", path, i);

		compare(child, one, other, list);
		one = one ? one->next : NULL;
		other = other ? other->next : NULL;
	}
}

/* One of both may be NULL. */
static void compare(const char *path, const struct yaml_node *file, const struct yaml_node *running, struct config_difference **list)
{
	CLEANUP(mem_freep) char *one = NULL;
	CLEANUP(mem_freep) char *other = NULL;

	if (file && running && file->kind == YAML_MAP && running->kind == YAML_MAP) {
		compare_maps(path, file, running, list);
		return;
	}
	if (is_list_of_maps(file) && is_list_of_maps(running)) {
		compare_lists(path, file, running, list);
		return;
	}
	one = text_of(file);
	other = text_of(running);
	if (!one || !other || strcmp(one, other) != 0)
		add(list, path, one, other, is_start(path));
}

static int dump_read(const struct config *c, struct yaml_node **ret, struct err *err)
{
	CLEANUP(buf_done) struct buf text = BUF_INIT(DUMP_MAX);

	config_dump(c, &text);
	if (text.overflow)
		return err_set(err, ERR_TOO_LARGE, "the configuration is too large to be compared");
	return yaml_parse(buf_text(&text), text.length, "dump", ret, err);
}

/* ---- secrets ---- */

static bool is_same_secret(const struct secret *a, const struct secret *b)
{
	return !a == !b && strcmp(secret_reveal(a), secret_reveal(b)) == 0;
}

/* One that is on one side only differs in the dump. */
static void compare_secret(const char *path, const struct secret *file, const struct secret *running, struct config_difference **list)
{
	if (file && running && !is_same_secret(file, running))
		add(list, path, "\"***\"", "\"***\"", false);
}

static void compare_secrets(const char *path, const struct option *table, const void *file, const void *running, struct config_difference **list)
{
	for (const struct option *o = table; o && o->name; o++) {
		CLEANUP(mem_freep) char *name = mem_printf("%s.%s", path, o->name);

		if (o->kind == OPTION_SECRET)
			compare_secret(name, *(struct secret *const *)(const void *)((const char *)file + o->offset),
			               *(struct secret *const *)(const void *)((const char *)running + o->offset), list);
	}
}

static void compare_providers(const struct config *file, const struct config *running, struct config_difference **list)
{
	for (size_t i = 0; i < file->provider_count; i++) {
		const struct config_provider *p = &file->providers[i], *other = config_provider(running, p->name);
		CLEANUP(mem_freep) char *path = mem_printf("providers.%s", p->name);

		if (other && strcmp(other->type, p->type) == 0)
			compare_secrets(path, p->table, p->options, other->options, list);
	}
}

static const struct secret *callback_secret(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->callback_secret_count; i++)
		if (strcmp(c->callback_secrets[i].name, name) == 0)
			return c->callback_secrets[i].secret;
	return NULL;
}

static void compare_callback_secrets(const struct config *file, const struct config *running, struct config_difference **list)
{
	for (size_t i = 0; i < file->callback_secret_count; i++) {
		CLEANUP(mem_freep) char *path = mem_printf("callback-secrets.%s", file->callback_secrets[i].name);

		compare_secret(path, file->callback_secrets[i].secret, callback_secret(running, file->callback_secrets[i].name), list);
	}
}

static void compare_all_secrets(const struct config *file, const struct config *running, struct config_difference **list)
{
	for (const struct section *s = config_sections; s->name; s++)
		compare_secrets(s->name, s->table, section_base(s, file), section_base(s, running), list);
	compare_providers(file, running, list);
	compare_callback_secrets(file, running, list);
}

int config_differences(const struct config *file, const struct config *running, struct config_difference **ret, struct err *err)
{
	CLEANUP(yaml_freep) struct yaml_node *one = NULL;
	CLEANUP(yaml_freep) struct yaml_node *other = NULL;

	if (dump_read(file, &one, err) < 0 || dump_read(running, &other, err) < 0)
		return err->code;
	*ret = NULL;
	compare("", one, other, ret);
	compare_all_secrets(file, running, ret);
	return 0;
}
