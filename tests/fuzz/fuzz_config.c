/* links: dcvd_conf */
/* Any text as a configuration. What is read must be dumped, warned about and freed without a fault. */
#include <stdint.h>
#include <stdlib.h>

#include "solver/conf/config.h"

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

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct buf out = BUF_INIT(CONFIG_MAX_BYTES);
	struct config *c = NULL;
	struct err err;

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
