#include "solver/conf/provider.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/conf/check.h"

static const char *const type_key[] = { "type", NULL };

void providers_free(struct config *c)
{
	for (size_t i = 0; i < c->provider_count; i++) {
		option_free(c->providers[i].table, c->providers[i].options);
		free(c->providers[i].options);
		free(c->providers[i].name);
		free(c->providers[i].type);
	}
	free(c->providers);
}

static const struct option *table_of(config_provider_table_fn tables, const char *type, size_t *ret_size)
{
	*ret_size = 0;
	return tables ? tables(type, ret_size) : NULL;
}

/* Sets type, table and default options. */
static void provider_prepare(struct config_provider *p, const char *type, const struct option *table, size_t size)
{
	p->type = mem_dup(type);
	p->table = table;
	p->options = mem_new(1, size ? size : 1);
	option_defaults(table, p->options);
}

/* The type's text, or NULL with the error set. */
static const char *type_of(const struct yaml_node *node, const char *path, struct err *err)
{
	const struct yaml_node *type = yaml_find(node, "type");

	if (node->kind != YAML_MAP)
		yaml_error(node, err, "%s: expected a mapping with 'type' and the options of that type", path);
	else if (!type)
		yaml_key_error(node, err, "%s: required option 'type' is missing", path);
	else if (type->kind != YAML_SCALAR || yaml_is_null(type))
		yaml_error(type, err, "%s.type: expected the name of a provider type", path);
	else
		return type->text;
	return NULL;
}

static int provider_read(struct config_provider *p, const struct yaml_node *node, config_provider_table_fn tables,
                         struct option_notes *notes, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("providers.%.64s", node->key);
	const char *wrong = check_name(node->key), *type;
	const struct option *table;
	size_t size;

	if (wrong)
		return yaml_key_error(node, err, "providers: '%.128s': %s", node->key, wrong);
	p->name = mem_dup(node->key);
	type = type_of(node, path, err);
	if (!type)
		return ERR_INVALID;
	table = table_of(tables, type, &size);
	if (!table)
		return yaml_error(yaml_find(node, "type"), err, "%s: unknown provider type '%.64s'", path, type);
	if (strcmp(p->name, PROVIDER_EMBEDDED) == 0 && strcmp(type, PROVIDER_EMBEDDED) != 0)
		return yaml_key_error(node, err, "%s: this name belongs to the embedded DNS server; take another", path);
	provider_prepare(p, type, table, size);
	return option_parse_table(table, p->options, node, path, type_key, notes, err);
}

static int read_one(struct config_provider *p, const struct yaml_node *node, config_provider_table_fn tables, struct option_notes *notes,
                    struct err *err)
{
	size_t before = option_mistakes(notes);
	int code = option_mistake(notes, provider_read(p, node, tables, notes, err), err);

	p->broken = option_mistakes(notes) > before;
	return code;
}

static void add_embedded(struct config *c, config_provider_table_fn tables)
{
	struct config_provider *p;
	const struct option *table;
	size_t size;

	if (config_provider(c, PROVIDER_EMBEDDED))
		return;
	table = table_of(tables, PROVIDER_EMBEDDED, &size);
	p = &c->providers[c->provider_count++];
	p->name = mem_dup(PROVIDER_EMBEDDED);
	provider_prepare(p, PROVIDER_EMBEDDED, table, size);
}

int providers_read(struct config *c, const struct yaml_node *map, config_provider_table_fn tables,
                   struct option_notes *notes, struct err *err)
{
	bool none = !map || yaml_is_null(map);
	int code = 0;

	if (!none && map->kind != YAML_MAP)
		return yaml_error(map, err, "providers: expected a mapping of names to providers");
	c->providers = mem_new((none ? 0 : map->count) + 1, sizeof(*c->providers));
	for (const struct yaml_node *node = none ? NULL : map->child; node && code == 0; node = node->next)
		code = read_one(&c->providers[c->provider_count++], node, tables, notes, err);
	if (code == 0)
		add_embedded(c, tables);
	return code;
}

const struct config_provider *config_provider(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->provider_count; i++)
		if (c->providers[i].name && strcmp(c->providers[i].name, name) == 0)
			return &c->providers[i];
	return NULL;
}
