#include "solver/verdict/network/failure.h"

#include <stdio.h>
#include <string.h>

#include "solver/base/mem.h"

#define NOT_UNDERSTOOD "Error getting validation data"

static const struct failure {
	const char *name, *code;
	enum problem_type problem;
	const char *text;
} failures[] = {
	{ "connect-timeout", "connect-timeout", PROBLEM_CONNECTION, "Timeout during connect (likely firewall problem)" },
	{ "connect-refused", "connect-refused", PROBLEM_CONNECTION, "Connection refused" },
	{ "connect-unreachable", "connect-unreachable", PROBLEM_CONNECTION, "no route to host" },
	{ "timeout", "no-answer", PROBLEM_CONNECTION, "Timeout after connect (your server may be slow or overloaded)" },
	{ "reset", "connection-reset", PROBLEM_CONNECTION, "Connection reset by peer" },
	{ "closed", "connection-closed", PROBLEM_CONNECTION, NOT_UNDERSTOOD },
	{ "garbage", "no-http", PROBLEM_CONNECTION, NOT_UNDERSTOOD },
	{ "http2", "http2", PROBLEM_CONNECTION, "Server is speaking HTTP/2 over HTTP" },
	{ "tls-not-tls", "plain-http-on-443", PROBLEM_MALFORMED, "Server only speaks HTTP, not TLS" },
	{ "bad-head", "bad-head", PROBLEM_CONNECTION, NOT_UNDERSTOOD },
	{ "short", "body-short", PROBLEM_UNAUTHORIZED, "unexpected EOF" },
};

static void set(struct failure_words *ret, const char *code, enum problem_type problem, const char *lead, const char *text)
{
	ret->code = code;
	ret->problem = problem;
	snprintf(ret->text, sizeof(ret->text), "%s%.200s", lead, text);
}

/* Reports an alert of the server as an alert, in Go's words; an error of the client itself is reported differently. */
static void describe_tls(const char *why, struct failure_words *ret)
{
	const char *alert = strstr(why, "alert ");
	static const struct { const char *in, *alert; } alerts[] = {
		{ "alert protocol version", "protocol version not supported" }, { "unrecognized name", "unrecognized name" },
		{ "no application protocol", "no application protocol" },
	};

	why = alert ? alert + strlen("alert ") : why;
	for (size_t i = 0; i < ARRAY_LEN(alerts); i++)
		if (strstr(alert ? alert : why, alerts[i].in))
			alert = why = alerts[i].alert;
	if (alert)
		set(ret, strstr(why, "protocol version") ? "tls-old" : strstr(why, "handshake failure") ? "tls-cipher" : "tls-failed", PROBLEM_TLS, "remote error: tls: ", why);
	else
		set(ret, strstr(why, "unsupported protocol") || strstr(why, "wrong version") ? "tls-old" : "tls-failed", PROBLEM_CONNECTION, "",
		    NOT_UNDERSTOOD);
}

void failure_describe(const char *failure, const char *why, struct failure_words *ret)
{
	for (size_t i = 0; i < ARRAY_LEN(failures); i++) {
		if (strcmp(failures[i].name, failure) == 0) {
			set(ret, failures[i].code, failures[i].problem, "", failures[i].text);
			return;
		}
	}
	if (strcmp(failure, "tls") == 0)
		describe_tls(why ? why : "handshake failure", ret);
	else
		set(ret, "no-http", PROBLEM_CONNECTION, "", NOT_UNDERSTOOD);
}
