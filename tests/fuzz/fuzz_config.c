/* links: dcvd_conf */
/* Any bytes as a configuration, and as the value of an override. What is read must be dumped, warned about and freed without a
 * fault; no bytes may hang the reader (run it with -timeout=1), and none that are more than comments may read as an empty file. */
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"
#include "solver/base/utf8.h"
#include "solver/conf/characters.h"
#include "solver/conf/config.h"
#include "solver/conf/yaml.h"

struct options {
	char *text;
	char **list;
	int64_t number;
};

static const struct option table[] = {
	{ "text", OPTION_TEXT, offsetof(struct options, text), .help = "A text." },
	{ "list", OPTION_LIST, offsetof(struct options, list), .help = "A list." },
	{ "number", OPTION_INT, offsetof(struct options, number), .def = "1", .help = "A number." },
	{ 0 },
};

static const struct option *any_table(const char *type, size_t *ret_size)
{
	(void)type;
	*ret_size = sizeof(struct options);
	return table;
}

static void as_override(const char *text)
{
	CLEANUP(mem_freep) char *override = mem_printf("state-dir=%s", text);
	const char *const overrides[] = { override, NULL };
	struct config *c = NULL;
	struct err err;

	if (config_parse("", 0, "fuzz", overrides, any_table, &c, &err) == 0)
		config_free(c);
}

static bool is_utf8(const unsigned char *text, size_t length)
{
	size_t at = 0, step = 1;
	unsigned c;

	for (; at < length && step; at += step)
		step = utf8_read(text + at, length - at, &c);
	return step > 0;
}

static void never_blank(const char *text, size_t length)
{
	struct yaml_node *root = NULL;
	struct err err;

	if (yaml_parse(text, length, "fuzz", &root, &err) < 0)
		return;
	if (!is_utf8((const unsigned char *)text, length) || memchr(text, 0, length))
		abort();
	if (root->kind == YAML_MAP && !root->line && characters_check_empty(text, length, "fuzz", &err) < 0)
		abort();
	yaml_free(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT(CONFIG_MAX_BYTES);
	struct config *c = NULL;
	CLEANUP(mem_freep) char *text = mem_dup_n((const char *)data, size);
	struct err err;

	never_blank((const char *)data, size);
	as_override(text);
	if (config_parse((const char *)data, size, "fuzz", NULL, any_table, &c, &err) < 0)
		return 0;
	config_dump(c, &out);
	config_warnings(c, &out);
	if (config_route(c, CHALLENGE_DNS01, "www.example.com") && !c->state_dir)
		abort();
	buf_done(&out);
	config_free(c);
	return 0;
}
