#include "solver/dns/name.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <idn2.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "solver/base/mem.h"

#define LABEL_MAX 63
#define INPUT_MAX 1024 /* bytes of UTF-8; a longer text cannot become a name of 253 bytes */
#define SHOWN_MAX 96

/* The name as an error sentence may show it: bounded, and nothing that could disturb a terminal or a log. */
static const char *shown(const char *text, bool valid_utf8, char out[SHOWN_MAX])
{
	size_t n = 0;

	for (; text[n] && n < SHOWN_MAX - 4; n++) {
		unsigned char c = (unsigned char)text[n];

		out[n] = c < 0x20 || c == 0x7f || (c >= 0x80 && !valid_utf8) ? '?' : (char)c;
	}
	if (text[n]) {
		while (n > 0 && ((unsigned char)text[n] & 0xc0) == 0x80)
			n--; /* do not cut inside a character */
		memcpy(out + n, "...", 3);
		n += 3;
	}
	out[n] = '\0';
	return out;
}

static bool is_ascii(const char *text)
{
	for (; *text; text++) {
		if ((unsigned char)*text >= 0x80)
			return false;
	}
	return true;
}

/* U-labels become A-labels (UTS 46, non-transitional); gives *ret. */
static int to_ascii(const char *text, char **ret, struct err *err)
{
	char show[SHOWN_MAX];
	char *ascii = NULL;
	int rc;

	if (is_ascii(text)) {
		*ret = mem_dup(text);
		return 0;
	}
	rc = idn2_to_ascii_8z(text, &ascii, IDN2_NFC_INPUT | IDN2_NONTRANSITIONAL);
	if (rc != IDN2_OK)
		return err_set(err, ERR_INVALID, "\"%s\" is not a domain name: %s", shown(text, rc != IDN2_ENCODING_ERROR, show),
		               idn2_strerror(rc));
	*ret = mem_dup(ascii);
	idn2_free(ascii);
	return 0;
}

/* What is wrong with an ASCII name, or NULL. */
static const char *complaint(const char *name)
{
	size_t label = 0;

	for (const char *p = name; *p; p++) {
		unsigned char c = (unsigned char)*p;

		if (c == '.') {
			if (label == 0)
				return "a label is empty";
			label = 0;
			continue;
		}
		if (!isalnum(c) && c != '-' && c != '_')
			return "only letters, digits, '-' and '_' are allowed in a label";
		if (++label > LABEL_MAX)
			return "a label is longer than 63 bytes";
	}
	if (label == 0)
		return *name ? "a label is empty" : "it is empty";
	return strlen(name) > NAME_MAX_TEXT ? "it is longer than 253 bytes" : NULL;
}

int name_normalize(const char *text, char ret_name[NAME_SIZE], struct err *err)
{
	CLEANUP(mem_freep) char *ascii = NULL;
	char show[SHOWN_MAX];
	const char *wrong;
	size_t length;

	if (strlen(text) > INPUT_MAX)
		return err_set(err, ERR_INVALID, "\"%s\" is not a domain name: it is longer than 253 bytes", shown(text, false, show));
	if (to_ascii(text, &ascii, err) < 0)
		return err ? err->code : ERR_INVALID;
	length = strlen(ascii);
	if (length > 1 && ascii[length - 1] == '.')
		ascii[length - 1] = '\0';
	wrong = complaint(ascii);
	if (wrong)
		return err_set(err, ERR_INVALID, "\"%s\" is not a domain name: %s", shown(text, true, show), wrong);
	for (char *p = ascii; *p; p++)
		*p = (char)tolower((unsigned char)*p);
	memcpy(ret_name, ascii, strlen(ascii) + 1);
	return 0;
}

int name_identifier(const char *text, char ret_name[NAME_SIZE], bool *ret_wildcard, struct err *err)
{
	bool wildcard = strncmp(text, "*.", 2) == 0;
	int rc = name_normalize(wildcard ? text + 2 : text, ret_name, err);

	if (rc == 0)
		*ret_wildcard = wildcard;
	return rc;
}

const char *name_parent(const char *name)
{
	const char *dot = strchr(name, '.');

	return dot ? dot + 1 : NULL;
}

bool name_is_address(const char *name)
{
	struct in_addr address;

	return inet_pton(AF_INET, name, &address) == 1;
}

bool name_is_below(const char *name, const char *zone)
{
	size_t n = strlen(name), z = strlen(zone);

	if (z == 0)
		return true;
	if (n < z || strcmp(name + n - z, zone) != 0)
		return false;
	return n == z || name[n - z - 1] == '.';
}

int name_under(const char *label, const char *name, char ret_fqdn[NAME_SIZE], struct err *err)
{
	size_t length = strlen(label);

	if (length + 1 + strlen(name) > NAME_MAX_TEXT)
		return err_set(err, ERR_TOO_LARGE, "\"%s.%s\" is longer than the %d bytes a name may have", label, name, NAME_MAX_TEXT);
	memmove(ret_fqdn + length + 1, name, strlen(name) + 1);
	memcpy(ret_fqdn, label, length);
	ret_fqdn[length] = '.';
	return 0;
}

int name_challenge(const char *name, char ret_fqdn[NAME_SIZE], struct err *err)
{
	return name_under(CHALLENGE_LABEL, name, ret_fqdn, err);
}

static const char witness[] = "_dcvd-wildcard-witness.";

bool name_witness(const char *name, char ret_witness[NAME_SIZE])
{
	return snprintf(ret_witness, NAME_SIZE, "%s%s", witness, name) < NAME_SIZE;
}

bool name_is_witness(const char *name)
{
	return strncmp(name, witness, sizeof(witness) - 1) == 0;
}
