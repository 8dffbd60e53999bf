#include "webroot/target.h"

#include <string.h>
#include <strings.h>

#define SCHEME "http://"

static bool token_char(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

bool target_token_valid(const char *token)
{
	size_t length = 0;

	while (length <= TARGET_TOKEN_MAX && token_char(token[length]))
		length++;
	return length > 0 && length <= TARGET_TOKEN_MAX && token[length] == '\0';
}

/* What follows "http://", or NULL for the usual origin form. */
static const char *absolute_authority(const char *target)
{
	size_t length = strlen(SCHEME);

	return strncasecmp(target, SCHEME, length) == 0 ? target + length : NULL;
}

const char *target_token(const char *target)
{
	const char *authority = absolute_authority(target);
	const char *path = authority ? strchr(authority, '/') : target;

	if (!path || strncmp(path, TARGET_PATH, strlen(TARGET_PATH)) != 0)
		return NULL;
	path += strlen(TARGET_PATH);
	return target_token_valid(path) ? path : NULL;
}

static bool port_valid(const char *port, size_t length)
{
	if (length > 6)
		return false;
	for (size_t i = 1; i < length; i++)
		if (port[i] < '0' || port[i] > '9')
			return false;
	return length == 0 || port[0] == ':';
}

static bool host_char(char c, bool literal)
{
	if (literal)
		return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || c == ':' || c == '.';
	return (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_' || c == '.';
}

/* Copies in lower case; false for a character no host has, or for too many. */
static bool host_copy(const char *text, size_t length, bool literal, char host[TARGET_HOST_SIZE])
{
	if (!literal && length && text[length - 1] == '.')
		length--;
	if (!length || length >= TARGET_HOST_SIZE)
		return false;
	for (size_t i = 0; i < length; i++) {
		char c = text[i];

		if (c >= 'A' && c <= 'Z')
			c += 'a' - 'A';
		if (!host_char(c, literal))
			return false;
		host[i] = c;
	}
	host[length] = '\0';
	return true;
}

static bool authority_host(const char *text, size_t length, char host[TARGET_HOST_SIZE])
{
	bool literal = length && text[0] == '[';
	const char *end = memchr(text, literal ? ']' : ':', length);
	size_t used;

	if (!literal) {
		used = end ? (size_t)(end - text) : length;
		return port_valid(text + used, length - used) && host_copy(text, used, false, host);
	}
	if (!end)
		return false;
	used = (size_t)(end - text) + 1;
	return port_valid(text + used, length - used) && host_copy(text + 1, used - 2, true, host);
}

/* libmicrohttpd leaves the white space behind a value. */
static size_t trimmed_length(const char *value)
{
	size_t length = strlen(value);

	while (length && (value[length - 1] == ' ' || value[length - 1] == '\t'))
		length--;
	return length;
}

bool target_host(const char *target, const char *header, char ret_host[TARGET_HOST_SIZE])
{
	const char *authority = absolute_authority(target);

	if (authority)
		return authority_host(authority, strcspn(authority, "/"), ret_host);
	return header && authority_host(header, trimmed_length(header), ret_host);
}
