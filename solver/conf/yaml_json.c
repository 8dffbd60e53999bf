#include "solver/conf/yaml_json.h"

#include <string.h>

static void add_text(const char *text, struct buf *out)
{
	buf_add_char(out, '"');
	for (const unsigned char *c = (const unsigned char *)text; *c; c++) {
		if (*c == '"' || *c == '\\')
			buf_printf(out, "\\%c", *c);
		else if (*c < 0x20)
			buf_printf(out, "\\u%04x", *c);
		else
			buf_add_char(out, (char)*c);
	}
	buf_add_char(out, '"');
}

/* As JSON writes them: no leading zeros, no plus. */
static bool is_integer(const char *text)
{
	const char *digits = *text == '-' ? text + 1 : text;
	size_t length = strspn(digits, "0123456789");

	return length > 0 && length <= 15 && !digits[length] && (digits[0] != '0' || length == 1);
}

static void add_scalar(const struct yaml_node *node, struct buf *out)
{
	const char *text = node->text ? node->text : "";

	if (yaml_is_null(node))
		buf_add_text(out, "null");
	else if (node->plain && (strcmp(text, "true") == 0 || strcmp(text, "false") == 0 || is_integer(text)))
		buf_add_text(out, text);
	else
		add_text(text, out);
}

void yaml_to_json(const struct yaml_node *node, struct buf *out)
{
	const char *gap = "";

	if (node->kind == YAML_SCALAR) {
		add_scalar(node, out);
		return;
	}
	buf_add_char(out, node->kind == YAML_MAP ? '{' : '[');
	for (const struct yaml_node *child = node->child; child; child = child->next, gap = ",") {
		buf_add_text(out, gap);
		if (node->kind == YAML_MAP) {
			add_text(child->key, out);
			buf_add_char(out, ':');
		}
		yaml_to_json(child, out);
	}
	buf_add_char(out, node->kind == YAML_MAP ? '}' : ']');
}
