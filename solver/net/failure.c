#include "solver/net/failure.h"

#include <errno.h>
#include <stddef.h>

#include "solver/net/interface.h"

const char *http_failure_name(enum http_failure failure)
{
	static const char *const names[] = {
		NULL, "connect-timeout", "connect-refused", "connect-unreachable", "timeout", "reset", "closed", "garbage", "http2",
		"tls", "tls-not-tls", "short", "bad-head", "bad-body", "local",
	};

	return names[failure];
}

enum http_failure http_dial_failure(int number)
{
	if (number == ECONNREFUSED || number == ECONNRESET)
		return HTTP_CONNECT_REFUSED;
	if (number == ETIMEDOUT)
		return HTTP_CONNECT_TIMEOUT;
	return number == 0 || interface_is_short(number) ? HTTP_LOCAL : HTTP_CONNECT_UNREACHABLE;
}
