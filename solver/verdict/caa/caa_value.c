#include "solver/verdict/caa/caa_value.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "solver/verdict/data/codec.h"
#include "solver/verdict/data/evidence.h"
#include "solver/verdict/data/span.h"

#define PARAMETERS_MAX 4096

static bool tag_is_fine(struct span s)
{
	for (size_t i = 0; i < s.length; i++)
		if (!((s.at[i] >= '0' && s.at[i] <= '9') || (s.at[i] >= 'A' && s.at[i] <= 'Z') || (s.at[i] >= 'a' && s.at[i] <= 'z')))
			return false;
	return true;
}

static bool value_is_fine(struct span s)
{
	for (size_t i = 0; i < s.length; i++)
		if (s.at[i] < 0x21 || s.at[i] > 0x7e)
			return false;
	return true;
}

static const char *parse_parameter(struct span text, struct caa_value *v)
{
	struct span value = text, tag;
	struct caa_parameter *p;
	bool pair;

	tag = span_trim(span_cut(&value, '=', &pair));
	value = span_trim(value);
	if (!pair)
		return "a parameter has no \"=\"";
	if (!tag_is_fine(tag))
		return "the tag of a parameter holds something else than letters and digits";
	if (!value_is_fine(value))
		return "the value of a parameter holds a space or another byte that is not allowed";
	p = codec_list_add(&v->parameters, &v->count, sizeof(*p), PARAMETERS_MAX);
	if (!p)
		return "it has too many parameters";
	p->tag = span_text(tag);
	p->value = span_text(value);
	return NULL;
}

void caa_value_parse(const unsigned char *bytes, size_t length, struct caa_value *ret)
{
	struct span rest = { bytes, length }, part;
	bool more;

	*ret = (struct caa_value){ 0 };
	part = span_trim(span_cut(&rest, ';', &more));
	ret->issuer = evidence_escape(part.at, part.length);
	if (!more || span_trim(rest).length == 0) /* a semicolon with nothing behind it is fine here, and only here */
		return;
	while (more && !ret->fault)
		ret->fault = parse_parameter(span_cut(&rest, ';', &more), ret);
}

void caa_value_done(struct caa_value *v)
{
	for (size_t i = 0; i < v->count; i++) {
		free(v->parameters[i].tag);
		free(v->parameters[i].value);
	}
	free(v->parameters);
	free(v->issuer);
}

size_t caa_value_find(const struct caa_value *v, const char *tag, const char **ret_value)
{
	size_t found = 0;

	*ret_value = NULL;
	for (size_t i = 0; i < v->count; i++)
		if (strcmp(v->parameters[i].tag, tag) == 0 && found++ == 0)
			*ret_value = v->parameters[i].value;
	return found;
}

size_t caa_value_find_any_case(const struct caa_value *v, const char *tag, const char **ret_tag)
{
	size_t found = 0;

	*ret_tag = NULL;
	for (size_t i = 0; i < v->count; i++)
		if (strcasecmp(v->parameters[i].tag, tag) == 0 && strcmp(v->parameters[i].tag, tag) != 0 && found++ == 0)
			*ret_tag = v->parameters[i].tag;
	return found;
}
