#include "solver/conf/check.h"

#include <arpa/inet.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static bool is_port(const char *text)
{
	size_t digits = strspn(text, "0123456789");

	unsigned long port = digits > 0 && digits < 6 && !text[digits] ? strtoul(text, NULL, 10) : 0;

	return port >= 1 && port <= 65535;
}

static bool is_address(int family, const char *text, size_t length)
{
	unsigned char address[16];
	char copy[64];

	if (length >= sizeof(copy))
		return false;
	memcpy(copy, text, length);
	copy[length] = '\0';
	return inet_pton(family, copy, address) == 1;
}

/* "1.2.3.4:53" and "[::1]:53" */
static bool is_address_port(const char *text)
{
	const char *colon = strrchr(text, ':');
	size_t length;

	if (!colon || !is_port(colon + 1))
		return false;
	length = (size_t)(colon - text);
	if (text[0] == '[')
		return length > 2 && text[length - 1] == ']' && is_address(AF_INET6, text + 1, length - 2);
	return is_address(AF_INET, text, length);
}

const char *check_listen(const char *text)
{
	if (is_port(text) || is_address_port(text))
		return NULL;
	return "write address:port, [v6]:port or a port from 1 to 65535";
}

const char *check_server(const char *text)
{
	if (is_address(AF_INET, text, strlen(text)) || is_address(AF_INET6, text, strlen(text)) || is_address_port(text))
		return NULL;
	return "write an address, address:port or [v6]:port";
}

const char *check_url(const char *text)
{
	const char *host = NULL;

	if (strncmp(text, "http://", 7) == 0)
		host = text + 7;
	else if (strncmp(text, "https://", 8) == 0)
		host = text + 8;
	if (!host || !*host || *host == '/')
		return "write a URL that begins with http:// or https://";
	for (const char *c = text; *c; c++)
		if (*c <= ' ' || *c > '~' || *c == '"' || *c == '\\')
			return "a URL has no spaces, quotes or other special characters";
	return NULL;
}

/* Letters, digits, '-', '_' in labels of 1 to 63; one dot at the end is allowed. */
const char *check_domain(const char *text)
{
	size_t total = strlen(text), label;

	if (total > 0 && text[total - 1] == '.')
		total--;
	if (total == 0 || total > 253 || text[total - 1] == '.')
		return "a domain has 1 to 253 characters";
	for (const char *end = text + total; text < end; text += label + 1) {
		label = strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_");
		if (label == 0 || label > 63)
			return "each label of a domain has 1 to 63 letters, digits, '-' or '_' (IDN as xn--…)";
		if (text[label] && text[label] != '.')
			return "a domain has letters, digits, '-', '_' and dots (IDN as xn--…)";
	}
	return NULL;
}

const char *check_suffix(const char *text)
{
	if (!*text || strcmp(text, "*") == 0)
		return NULL;
	if (text[0] == '*' || text[0] == '.')
		return "write example.com, which matches all names below it too";
	return check_domain(text);
}

const char *check_challenge_type(const char *text)
{
	if (strcmp(text, "dns-01") == 0 || strcmp(text, "http-01") == 0)
		return NULL;
	return "write dns-01 or http-01";
}

const char *check_name(const char *text)
{
	size_t length = strlen(text);

	if (length >= 1 && length <= 64 &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_") == length)
		return NULL;
	return "a name has 1 to 64 letters, digits, '-' or '_'";
}

const char *check_contract(const char *text)
{
	size_t length = strlen(text);

	if (length >= 1 && length <= 64 &&
	    strspn(text, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.") == length)
		return NULL;
	return "a contract id has 1 to 64 letters, digits, '-', '_' or '.'";
}

const char *check_warning(const char *text)
{
	static const char prefix[] = "text-sha256:";
	size_t length = strlen(text);

	if (strncmp(text, prefix, strlen(prefix)) == 0)
		return length == strlen(prefix) + 64 && strspn(text + strlen(prefix), "0123456789abcdefABCDEF") == 64
		       ? NULL : "text-sha256: is followed by the 64 digits that \"dcvd cps warnings\" shows";
	if (strcmp(text, "UNKNOWN") == 0)
		return "an unknown warning cannot be allowed; \"dcvd cps warnings\" shows the text-sha256: of one exact text";
	return length >= 4 && length <= 80 && strspn(text, "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_") == length
	       ? NULL : "a code of a warning has capitals, digits and '_' only, as DNS_NAME_NOT_CNAMED";
}

const char *check_header(const char *text)
{
	for (const char *c = text; *c; c++)
		if (*c < ' ' || *c > '~')
			return "a header has printable ASCII characters only";
	return NULL;
}

const char *check_stub_zone(const char *text)
{
	static const char *const wrong = "write \"zone address\" or \"zone address@port\"";
	const char *space = strchr(text, ' '), *at = strchr(text, '@');
	char zone[256];
	size_t length;

	if (!space || space == text || (size_t)(space - text) >= sizeof(zone))
		return wrong;
	memcpy(zone, text, (size_t)(space - text));
	zone[space - text] = '\0';
	length = at ? (size_t)(at - space - 1) : strlen(space + 1);
	if ((strcmp(zone, ".") != 0 && check_domain(zone)) || (at && (at < space || !is_port(at + 1))))
		return wrong;
	return is_address(AF_INET, space + 1, length) || is_address(AF_INET6, space + 1, length) ? NULL : wrong;
}

const char *check_network(const char *text)
{
	size_t length = strcspn(text, "/"), digits = text[length] ? strspn(text + length + 1, "0123456789") : 0;
	bool four = is_address(AF_INET, text, length), six = is_address(AF_INET6, text, length);

	if ((four || six) && !text[length])
		return NULL;
	if ((four || six) && digits >= 1 && digits <= 3 && !text[length + 1 + digits] &&
	    strtoul(text + length + 1, NULL, 10) <= (four ? 32 : 128))
		return NULL;
	return "write a network as 10.0.0.0/8 or fd00::/8";
}
