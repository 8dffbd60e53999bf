/* What no authority can have asked for, with the slip that is likely behind it. No sentence shows what came in: it may still be
 * good for somebody. */
#include <string.h>

#include "solver/challenge/challenge.h"

#define DIGEST_TEXT 43 /* SHA-256 in base64url without padding */
#define TOKEN_LEAST 22 /* 128 bits in base64url (RFC 8555 section 8.3) */
#define HEX_TEXT 64
#define DIGITS "0123456789"
#define LETTERS "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
#define BASE64URL LETTERS DIGITS "-_"
#define QUOTES_AND_SPACE "\"'` \t\r\n"

static bool is_only(const char *text, const char *alphabet)
{
	return text[strspn(text, alphabet)] == '\0';
}

static bool is_wrapped(const char *text)
{
	return strchr(QUOTES_AND_SPACE, text[0]) || strchr(QUOTES_AND_SPACE, text[strlen(text) - 1]);
}

/* "token.thumbprint", whatever their lengths. */
static bool looks_like_key_authorization(const char *text)
{
	size_t token = strspn(text, BASE64URL);

	return token && text[token] == '.' && text[token + 1] && is_only(text + token + 1, BASE64URL);
}

/* What it is instead, and what to do; NULL when nothing comes to mind. */
static const char *slip_of(const char *value)
{
	if (is_wrapped(value))
		return "quotes or spaces stand around it; leave them out, they are no part of the value";
	if (strlen(value) == HEX_TEXT && is_only(value, DIGITS "abcdefABCDEF"))
		return "this is a digest in hexadecimal; write its 32 bytes in base64url";
	if (value[strlen(value) - 1] == '=')
		return "base64 padding stands at its end; leave out \"=\"";
	if (is_only(value, BASE64URL))
		return NULL;
	return is_only(value, BASE64URL "+/") ? "this is base64; write \"-\" for \"+\" and \"_\" for \"/\""
	                                      : "it holds a character that is not of base64url (A-Z, a-z, 0-9, \"-\", \"_\")";
}

static int refuse_key_authorization(const char *instead, struct err *err)
{
	if (instead)
		return err_set(err, ERR_INVALID, "value: no authority asks for it: this is a key authorization (token.thumbprint); pass it as %s, and the "
		               "value is computed from it", instead);
	return err_set(err, ERR_INVALID, "value: no authority asks for it: this is a key authorization (token.thumbprint); pass its digest "
	               "(SHA-256, in base64url without padding)");
}

static int check_value(const char *value, const char *instead, struct err *err)
{
	const char *slip;
	int rc = value_check(value, err);

	if (rc < 0)
		return rc;
	if (strlen(value) == DIGEST_TEXT && is_only(value, BASE64URL))
		return 0;
	if (!is_wrapped(value) && looks_like_key_authorization(value))
		return refuse_key_authorization(instead, err);
	slip = slip_of(value);
	if (slip)
		return err_set(err, ERR_INVALID, "value: no authority asks for it: %s", slip);
	return err_set(err, ERR_INVALID, "value: no authority asks for it: it has %zu characters, where the digest of a key authorization has "
	               "%d; pass what the ACME client computed%s%s",
	               strlen(value), DIGEST_TEXT, instead ? ", or pass the key authorization as " : "", instead ? instead : "");
}

static int check_token_length(const char *what, size_t length, struct err *err)
{
	if (length >= TOKEN_LEAST)
		return 0;
	return err_set(err, ERR_INVALID, "%s: no authority gives a token of %zu characters: 128 bits are %d at least; pass it as it came, in full",
	               what, length, TOKEN_LEAST);
}

static int check_token(const char *token, struct err *err)
{
	int rc = token_check(token, err);

	return rc < 0 ? rc : check_token_length("token", strlen(token), err);
}

static int check_key_authorization(const char *key_authorization, const char *token, struct err *err)
{
	int rc = key_authorization_check(key_authorization, token, err);
	const char *dot = rc < 0 ? NULL : strchr(key_authorization, '.');

	if (rc == 0)
		rc = check_token_length("key authorization", (size_t)(dot - key_authorization), err);
	if (rc < 0 || strlen(dot + 1) == DIGEST_TEXT)
		return rc;
	return err_set(err, ERR_INVALID, "key authorization: %zu characters stand behind the dot, where the thumbprint of an account key has %d; "
	               "pass it in full", strlen(dot + 1), DIGEST_TEXT);
}

int wanted_check(enum challenge_type type, const char *token, const char *key_authorization, const char *value, const char *instead, struct err *err)
{
	bool digest = type == CHALLENGE_DNS01 || type == CHALLENGE_DNS_ACCOUNT01;
	int rc = token ? check_token(token, err) : 0;

	if (rc == 0 && key_authorization)
		rc = check_key_authorization(key_authorization, token, err);
	if (rc == 0 && digest && value)
		rc = check_value(value, instead, err);
	return rc;
}
