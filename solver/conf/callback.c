#include "solver/conf/callback.h"

#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/conf/check.h"
#include "solver/conf/tables.h"

void callbacks_free_all(struct config *c)
{
	for (size_t i = 0; i < c->callback_secret_count; i++) {
		free(c->callback_secrets[i].name);
		secret_free(c->callback_secrets[i].secret);
	}
	free(c->callback_secrets);
	for (size_t i = 0; i < c->callback_count; i++)
		option_free(callback_options, &c->callbacks[i]);
	free(c->callbacks);
}

static int read_secret(struct config_callback_secret *one, const struct yaml_node *node, struct option_notes *notes, struct err *err)
{
	static const struct option row = { "secret", OPTION_SECRET, offsetof(struct config_callback_secret, secret),
		                           .required = true };
	CLEANUP(mem_freep) char *path = mem_printf("callback-secrets.%.64s", node->key);
	const char *wrong = check_name(node->key);

	if (wrong)
		return yaml_key_error(node, err, "callback-secrets: '%.128s': %s", node->key, wrong);
	one->name = mem_dup(node->key);
	return option_parse(&row, one, node, path, notes, err);
}

static int read_secrets(struct config *c, const struct yaml_node *map, struct option_notes *notes, struct err *err)
{
	int code = 0;

	if (!map || yaml_is_null(map))
		return 0;
	if (map->kind != YAML_MAP)
		return yaml_error(map, err, "callback-secrets: expected a mapping of names to secrets");
	c->callback_secrets = mem_new(map->count + 1, sizeof(*c->callback_secrets));
	for (const struct yaml_node *node = map->child; node && code == 0; node = node->next)
		code = option_mistake(notes, read_secret(&c->callback_secrets[c->callback_secret_count++], node, notes, err), err);
	return code;
}

static bool has_secret(const struct config *c, const char *name)
{
	for (size_t i = 0; i < c->callback_secret_count; i++)
		if (c->callback_secrets[i].name && strcmp(c->callback_secrets[i].name, name) == 0)
			return true;
	return false;
}

static int read_rule(struct config *c, struct config_callback *rule, const struct yaml_node *node, struct option_notes *notes, struct err *err)
{
	CLEANUP(mem_freep) char *path = mem_printf("callbacks[%zu]", (size_t)(rule - c->callbacks));
	size_t before = option_mistakes(notes);
	int code;

	option_defaults(callback_options, rule);
	code = option_parse_table(callback_options, rule, node, path, NULL, notes, err);
	if (code < 0 || option_mistakes(notes) > before)
		return code;
	if (!has_secret(c, rule->secret))
		return yaml_error(node, err, "%s: there is no secret '%.64s' under callback-secrets", path, rule->secret);
	return 0;
}

static int read_rules(struct config *c, const struct yaml_node *list, struct option_notes *notes, struct err *err)
{
	int code = 0;

	if (!list || yaml_is_null(list))
		return 0;
	if (list->kind != YAML_LIST)
		return yaml_error(list, err, "callbacks: expected a list ('- secret: …')");
	c->callbacks = mem_new(list->count + 1, sizeof(*c->callbacks));
	for (const struct yaml_node *node = list->child; node && code == 0; node = node->next)
		code = option_mistake(notes, read_rule(c, &c->callbacks[c->callback_count++], node, notes, err), err);
	return code;
}

int callbacks_read(struct config *c, const struct yaml_node *root, struct option_notes *notes, struct err *err)
{
	int code = read_secrets(c, yaml_find(root, "callback-secrets"), notes, err);

	return code < 0 ? code : read_rules(c, yaml_find(root, "callbacks"), notes, err);
}
