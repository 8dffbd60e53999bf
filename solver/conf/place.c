#include "solver/conf/place.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

struct config_place {
	char *path;
	int line, column; /* 0: it came from an override */
	UT_hash_handle hh;
};

static void add(struct config_place **places, const char *path, const struct yaml_node *node)
{
	struct config_place *p = mem_new(1, sizeof(*p));

	p->path = mem_dup(path);
	p->line = node->kind == YAML_MAP && node->key ? node->key_line : node->line;
	p->column = node->kind == YAML_MAP && node->key ? node->key_column : node->column;
	HASH_ADD_KEYPTR(hh, *places, p->path, strlen(p->path), p);
}

/* No deeper than YAML_DEPTH_MAX, which the parser saw to. */
static void add_children(struct config_place **places, const char *path, const struct yaml_node *parent)
{
	size_t index = 0;

	for (const struct yaml_node *node = parent->child; node; node = node->next) {
		CLEANUP(mem_freep) char *full = NULL;

		if (parent->kind == YAML_LIST)
			full = mem_printf("%s[%zu]", path, index++);
		else
			full = mem_printf("%s%s%s", path, *path ? "." : "", node->key);
		add(places, full, node);
		add_children(places, full, node);
	}
}

struct config_place *places_read(const struct yaml_node *root)
{
	struct config_place *places = NULL;

	add_children(&places, "", root);
	return places;
}

void places_free(struct config_place *places)
{
	struct config_place *p, *tmp;

	HASH_ITER(hh, places, p, tmp) {
		HASH_DEL(places, p);
		free(p->path);
		free(p);
	}
}

char *config_where(const struct config *c, const char *path)
{
	const char *file = c->file ? c->file : "defaults";
	struct config_place *p;

	HASH_FIND_STR(c->places, path, p);
	return p && p->line ? mem_printf("%s:%d:%d: ", file, p->line, p->column) : mem_printf("%s: ", file);
}
