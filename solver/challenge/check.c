/* What may come in as token, key authorization and TXT value. No sentence here shows a key
 * authorization: a rejected one may still be good for somebody. */
#include "solver/challenge/challenge.h"

#include <stdio.h>
#include <string.h>

#define BASE64URL "A-Z, a-z, 0-9, '-' and '_'"

static bool is_base64url(unsigned char c)
{
	return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
}

static size_t base64url_span(const char *text)
{
	size_t length = 0;

	while (is_base64url((unsigned char)text[length]))
		length++;
	return length;
}

/* "'/'" for what can be printed, "byte 0x0a" for the rest. */
static const char *show_char(char c, char ret_text[16])
{
	unsigned char byte = (unsigned char)c;

	if (byte >= 0x20 && byte < 0x7f)
		snprintf(ret_text, 16, "'%c'", byte);
	else
		snprintf(ret_text, 16, "byte 0x%02x", byte);
	return ret_text;
}

static int check_length(const char *what, const char *text, size_t max, struct err *err)
{
	size_t length;

	if (!text)
		return err_set(err, ERR_INVALID, "%s is missing", what);
	length = strlen(text);
	if (length == 0)
		return err_set(err, ERR_INVALID, "%s is empty", what);
	if (length > max)
		return err_set(err, ERR_TOO_LARGE, "%s has %zu characters, at most %zu are allowed", what, length, max);
	return 0;
}

int token_check(const char *token, struct err *err)
{
	char shown[16];
	size_t length;
	int rc = check_length("token", token, TOKEN_MAX, err);

	if (rc < 0)
		return rc;
	length = base64url_span(token);
	if (token[length])
		return err_set(err, ERR_INVALID, "token: character %zu is %s, only " BASE64URL " are allowed", length + 1,
		               show_char(token[length], shown));
	return 0;
}

static int check_parts(const char *key_authorization, size_t token_length, struct err *err)
{
	const char *thumbprint = key_authorization + token_length + 1;
	size_t length;

	if (token_length == 0)
		return err_set(err, ERR_INVALID, "key authorization: nothing stands before the dot, expected token.thumbprint");
	length = base64url_span(thumbprint);
	if (thumbprint[length])
		return err_set(err, ERR_INVALID, "key authorization: character %zu is not one of " BASE64URL,
		               token_length + length + 2);
	if (length == 0)
		return err_set(err, ERR_INVALID, "key authorization: nothing stands behind the dot, expected token.thumbprint");
	return 0;
}

/* `token` may be NULL: then only the form is checked (dns-01 needs no token of its own). */
int key_authorization_check(const char *key_authorization, const char *token, struct err *err)
{
	size_t token_length;
	int rc = check_length("key authorization", key_authorization, KEY_AUTHORIZATION_MAX, err);

	if (rc < 0)
		return rc;
	token_length = base64url_span(key_authorization);
	if (!key_authorization[token_length])
		return err_set(err, ERR_INVALID, "key authorization has no dot, expected token.thumbprint");
	if (key_authorization[token_length] != '.')
		return err_set(err, ERR_INVALID, "key authorization: character %zu is not one of " BASE64URL, token_length + 1);
	rc = check_parts(key_authorization, token_length, err);
	if (rc < 0)
		return rc;
	if (token && (strlen(token) != token_length || strncmp(token, key_authorization, token_length) != 0))
		return err_set(err, ERR_INVALID, "key authorization does not begin with the token and a dot");
	return 0;
}

int value_check(const char *value, struct err *err)
{
	char shown[16];
	int rc = check_length("value", value, VALUE_MAX, err);

	if (rc < 0)
		return rc;
	for (size_t i = 0; value[i]; i++)
		if (value[i] < 0x20 || value[i] > 0x7e)
			return err_set(err, ERR_INVALID, "value: character %zu is %s, only printable ASCII is allowed", i + 1,
			               show_char(value[i], shown));
	return 0;
}

static bool is_url(const char *uri)
{
	static const char *const schemes[] = { "https://", "http://" };

	for (size_t i = 0; i < 2; i++)
		if (strncmp(uri, schemes[i], strlen(schemes[i])) == 0)
			return uri[strlen(schemes[i])] && uri[strlen(schemes[i])] != '/';
	return false;
}

int account_uri_check(enum challenge_type type, const char *uri, struct err *err)
{
	bool acme = type == CHALLENGE_DNS_ACCOUNT01 || type == CHALLENGE_DNS_PERSIST01;

	if (strlen(uri) > ACCOUNT_URI_MAX)
		return err_set(err, ERR_TOO_LARGE, "account_uri is longer than %d characters", ACCOUNT_URI_MAX);
	if (!is_url(uri) && (acme || strncmp(uri, "acct:", 5) != 0))
		return err_set(err, ERR_INVALID, "account_uri must be the URL of the account at the authority, as the authority gave it "
		               "(https://…)");
	for (const char *at = uri; *at; at++)
		if (*at <= 0x20 || *at > 0x7e || *at == ';' || *at == '"' || *at == '\\')
			return err_set(err, ERR_INVALID, "account_uri: character %zu is not allowed in a URL", (size_t)(at - uri) + 1);
	return 0;
}
