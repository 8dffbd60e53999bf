#include "solver/conf/override.h"

#include <string.h>

#include "solver/base/mem.h"
#include "solver/conf/characters.h"

static const char source[] = "--set";

/* A value that came by an override has no line to point at. */
static void forget_positions(struct yaml_node *node)
{
	node->file = source;
	node->line = 0;
	node->key_line = 0;
	for (struct yaml_node *child = node->child; child; child = child->next)
		forget_positions(child);
}

static int parse_value(const char *path, const char *value, struct yaml_node **ret, struct err *err)
{
	CLEANUP(mem_freep) char *name = mem_printf("%s %.128s", source, path);
	struct yaml_node *node;
	struct err inner = { 0 };

	if (characters_check(value, strlen(value), name, err) < 0)
		return err->code;
	if (yaml_parse(value, strlen(value), source, &node, &inner) < 0)
		return err_set(err, ERR_INVALID, "--set %.128s: the value is not YAML; quote what is special", path);
	if (!*value) {
		node->kind = YAML_SCALAR;
		node->text = mem_dup("");
		node->plain = true;
	}
	forget_positions(node);
	*ret = node;
	return 0;
}

/* The mapping under `key`, made when there is nothing yet. */
static int descend(struct yaml_node **at, const char *key, const char *path, struct err *err)
{
	struct yaml_node *next = yaml_find(*at, key);

	if (!next || yaml_is_null(next)) {
		next = yaml_new(YAML_MAP, source);
		yaml_replace(*at, key, next);
	}
	if (next->kind != YAML_MAP)
		return err_set(err, ERR_INVALID, "--set %.128s: '%.64s' is not a mapping", path, key);
	*at = next;
	return 0;
}

static int put(struct yaml_node *root, char *path, struct yaml_node *value, struct err *err)
{
	CLEANUP(mem_freep) char *words = mem_dup(path);
	char *key = words, *dot;
	int depth = 1;

	for (; (dot = strchr(key, '.')); key = dot + 1) {
		*dot = '\0';
		if (!*key || ++depth >= YAML_DEPTH_MAX || descend(&root, key, path, err) < 0)
			break;
	}
	if (dot || !*key) {
		yaml_free(value);
		if (dot && *key && depth < YAML_DEPTH_MAX)
			return ERR_INVALID;
		return err_set(err, ERR_INVALID, "--set %.128s: not the path of an option", path);
	}
	yaml_replace(root, key, value);
	return 0;
}

int override_apply(struct yaml_node *root, const char *override, struct err *err)
{
	const char *equals = strchr(override, '=');
	CLEANUP(mem_freep) char *path = NULL;
	struct yaml_node *value;
	int code;

	if (!equals || equals == override)
		return err_set(err, ERR_INVALID, "--set %.64s: write path=value, as http.listen=8080",
		               equals ? "" : override);
	path = mem_dup_n(override, (size_t)(equals - override));
	code = parse_value(path, equals + 1, &value, err);
	return code < 0 ? code : put(root, path, value, err);
}
