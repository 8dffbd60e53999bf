#include "solver/base/err.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

static const struct {
	int code;
	const char *name;
	bool transient;
} codes[] = {
	{ ERR_INVALID, "invalid", false },
	{ ERR_NOT_FOUND, "not-found", false },
	{ ERR_EXISTS, "exists", false },
	{ ERR_DENIED, "denied", false },
	{ ERR_TOO_LARGE, "too-large", false },
	{ ERR_CONFLICT, "conflict", true },
	{ ERR_RATE, "rate-limited", true },
	{ ERR_TIMEOUT, "timeout", true },
	{ ERR_UNREACHABLE, "unreachable", true },
	{ ERR_PROTOCOL, "protocol", true },
	{ ERR_BUSY, "busy", true },
	{ ERR_IO, "io", true },
	{ ERR_UNSUPPORTED, "unsupported", false },
	{ ERR_CANCELLED, "cancelled", false },
	{ ERR_DAMAGED, "damaged", false },
};

int err_set(struct err *err, int code, const char *format, ...)
{
	va_list args;

	if (!err)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	return code;
}

int err_in(struct err *err, const char *format, ...)
{
	char old[ERR_TEXT_MAX];
	size_t used;
	va_list args;

	memcpy(old, err->text, sizeof(old));
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", old);
	return err->code;
}

int err_errno(struct err *err, const char *format, ...)
{
	int number = errno;
	size_t used;
	va_list args;
	int code = ERR_IO;

	if (number == ENOENT)
		code = ERR_NOT_FOUND;
	else if (number == EACCES || number == EPERM)
		code = ERR_DENIED;
	if (!err)
		return code;
	err->code = code;
	va_start(args, format);
	vsnprintf(err->text, sizeof(err->text), format, args);
	va_end(args);
	used = strlen(err->text);
	snprintf(err->text + used, sizeof(err->text) - used, ": %s", strerror(number));
	return code;
}

bool err_is_transient(int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].transient;
	return false;
}

const char *err_name(int code)
{
	for (size_t i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		if (codes[i].code == code)
			return codes[i].name;
	return "ok";
}
